"""Who gets answers, and how those who don't are told: the rules, then the real app."""

from types import SimpleNamespace

import pytest
from slack_sdk.errors import SlackApiError

from bot.settings import BotSettings, parse_ids
from bot.slack.client import locale, people
from bot.slack.client.people import People
from bot.slack.client.user_list import UserList
from bot.slack.inbox import responder
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
        self.error = "internal_error"
        self.people = {ALICE: {}, BOB: {}, "U0GUEST": {"team_id": "T0OTHER"}} | people

    async def users_info(self, *, user: str, include_locale: bool) -> dict:
        del include_locale
        if user not in self.people:
            raise SlackApiError("users.info", SimpleNamespace(data={"error": self.error}))
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
    assert rules.should_post_refusal(GUEST, answers.NOT_FOR_GUESTS)
    assert not rules.should_post_refusal(GUEST, answers.NOT_FOR_GUESTS)
    assert rules.should_post_refusal(MEMBER, answers.NOT_FOR_GUESTS)
    NOW[0] = REFUSE_AGAIN_SECONDS
    assert rules.should_post_refusal(GUEST, answers.NOT_FOR_GUESTS)


def test_in_a_direct_message_they_are_always_told():
    direct = Asker(ALICE, TEAM, "D0ALICE", TEAM)
    rules = access()
    assert rules.should_post_refusal(direct, answers.NOT_FOR_GUESTS)
    assert rules.should_post_refusal(direct, answers.NOT_FOR_GUESTS)


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


@pytest.mark.parametrize(
    ("settings", "team", "enterprise", "refusal"),
    [
        ({}, TEAM, "", answers.NOT_LOOKED_UP),
        ({}, "", "", answers.NOT_LOOKED_UP),
        ({}, "T0OTHER", "", answers.NOT_FOR_GUESTS),
        ({}, "T0OTHER", "E0GRID", answers.NOT_LOOKED_UP),
        ({"allow_external": True}, TEAM, "", None),
        ({"allow_external": True}, "T0OTHER", "", None),
        ({"allowed_users": "U0NEW"}, TEAM, "", None),
        ({"allowed_users": "U0NEW"}, "", "", answers.NOT_LOOKED_UP),
        ({"allowed_users": "U0NEW"}, "T0OTHER", "", answers.NOT_FOR_YOU),
        ({"allowed_users": BOB}, TEAM, "", answers.NOT_FOR_YOU),
    ],
)
async def test_who_can_not_be_looked_up_is_judged_by_what_is_known(
    settings: dict, team: str, enterprise: str, refusal: str | None
):
    rules = access(enterprise=enterprise, **settings)
    assert await rules.find_refusal(Asker("U0NEW", team, GENERAL, TEAM)) == refusal
    assert (await rules.list_readable([("U0NEW", team)]) == {("U0NEW", team)}) is (refusal is None)


async def test_without_the_scope_the_team_of_an_asker_is_believed():
    slack = Slack()
    slack.error = "missing_scope"
    rules = access(slack)
    assert await rules.find_refusal(Asker("U0NEW", TEAM, GENERAL, TEAM)) is None
    assert await rules.list_readable([("U0OTHER", TEAM), ("U0NEW", TEAM)]) == {("U0NEW", TEAM)}
    assert await rules.find_refusal_for_user("U0NEW") == answers.NOT_LOOKED_UP
    stranger = Asker("U0NEW", "T0OTHER", GENERAL, TEAM)
    assert await rules.find_refusal(stranger) == answers.NOT_FOR_GUESTS


@pytest.mark.parametrize(
    "profile",
    [
        {"team": TEAM, "is_restricted": True, "is_ultra_restricted": False},
        {"team": TEAM, "is_restricted": False, "is_ultra_restricted": True},
        {"team": TEAM, "is_restricted": True},
        {"is_restricted": True},
    ],
)
async def test_without_the_scope_a_message_that_names_a_guest_refuses(profile: dict):
    slack = Slack()
    slack.error = "missing_scope"
    rules = access(slack)
    rules.learn_author({"user": "U0NEW", "team": TEAM, "user_profile": profile})
    asker = Asker("U0NEW", TEAM, GENERAL, TEAM)
    assert await rules.find_refusal(asker) == answers.NOT_FOR_GUESTS


async def test_a_missing_scope_is_one_warning(caplog: pytest.LogCaptureFixture):
    slack = Slack()
    slack.error = "missing_scope"
    rules = access(slack)
    for user in ("U0NEW", "U0OTHER"):
        await rules.find_refusal(Asker(user, TEAM, GENERAL, TEAM))
    assert caplog.text.count("can't tell guests from members") == 1


async def test_who_opens_docent_and_can_not_be_looked_up_is_told_so():
    assert await access().find_refusal_for_user("U0NEW") == answers.NOT_LOOKED_UP


PROFILE = {"team": TEAM, "is_restricted": False, "is_ultra_restricted": False}


