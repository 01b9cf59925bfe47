"""Who may manage."""

import pytest

from bot.slack.client.user_list import CACHE_SECONDS, RETRY_SECONDS, UserList
from tests.servers.slack.store import ALICE, BOB


class Group:
    """A client that knows one user group."""

    def __init__(self) -> None:
        self.members: list[str] | None = [BOB]

    async def usergroups_users_list(self, *, usergroup: str):
        del usergroup
        if self.members is None:
            raise TimeoutError
        return {"users": list(self.members)}


async def test_members_are_asked_for_again_after_a_minute():
    now, group = [0.0], Group()
    admins = UserList("S0DOCS", group, clock=lambda: now[0])
    assert await admins.has_user(BOB)
    group.members = [ALICE]
    assert await admins.has_user(BOB)
    now[0] += CACHE_SECONDS
    assert not await admins.has_user(BOB)
    assert await admins.has_user(ALICE)


@pytest.mark.parametrize("setting", [f"{ALICE} {BOB}", f"{ALICE},{BOB}", f" {ALICE},\n{BOB} "])
async def test_ids_are_separated_by_spaces_or_commas(setting: str):
    admins = UserList(setting, Group())
    assert await admins.has_user(ALICE)
    assert await admins.has_user(BOB)
    assert not await admins.has_user("")


async def test_nobody_is_an_admin_by_default():
    assert not await UserList("", Group()).has_user(ALICE)


async def test_a_group_that_can_not_be_read_keeps_its_members():
    now, group = [0.0], Group()
    admins = UserList("S0DOCS", group, clock=lambda: now[0])
    assert await admins.has_user(BOB)
    now[0] += CACHE_SECONDS
    group.members = None
    assert await admins.has_user(BOB)
    group.members = [ALICE]
    now[0] += RETRY_SECONDS
    assert await admins.has_user(ALICE)
    assert not await admins.has_user(BOB)
