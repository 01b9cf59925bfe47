"""Who gets answers, and how those who don't are told: the rules, then the real app."""

import pytest
from slack_sdk.errors import SlackClientError

from bot.settings import BotSettings, parse_ids
from bot.slack.client import people
from bot.slack.client.people import People
from bot.slack.client.user_list import UserList
from bot.slack.inbox.access import REFUSE_AGAIN_SECONDS, AccessPolicy, Workspace
from bot.texts import answers
from bot.types import Asker
from tests.bot.conftest import Docent
from tests.bot.fakes import TEXT
from tests.bot.scenarios.asking.test_asking import settled
from tests.servers.slack.store import ALICE, BOB, GENERAL, PRIVATE, TEAM, Message

GUEST = Asker(user="U0GUEST", user_team="T0OTHER", channel=GENERAL, team=TEAM)
MEMBER = Asker(user=ALICE, user_team=TEAM, channel=GENERAL, team=TEAM)


class Slack:
    """A client that knows some people, and refuses to speak of others."""

    def __init__(self, **people: dict) -> None:
        self.people = {ALICE: {}, BOB: {}, "U0GUEST": {"team_id": "T0OTHER"}} | people

    async def users_info(self, *, user: str, include_locale: bool) -> dict:
        del include_locale
        if user not in self.people:
            raise SlackClientError("user_not_found")
        return {"user": {"id": user, "team_id": TEAM} | self.people[user]}


def access(slack: Slack | None = None, *, enterprise: str = "", **settings: object) -> AccessPolicy:
    loaded = BotSettings.load(**settings)
    allowed = UserList(loaded.allowed_users, None, variable="DOCENT_ALLOWED_USERS")
    people = People(slack or Slack())
    workspace = Workspace(TEAM, enterprise)
    return AccessPolicy(loaded, allowed, people, workspace, clock=lambda: NOW[0])


NOW = [0.0]


@pytest.mark.parametrize(
    ("settings", "asker", "refusal"),
    [
        ({}, MEMBER, None),
        ({}, GUEST, answers.NOT_FOR_GUESTS),
        ({"allow_external": True}, GUEST, None),
        ({"allowed_users": f"{BOB}, {ALICE}"}, MEMBER, None),
        ({"allowed_users": BOB}, MEMBER, answers.NOT_FOR_YOU),
        ({"allowed_users": "U0GUEST"}, GUEST, None),
        ({"allowed_users": BOB, "allow_external": True}, GUEST, answers.NOT_FOR_YOU),
        ({"allowed_channels": f"{PRIVATE} {GENERAL}"}, MEMBER, None),
        ({"allowed_channels": PRIVATE}, MEMBER, answers.NOT_IN_THIS_CHANNEL),
        ({"allowed_channels": PRIVATE}, Asker(ALICE, TEAM, "D0ALICE", TEAM), None),
    ],
)
async def test_who_is_answered_where(settings: dict, asker: Asker, refusal: str | None):
    assert await access(**settings).find_refusal(asker) == refusal


def test_in_a_channel_somebody_is_told_once_a_day():
    NOW[0] = 0.0
    rules = access()
    assert rules.should_post_refusal(GUEST)
    assert not rules.should_post_refusal(GUEST)
    assert rules.should_post_refusal(MEMBER)
    NOW[0] = REFUSE_AGAIN_SECONDS
    assert rules.should_post_refusal(GUEST)


def test_in_a_direct_message_they_are_always_told():
    direct = Asker(ALICE, TEAM, "D0ALICE", TEAM)
    rules = access()
    assert rules.should_post_refusal(direct)
    assert rules.should_post_refusal(direct)


def test_ids_are_separated_as_people_separate_them():
    assert parse_ids(" C1,C2\nC3 ,, ") == {"C1", "C2", "C3"}
    assert parse_ids("") == frozenset()


def told(docent: Docent, user: str, sentence: str) -> list[Message]:
    return [
        m for m in docent.slack.store.all.values() if m.visible_to == user and sentence in m.text
    ]