@pytest.mark.parametrize(
    ("profile", "refusal"),
    [
        (PROFILE, None),
        (PROFILE | {"is_restricted": True}, answers.NOT_FOR_GUESTS),
        (PROFILE | {"is_ultra_restricted": True}, answers.NOT_FOR_GUESTS),
        (PROFILE | {"team": "T0OTHER"}, answers.NOT_LOOKED_UP),
        (PROFILE | {"is_restricted": "no"}, answers.NOT_LOOKED_UP),
        ({"team": TEAM}, answers.NOT_LOOKED_UP),
        ("member", answers.NOT_LOOKED_UP),
        (None, answers.NOT_LOOKED_UP),
    ],
)
async def test_a_message_says_whether_its_author_is_a_guest(profile: object, refusal: str | None):
    rules = access()
    rules.learn_author({"user": "U0NEW", "user_profile": profile})
    assert await rules.find_refusal(Asker("U0NEW", TEAM, GENERAL, TEAM)) == refusal
    readable = await rules.list_readable([("U0NEW", TEAM)])
    assert bool(readable) is (refusal is None)


async def test_a_lookup_counts_for_more_than_a_message():
    rules = access(Slack(**{BOB: {"is_restricted": True}}))
    rules.learn_author({"user": BOB, "user_profile": PROFILE})
    assert await rules.find_refusal(Asker(BOB, TEAM, GENERAL, TEAM)) == answers.NOT_FOR_GUESTS


async def test_hours_without_lookups_change_nothing_for_who_is_known():
    slack, now = Slack(**{BOB: {"is_restricted": True}}), [0.0]
    loaded = BotSettings.load()
    allowed = UserList("", None, variable="DOCENT_ALLOWED_USERS")
    known = People(slack, clock=lambda: now[0])
    rules = AccessPolicy(loaded, allowed, known, Workspace(TEAM))
    guest = Asker(BOB, TEAM, GENERAL, TEAM)
    for hour in range(4):
        now[0] = hour * 3600.0
        assert await rules.find_refusal(MEMBER) is None
        assert await rules.find_refusal(guest) == answers.NOT_FOR_GUESTS
        assert await rules.list_readable([(ALICE, TEAM), (BOB, TEAM)]) == {(ALICE, TEAM)}
        slack.people.clear()


@pytest.mark.parametrize("code", ["user_not_found", "user_not_visible", "an_unknown_code"])
@pytest.mark.parametrize("settings", [{}, {"allowed_users": ALICE}])
async def test_a_member_whom_slack_does_not_know_any_more_is_refused(code: str, settings: dict):
    slack, now = Slack(), [0.0]
    rules = access(slack, **settings)
    rules._people._clock = lambda: now[0]
    rules.learn_author({"user": ALICE, "user_profile": PROFILE})
    assert await rules.find_refusal(MEMBER) is None
    slack.error, now[0] = code, 30 * 24 * 3600.0
    slack.people.clear()
    assert await rules.find_refusal(MEMBER) in {answers.NOT_FOR_GUESTS, answers.NOT_FOR_YOU}
    assert await rules.find_refusal_for_user(ALICE) is not None
    assert await rules.list_readable([(ALICE, TEAM), (ALICE, "")]) == frozenset()
    assert not await rules.is_member(ALICE, TEAM)
    slack.error, now[0] = "internal_error", now[0] + 3600  # the answer holds in an outage
    assert await rules.find_refusal(MEMBER) is not None


@pytest.mark.parametrize(
    "code",
    [
        *("invalid_auth", "token_revoked", "token_expired", "account_inactive", "not_authed"),
        *("internal_error", "fatal_error", "ratelimited", "request_timeout", "missing_scope"),
        *("team_access_not_granted", "service_unavailable"),
    ],
)
async def test_an_error_about_docent_or_slack_changes_nothing_for_a_member(code: str):
    slack, now = Slack(), [0.0]
    rules = access(slack)
    rules._people._clock = lambda: now[0]
    assert await rules.find_refusal(MEMBER) is None
    slack.error, now[0] = code, 30 * 24 * 3600.0
    slack.people.clear()
    assert await rules.find_refusal(MEMBER) is None


async def test_an_id_that_is_none_is_refused():
    for user in ("", "\ud800", "U 1", "U" * 200):
        assert await access().list_readable([(user, TEAM)]) == frozenset()
        assert await access().find_refusal_for_user(user) == answers.NOT_FOR_GUESTS


async def test_who_could_not_be_looked_up_hears_about_it_each_time():
    rules = access()
    for _ in range(2):
        assert rules.should_post_refusal(MEMBER, answers.NOT_LOOKED_UP)
    assert rules.should_post_refusal(MEMBER, answers.NOT_FOR_GUESTS)


