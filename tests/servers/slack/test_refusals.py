"""Every rule of the Web API has a call that breaks it, is refused and is recorded."""

from __future__ import annotations

import pytest

from tests.servers.conftest import refusal
from tests.servers.slack.store import ALICE, BOB, GENERAL, PRIVATE

DIRECT = "D0ALICE"
PROMPT = {"title": "How?", "message": "How does it work?"}


def modal(**more):
    return {"type": "modal", "title": {"type": "plain_text", "text": "x"}, "blocks": []} | more


# What is wrong: method, arguments, Slack's answer. "$TS" is a person's message in #general.
WRONG = {
    "an unknown argument": ("chat.postMessage", {"text": "x", "txt": 1}, "invalid_arguments"),
    "a missing argument": ("chat.update", {"text": "x"}, "invalid_arguments"),
    "a wrong type": ("chat.postMessage", {"text": 7}, "invalid_arguments"),
    "null": ("chat.postMessage", {"text": "x", "thread_ts": None}, "invalid_arguments"),
    "an unknown method": ("chat.shout", {"text": "x"}, "unknown_method"),
    "an unknown channel": ("chat.postMessage", {"channel": "C1", "text": "x"}, "channel_not_found"),
    "no text": ("chat.postMessage", {}, "no_text"),
    "blank text": ("chat.postMessage", {"text": " \n"}, "no_text"),
    "text over 40,000": ("chat.postMessage", {"text": "x" * 40_001}, "msg_too_long"),
    "markdown over 12,000": (
        "chat.postMessage",
        {"markdown_text": "x" * 12_001},
        "msg_too_long",
    ),
    "markdown with text": (
        "chat.postMessage",
        {"markdown_text": "x", "text": "x"},
        "markdown_text_conflict",
    ),
    "markdown with blocks": (
        "chat.postMessage",
        {"markdown_text": "x", "blocks": [{"type": "divider"}]},
        "markdown_text_conflict",
    ),
    "a thread that is not there": (
        "chat.postMessage",
        {"text": "x", "thread_ts": "1.000001"},
        "thread_not_found",
    ),
    "an update of nothing": ("chat.update", {"ts": "1.000001", "text": "x"}, "message_not_found"),
    "an update of another's message": (
        "chat.update",
        {"ts": "$TS", "text": "x"},
        "cant_update_message",
    ),
    "a deletion of another's message": ("chat.delete", {"ts": "$TS"}, "cant_delete_message"),
    "an ephemeral message to a stranger": (
        "chat.postEphemeral",
        {"channel": PRIVATE, "user": BOB, "text": "x"},
        "user_not_in_channel",
    ),
    "replies of nothing": ("conversations.replies", {"ts": "1.000001"}, "thread_not_found"),
    "too many replies": (
        "conversations.replies",
        {"ts": "$TS", "limit": 1_001},
        "invalid_limit",
    ),
    "an emoji with colons": (
        "reactions.add",
        {"timestamp": "$TS", "name": ":eyes:"},
        "invalid_name",
    ),
    "an unknown user": ("users.info", {"channel": None, "user": "U1"}, "user_not_found"),
    "an unknown channel's name": ("conversations.info", {"channel": "C1"}, "channel_not_found"),
    "a view that is not there": (
        "views.update",
        {"channel": None, "view_id": "V1", "view": modal()},
        "not_found",
    ),
    "a view without a title": (
        "views.open",
        {"channel": None, "trigger_id": "1", "view": {"type": "modal", "blocks": []}},
        "invalid_arguments",
    ),
    "a view's metadata over 3,000": (
        "views.open",
        {"channel": None, "trigger_id": "1", "view": modal(private_metadata="x" * 3_001)},
        "invalid_arguments",
    ),
    "a session's title over 200": (
        "agents.sessions.setStatus",
        {
            "channel": None,
            "channel_id": GENERAL,
            "thread_ts": "$TS",
            "status": "active",
            "title": "x" * 201,
        },
        "invalid_arguments",
    ),
    "a session status": (
        "agents.sessions.setStatus",
        {"channel": None, "channel_id": GENERAL, "thread_ts": "$TS", "status": "busy"},
        "invalid_arguments",
    ),
    "a session without a thread": (
        "agents.sessions.setStatus",
        {"channel": None, "channel_id": GENERAL, "status": "active"},
        "invalid_arguments",
    ),
    "a session renamed before it is there": (
        "agents.sessions.rename",
        {"channel": None, "channel_id": GENERAL, "thread_ts": "$TS", "title": "x"},
        "session_not_found",
    ),
    "eleven loading messages": (
        "assistant.threads.setStatus",
        {
            "channel": None,
            "channel_id": DIRECT,
            "thread_ts": "$TS",
            "status": "reading",
            "loading_messages": ["x"] * 11,
        },
        "invalid_arguments",
    ),
    "five prompts": (
        "assistant.threads.setSuggestedPrompts",
        {"channel": None, "channel_id": DIRECT, "prompts": [PROMPT] * 5},
        "invalid_arguments",
    ),
    "a home that is a modal": (
        "views.publish",
        {"channel": None, "user_id": ALICE, "view": modal()},
        "invalid_arguments",
    ),
    "a trigger that was not given": (
        "views.open",
        {"channel": None, "trigger_id": "1", "view": modal()},
        "invalid_trigger_id",
    ),
    "a view's title over 24": (
        "views.open",
        {"channel": None, "trigger_id": "1", "view": modal(title={"text": "x" * 25})},
        "invalid_arguments",
    ),
}


@pytest.mark.parametrize("case", WRONG)
async def test_what_slack_refuses_is_refused_and_recorded(slack, client, case):
    method, arguments, code = WRONG[case]
    ts = slack.said("a question").ts
    call = {"channel": GENERAL} | arguments
    if arguments.get("channel", "") is None:
        del call["channel"]
    call = {key: ts if value == "$TS" else value for key, value in call.items()}
    assert await refusal(client.api_call(method, json=call)) == code
    assert [violation.where for violation in slack.violations] == [method]
    assert slack.calls()[-1].error == code


async def test_an_answer_that_the_caller_swallows_is_still_a_violation(slack, client):
    await refusal(client.chat_postMessage(channel=GENERAL, text="x" * 40_001))
    await client.chat_postMessage(channel=GENERAL, text="x" * 40_000)
    assert len(slack.violations) == 1
    assert [call.error for call in slack.calls("chat.postMessage")] == ["msg_too_long", None]