async def test_who_may_not_ask_is_told_alone_and_once(docent: Docent):
    await docent.start(allowed_users=BOB)
    await docent.slack.mention("how is data stored?")
    await docent.slack.wait_for(lambda: told(docent, ALICE, answers.NOT_FOR_YOU))
    await docent.slack.mention("please, how is data stored?")
    question = await docent.slack.mention("and for me?", user=BOB)
    await docent.slack.wait_for_reply(question, containing=TEXT)
    await settled(docent)
    assert len(told(docent, ALICE, answers.NOT_FOR_YOU)) == 1
    assert [asked.text for asked in docent.pipeline.questions] == ["and for me?"]


async def test_members_of_a_user_group_may_ask(docent: Docent):
    docent.slack.store.usergroups["S0DOCS"] = {BOB}
    await docent.start(allowed_users="S0DOCS")
    question = await docent.slack.mention("how is data stored?", user=BOB)
    await docent.slack.wait_for_reply(question, containing=TEXT)
    refused = await docent.slack.dm("how is data stored?", user=ALICE)
    await docent.slack.wait_for_reply(refused, containing=answers.NOT_FOR_YOU)


async def test_a_channel_that_is_not_allowed_is_sent_to_direct_messages(docent: Docent):
    await docent.start(allowed_channels=PRIVATE)
    await docent.slack.mention("how is data stored?")
    await docent.slack.wait_for(lambda: told(docent, ALICE, answers.NOT_IN_THIS_CHANNEL))
    for question in (
        await docent.slack.mention("how?", channel=PRIVATE),
        await docent.slack.dm("how?"),
    ):
        await docent.slack.wait_for_reply(question, containing=TEXT)


async def guest_asks(docent: Docent) -> Message:
    """Somebody of another workspace mentions docent in a shared channel."""
    docent.slack.store.teams[BOB] = "T0OTHER"
    said = docent.slack.said("<@U0DOCENT> how is data stored?", user=BOB)
    await docent.slack.event(
        {
            **said.as_json(),
            "type": "app_mention",
            "channel": GENERAL,
            "event_ts": said.ts,
            "team": "T0OTHER",
            "user_team": "T0OTHER",
        }
    )
    return said


async def test_people_of_other_workspaces_are_refused_unless_allowed(docent: Docent):
    async with docent.running():
        await docent.slack.wait_connected()
        await guest_asks(docent)
        await docent.slack.wait_for(lambda: told(docent, BOB, answers.NOT_FOR_GUESTS))
    await docent.start(allow_external=True)
    question = await guest_asks(docent)
    await docent.slack.wait_for_reply(question, containing=TEXT)


async def test_people_of_the_same_enterprise_are_no_guests(docent: Docent):
    docent.slack.store.enterprise = docent.slack.store.enterprises[BOB] = "E0GRID"
    await docent.start()
    for _ in range(2):
        question = await guest_asks(docent)
        await docent.slack.wait_for_reply(question, containing=TEXT)
    assert len(docent.slack.calls("users.info")) == 1


@pytest.mark.parametrize("enterprise", ["", "E0OTHER"])
async def test_people_of_another_enterprise_are_guests(docent: Docent, enterprise: str):
    docent.slack.store.enterprise = "E0GRID"
    docent.slack.store.enterprises[BOB] = enterprise
    await docent.start()
    await guest_asks(docent)
    await docent.slack.wait_for(lambda: told(docent, BOB, answers.NOT_FOR_GUESTS))
    assert docent.pipeline.questions == []


async def test_somebody_whom_slack_can_not_look_up_is_a_guest(
    docent: Docent, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(people, "RETRY_SECONDS", 0.0)
    docent.slack.store.enterprise = docent.slack.store.enterprises[BOB] = "E0GRID"
    async with docent.running():
        await docent.slack.wait_connected()
        docent.slack.fail_for(methods={"users.info"})
        await guest_asks(docent)
        await docent.slack.wait_for(lambda: told(docent, BOB, answers.NOT_FOR_GUESTS))
        docent.slack.recover()
        question = await guest_asks(docent)
        await docent.slack.wait_for_reply(question, containing=TEXT)


async def test_nobody_is_refused_who_has_not_called(docent: Docent):
    await docent.start(allowed_users=BOB, auto_channels=GENERAL)
    await docent.slack.message("how is data stored?")
    question = await docent.slack.message("and how is it deleted?", user=BOB)
    await docent.slack.wait_for_reply(question, containing=TEXT)
    assert told(docent, ALICE, "") == []
