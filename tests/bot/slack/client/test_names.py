"""Names of people, channels and groups, looked up within limits."""

import asyncio
from types import SimpleNamespace
from typing import Any

from slack_sdk.errors import SlackApiError

from bot.slack.client import names
from bot.slack.client.names import MAX_LOOKUPS, Names


class Slack:
    """Slack's clients, with people but no channels."""

    def __init__(self) -> None:
        self.now = 0.0
        self.looked_up: list[str] = []
        self.held: asyncio.Event | None = None
        self.quick = self
        self.clock = lambda: self.now

    async def users_info(self, *, user: str) -> dict[str, Any]:
        self.looked_up.append(user)
        if self.held:
            await self.held.wait()
        return {"user": {"name": user.lower(), "profile": {"display_name": f"Ms {user}"}}}

    async def conversations_info(self, *, channel: str) -> dict[str, Any]:
        self.looked_up.append(channel)
        raise SlackApiError("no", SimpleNamespace(data={"error": "ratelimited"}, status_code=429))

    async def usergroups_list(self) -> dict[str, Any]:
        self.looked_up.append("groups")
        return {"usergroups": [{"id": "S1", "handle": "ops"}, {"id": "S2", "handle": "dev"}]}


async def test_names_are_looked_up_once_an_hour():
    slack = Slack()
    known = Names(slack)
    assert await known.resolve("<@U1> and <@U1>", "<@U2>") == ("@Ms U1 and @Ms U1", "@Ms U2")
    await known.resolve("<@U1>")
    assert slack.looked_up == ["U1", "U2"]
    slack.now += names.CACHE_SECONDS
    await known.resolve("<@U1>")
    assert slack.looked_up == ["U1", "U2", "U1"]


async def test_one_look_gives_the_names_of_all_groups():
    slack = Slack()
    known = Names(slack)
    assert await known.resolve("<!subteam^S1>") == ("@ops",)
    assert await known.resolve("<!subteam^S2>, <!subteam^S9>") == ("@dev, @subteam",)
    assert slack.looked_up == ["groups", "groups"]


async def test_a_name_that_slack_does_not_tell_stays_an_id_for_a_while():
    slack = Slack()
    known = Names(slack)
    for _ in range(2):
        assert await known.resolve("in <#C1>") == ("in #C1",)
    assert slack.looked_up == ["C1"]
    slack.now += names.RETRY_SECONDS
    await known.resolve("<#C1>")
    assert slack.looked_up == ["C1", "C1"]


async def test_a_question_looks_up_only_so_many_names():
    slack = Slack()
    text = " ".join(f"<@U{number}>" for number in range(50))
    (resolved,) = await Names(slack).resolve(text)
    assert len(slack.looked_up) == MAX_LOOKUPS
    assert resolved.endswith("@U49")


async def test_a_slow_lookup_is_not_waited_for_and_serves_the_next_question(monkeypatch):
    monkeypatch.setattr(names, "WAIT_SECONDS", 0)
    slack = Slack()
    slack.held = asyncio.Event()
    known = Names(slack)
    assert await known.resolve("<@U1>") == ("@U1",)
    slack.held.set()
    await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}))
    assert await known.resolve("<@U1>") == ("@Ms U1",)


async def test_a_text_without_ids_needs_no_lookup():
    slack = Slack()
    assert await Names(slack).resolve("a <b> @U1 #C1", "") == ("a <b> @U1 #C1", "")
    assert slack.looked_up == []