async def test_a_member_who_can_not_be_looked_up_is_told_to_try_again(
    docent: Docent, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(people, "RETRY_SECONDS", 0.0)
    monkeypatch.setattr(responder, "OUTAGE_SECONDS", 0.0)
    await docent.start()
    docent.slack.fail_for(methods={"users.info"})
    for count in (1, 2):
        await docent.slack.mention("how is data stored?")
        await docent.slack.wait_for(
            lambda count=count: len(told(docent, ALICE, answers.NOT_LOOKED_UP)) == count
        )
    assert docent.pipeline.questions == []
    docent.slack.recover()
    question = await docent.slack.mention("how is data stored?")
    await docent.slack.wait_for_reply(question, containing=TEXT)


async def test_an_asker_is_looked_up_again_until_slack_is_back(
    docent: Docent, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(people, "RETRY_SECONDS", 0.0)
    monkeypatch.setattr(responder, "LOOK_AGAIN_SECONDS", 0.01)
    await docent.start()
    docent.slack.fail_for(methods={"users.info"})
    question = await docent.slack.mention("how is data stored?")
    await docent.slack.wait_for(lambda: len(docent.slack.calls("users.info")) > 5)
    docent.slack.recover()
    await docent.slack.wait_for_reply(question, containing=TEXT)
    assert told(docent, ALICE, answers.NOT_LOOKED_UP) == []


@pytest.mark.parametrize("is_guest", [False, True])
async def test_a_slow_lookup_makes_nobody_a_member(
    docent: Docent, monkeypatch: pytest.MonkeyPatch, is_guest: bool
):
    monkeypatch.setattr(responder, "ASKER_SECONDS", 0)
    if is_guest:
        docent.slack.store.guests.add(BOB)
    docent.slack.hold("users.info")
    monkeypatch.setattr(people, "WAIT_SECONDS", 0)
    monkeypatch.setattr(locale, "WAIT_SECONDS", 0)
    await docent.start()
    await docent.slack.mention("how is data stored?", user=BOB)
    await docent.slack.wait_for(lambda: told(docent, BOB, answers.NOT_LOOKED_UP))
    assert docent.pipeline.questions == []


async def asks_with_profile(docent: Docent, text: str, profile: dict, **where: str) -> Message:
    """Bob asks in a channel where Slack describes authors beside their messages."""
    said = docent.slack.said(f"<@U0DOCENT> {text}", user=BOB, **where)
    event = said.as_json() | {"type": "app_mention", "channel": GENERAL, "event_ts": said.ts}
    await docent.slack.event(event | {"team": TEAM, "user_team": TEAM, "user_profile": profile})
    return said


async def test_in_an_outage_a_member_is_answered_by_what_the_message_says(docent: Docent):
    docent.slack.fail_for(methods={"users.info"})
    root = docent.slack.said("the broker is slow", user=BOB)
    docent.slack.said("a word of Alice's", thread_ts=root.ts)
    await docent.start()
    question = await asks_with_profile(docent, "and then?", PROFILE, thread_ts=root.ts)
    await docent.slack.wait_for_reply(question, containing=TEXT)
    [asked] = docent.pipeline.questions
    assert "the broker is slow" in str(asked)
    assert "a word of Alice's" not in str(asked)


async def test_in_an_outage_a_guest_is_refused_by_what_the_message_says(docent: Docent):
    docent.slack.fail_for(methods={"users.info"})
    await docent.start()
    await asks_with_profile(docent, "how?", PROFILE | {"is_restricted": True})
    await docent.slack.wait_for(lambda: told(docent, BOB, answers.NOT_FOR_GUESTS))
    assert docent.pipeline.questions == []


async def test_a_named_asker_is_read_in_an_outage(docent: Docent):
    docent.slack.fail_for(methods={"users.info"})
    root = docent.slack.said("the broker is slow")
    docent.slack.said("a word of Bob's", user=BOB, thread_ts=root.ts)
    await docent.start(allowed_users=ALICE)
    question = await docent.slack.mention("and then?", thread_ts=root.ts)
    await docent.slack.wait_for_reply(question, containing=TEXT)
    [asked] = docent.pipeline.questions
    assert "the broker is slow" in str(asked)
    assert "a word of Bob's" not in str(asked)


async def test_somebody_of_the_enterprise_may_try_again(
    docent: Docent, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(people, "RETRY_SECONDS", 0.0)
    monkeypatch.setattr(responder, "OUTAGE_SECONDS", 0.0)
    docent.slack.store.enterprise = docent.slack.store.enterprises[BOB] = "E0GRID"
    async with docent.running():
        await docent.slack.wait_connected()
        docent.slack.fail_for(methods={"users.info"})
        await guest_asks(docent)
        await docent.slack.wait_for(lambda: told(docent, BOB, answers.NOT_LOOKED_UP))
        docent.slack.recover()
        question = await guest_asks(docent)
        await docent.slack.wait_for_reply(question, containing=TEXT)


async def test_nobody_is_refused_who_has_not_called(docent: Docent):
    await docent.start(allowed_users=BOB, auto_channels=GENERAL)
    await docent.slack.message("how is data stored?")
    question = await docent.slack.message("and how is it deleted?", user=BOB)
    await docent.slack.wait_for_reply(question, containing=TEXT)
    assert told(docent, ALICE, "") == []
