"""Which Slack events are answered, and how their text reads."""

from typing import Any

import pytest

from bot.slack.inbox.messages import (
    EDIT_SECONDS,
    ListenerConfig,
    parse_deletion,
    parse_edit,
    parse_event,
)
from bot.types import IncomingMessage, MessageKey

BOT = "U0DOCENT"
LISTENING = ListenerConfig(BOT, "T0DOCENT", auto_channels={"C0AUTO"})
MENTION = {
    "type": "app_mention",
    "user": "U0ALICE",
    "team": "T0DOCENT",
    "channel": "C0GENERAL",
    "ts": "1700000000.000100",
    "text": f"<@{BOT}> how is data stored?",
}
DIRECT = {**MENTION, "type": "message", "channel": "D0ALICE", "channel_type": "im", "text": "hi?"}


def parse(event: dict[str, Any]) -> IncomingMessage | None:
    return parse_event(event, LISTENING)


def test_a_mention_is_a_question_answered_in_its_thread():
    assert parse(MENTION) == IncomingMessage(
        kind="question",
        key=MessageKey("T0DOCENT", "C0GENERAL", "1700000000.000100"),
        thread_ts="1700000000.000100",
        user="U0ALICE",
        user_team="T0DOCENT",
        text="how is data stored?",
    )


def test_a_reply_goes_to_the_thread_the_question_is_in():
    message = parse({**MENTION, "thread_ts": "1600000000.000001"})
    assert message is not None
    assert message.thread_ts == "1600000000.000001"


def test_a_guest_from_another_workspace_keeps_their_team():
    message = parse({**MENTION, "user_team": "T0OTHER"})
    assert message is not None
    assert (message.user_team, message.key.team) == ("T0OTHER", "T0DOCENT")


@pytest.mark.parametrize("subtype", [None, "file_share", "thread_broadcast"])
def test_a_direct_message_is_a_question(subtype: str | None):
    message = parse({**DIRECT, "subtype": subtype})
    assert message is not None
    assert message.text == "hi?"


@pytest.mark.parametrize(
    "change",
    [
        {"bot_id": "B1"},
        {"bot_profile": {"id": "B1"}},
        {"user": BOT},
        {"user": "USLACKBOT"},
        {"user": None},
        {"subtype": "bot_message"},
        {"subtype": "message_changed", "hidden": True},
        {"subtype": "message_deleted"},
        {"subtype": "channel_join"},
        {"edited": {"user": "U0ALICE", "ts": "1700000001.000100"}},
    ],
)
def test_bots_edits_and_joins_are_not_answered(change: dict[str, Any]):
    assert parse({**MENTION, **change}) is None
    assert parse({**DIRECT, **change}) is None


@pytest.mark.parametrize("channel_type", ["channel", "group", "mpim"])
def test_a_mention_is_the_same_message_under_both_its_names(channel_type: str):
    assert parse({**MENTION, "type": "message", "channel_type": channel_type}) == parse(MENTION)


SAID = {**MENTION, "type": "message", "channel_type": "channel", "text": "and how is it indexed?"}


def test_people_talking_in_a_channel_are_left_alone():
    assert parse(SAID) is None


def test_a_message_in_a_thread_may_speak_to_docent():
    message = parse({**SAID, "thread_ts": "1600000000.000001"})
    assert message is not None
    assert message.audience == "thread"


def test_a_message_in_an_auto_channel_may_speak_to_docent():
    message = parse({**SAID, "channel": "C0AUTO"})
    assert message is not None
    assert message.audience == "channel"


@pytest.mark.parametrize("call", ["<@U0BOB>", "<@U0BOB|bob>", "<!here>", "<!subteam^S1|@ops>"])
def test_who_calls_somebody_else_does_not_speak_to_docent(call: str):
    text = f"{call} how is it indexed?"
    assert parse({**SAID, "text": text, "thread_ts": "1600000000.000001"}) is None
    assert parse({**SAID, "text": text, "channel": "C0AUTO"}) is None
    both = parse({**SAID, "text": f"<@{BOT}> {text}"})
    assert both is not None
    assert both.audience == "mention"


@pytest.mark.parametrize("call", ["hey <@U0BOB>", "thanks, <@U0BOB>!", "ok <!subteam^S1>"])
def test_a_greeting_before_the_call_changes_nothing(call: str):
    text = f"{call} can you look?"
    assert parse({**SAID, "text": text, "thread_ts": "1600000000.000001"}) is None


@pytest.mark.parametrize(
    "text",
    [
        "does <@U0BOB> need a token?",
        "how do I ping <!here>?",
        "what is <!subteam^S1|@ops> allowed?",
    ],
)
def test_a_question_about_somebody_else_may_be_docents(text: str):
    message = parse({**SAID, "text": text, "thread_ts": "1600000000.000001"})
    assert message is not None
    assert message.audience == "thread"
    assert message.mentions_others
    assert parse({**SAID, "text": text, "channel": "C0AUTO"}) is None


@pytest.mark.parametrize("text", ["?", "help", "help!"])
def test_a_call_for_help_in_a_thread_may_be_docents(text: str):
    message = parse({**SAID, "text": text, "thread_ts": "1600000000.000001"})
    assert message is not None
    assert (message.kind, message.audience) == ("hint", "thread")
    assert parse({**SAID, "text": text, "channel": "C0AUTO"}) is None


def test_a_message_without_words_in_a_thread_gets_no_hint():
    assert parse({**SAID, "text": "", "thread_ts": "1600000000.000001"}) is None


def edit(text: str, *, after: float = 5, **changes: Any) -> dict[str, Any]:
    edited = {"user": "U0ALICE", "ts": f"{1700000000.0001 + after:.6f}"}
    new = {**MENTION, "type": "message", "text": text, "edited": edited, **changes}
    return {
        "type": "message",
        "subtype": "message_changed",
        "channel": new.pop("channel"),
        "hidden": True,
        "message": new,
        "previous_message": {**new, "text": MENTION["text"]},
    }


def test_an_edit_is_the_same_message_with_another_text():
    message = parse_edit(edit(f"<@{BOT}> how is data deleted?"), LISTENING)
    assert message is not None
    assert message.key == MessageKey("T0DOCENT", "C0GENERAL", "1700000000.000100")
    assert (message.text, bool(message.edited_ts)) == ("how is data deleted?", True)


@pytest.mark.parametrize(
    "event",
    [
        edit(MENTION["text"]),
        edit("other", after=EDIT_SECONDS + 1),
        edit("other", user=BOT),
        edit("other", bot_id="B1"),
        edit(f"<@{BOT}>"),
        {**edit("other"), "message": {**MENTION, "text": "unfurled"}},
    ],
)
def test_late_edits_unfurls_and_bots_edits_are_none(event: dict[str, Any]):
    assert parse_edit(event, LISTENING) is None


def test_a_deletion_names_its_message():
    event = {"subtype": "message_deleted", "channel": "C1", "deleted_ts": "1.2", "ts": "3.4"}
    assert parse_deletion(event, LISTENING) == MessageKey("T0DOCENT", "C1", "1.2")
    assert parse_deletion({**event, "deleted_ts": None}, LISTENING) is None


@pytest.mark.parametrize("text", [f"<@{BOT}>", f"  <@{BOT}>  ", f"<@{BOT}|docent>\n", ""])
def test_a_mention_without_a_question_gets_a_hint(text: str):
    message = parse({**MENTION, "text": text})
    assert message is not None
    assert message.kind == "hint"
