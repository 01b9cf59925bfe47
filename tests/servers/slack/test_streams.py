"""Streams of the local Slack through slack_sdk's chat_stream and the bare methods."""

from __future__ import annotations

import pytest
from slack_sdk.models.blocks import UrlSourceElement
from slack_sdk.models.messages.chunk import MarkdownTextChunk, TaskUpdateChunk

from tests.servers.conftest import refusal
from tests.servers.slack.store import ALICE, GENERAL, TEAM

DIRECT = "D0ALICE"
SOURCES = [{"type": "section", "text": {"type": "mrkdwn", "text": "1. <https://a.b|Page>"}}]


@pytest.fixture
def root(slack):
    return slack.said("how?", channel=DIRECT)


@pytest.fixture
async def stream(client, root):
    """The arguments that name a stream that has begun."""
    started = await client.chat_startStream(channel=DIRECT, thread_ts=root.ts)
    return {"channel": DIRECT, "ts": started["ts"]}


async def test_a_stream_grows_and_ends_with_its_blocks(slack, client, root):
    stream = await client.chat_stream(channel=DIRECT, thread_ts=root.ts, buffer_size=1)
    await stream.append(markdown_text="**Milvus** ")
    [message] = slack.replies(root)
    assert (message.shown, message.live) == ("**Milvus** ", True)
    await stream.append(markdown_text="stores.")
    await stream.stop(blocks=SOURCES, session_status="active")
    assert message.shown == "**Milvus** stores.\n1. <https://a.b|Page>"
    assert message.stream == "stopped"
    assert slack.store.sessions[DIRECT, root.ts] == ["active"]
    assert slack.violations == []


async def test_tasks_are_kept_by_id(slack, client, root):
    stream = await client.chat_stream(channel=DIRECT, thread_ts=root.ts, task_display_mode="plan")
    source = UrlSourceElement(url="https://a.b", text="Page")
    for status, sources in (("in_progress", []), ("complete", [source])):
        task = TaskUpdateChunk(id="1", title="Searching", status=status, sources=sources)
        await stream.append(chunks=[task])
    await stream.stop(chunks=[MarkdownTextChunk(text="done")])
    [message] = slack.replies(root)
    assert message.tasks["1"]["status"] == "complete"
    assert message.tasks["1"]["sources"] == [{"type": "url", "url": "https://a.b", "text": "Page"}]
    assert message.shown == "done"
    page = await client.conversations_replies(channel=DIRECT, ts=root.ts)
    assert page["messages"][1]["blocks"][0] == {
        "type": "task_card",
        "task_id": "1",
        "title": "Searching",
        "status": "complete",
    }


async def test_a_channel_wants_both_recipients(slack, client):
    where = {"channel": GENERAL, "thread_ts": slack.said("how?").ts}
    assert await refusal(client.chat_startStream(**where)) == "missing_recipient_team_id"
    call = client.chat_startStream(**where, recipient_team_id=TEAM)
    assert await refusal(call) == "missing_recipient_user_id"
    call = client.chat_startStream(**where, recipient_team_id=TEAM, recipient_user_id="U1")
    assert await refusal(call) == "invalid_arguments"
    assert len(slack.violations) == 3
    await client.chat_startStream(**where, recipient_team_id=TEAM, recipient_user_id=ALICE)


async def test_a_stream_is_a_reply(client):
    call = client.chat_startStream(channel=DIRECT, thread_ts="1.000001")
    assert await refusal(call) == "thread_not_found"
    call = client.api_call("chat.startStream", json={"channel": DIRECT})
    assert await refusal(call) == "invalid_arguments"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"markdown_text": "x" * 12_001}, "msg_too_long"),
        ({"chunks": [{"type": "markdown_text", "text": "x" * 12_001}]}, "msg_too_long"),
        ({}, "no_text"),
        ({"markdown_text": "x", "chunks": [{"type": "plan_update", "title": "x"}]}, None),
        ({"chunks": [{"type": "gif"}]}, "invalid_chunks"),
        ({"chunks": [{"type": "markdown_text"}]}, "invalid_chunks"),
        ({"chunks": [{"type": "markdown_text", "text": 7}]}, "invalid_chunks"),
        ({"chunks": [{"type": "plan_update", "title": "x", "x": "x"}]}, "invalid_chunks"),
        (
            {"chunks": [{"type": "task_update", "id": "1", "title": "x", "status": "done"}]},
            "invalid_chunks",
        ),
        ({"chunks": [{"type": "blocks", "blocks": [{"type": "nope"}]}]}, "invalid_blocks"),
        ({"text": "x"}, "invalid_arguments"),
        (
            {"chunks": [{"type": "task_update", "id": "1", "title": "", "status": "pending"}]},
            "invalid_chunks",
        ),
        (
            {"chunks": [{"type": "blocks", "blocks": [{"type": "divider"}] * 26}] * 2},
            "invalid_blocks",
        ),
    ],
)
async def test_what_can_not_be_appended(slack, client, stream, arguments, code):
    call = client.api_call("chat.appendStream", json=stream | arguments)
    assert await refusal(call) == (code or "markdown_text_conflict")
    assert len(slack.violations) == 1
    assert slack.messages(DIRECT)[1].shown == ""


async def test_the_limit_is_that_of_the_whole_stream(client, stream):
    await client.chat_appendStream(**stream, markdown_text="x" * 8_000)
    call = client.chat_appendStream(**stream, markdown_text="x" * 4_001)
    assert await refusal(call) == "msg_too_long"
    await client.chat_appendStream(**stream, markdown_text="x" * 4_000)


async def test_nothing_is_appended_to_what_is_not_there(client):
    call = client.chat_appendStream(channel=DIRECT, ts="1.000001", markdown_text="x")
    assert await refusal(call) == "message_not_found"


async def test_a_posted_message_is_no_stream(client):
    ts = (await client.chat_postMessage(channel=DIRECT, text="x"))["ts"]
    call = client.chat_appendStream(channel=DIRECT, ts=ts, markdown_text="x")
    assert await refusal(call) == "message_not_in_streaming_state"


async def test_after_its_end_a_stream_is_a_message(slack, client, stream):
    busy = client.chat_update(**stream, text="x")
    assert await refusal(busy) == "streaming_state_conflict"
    await client.chat_stopStream(**stream, markdown_text="end")
    call = client.chat_appendStream(**stream, markdown_text="x")
    assert await refusal(call) == "message_not_in_streaming_state"
    assert await refusal(client.chat_stopStream(**stream)) == "message_not_in_streaming_state"
    assert [violation.where for violation in slack.violations] == [
        "chat.appendStream",
        "chat.stopStream",
    ]
    await client.chat_update(**stream, text="better")
    assert slack.messages(DIRECT)[1].shown == "better"


@pytest.mark.parametrize(
    ("state", "code"),
    [("expired", "message_not_in_streaming_state"), ("stopped_by_user", "stopped_by_user")],
)
async def test_slack_can_end_a_stream_by_itself(slack, client, stream, state, code):
    slack.end_streams(state)
    assert await refusal(client.chat_appendStream(**stream, markdown_text="x")) == code
    assert slack.violations == []
    await client.chat_update(**stream, text="the rest")
    assert slack.messages(DIRECT)[1].shown == "the rest"


async def test_nothing_is_appended_to_what_a_person_wrote(client, root):
    call = client.chat_appendStream(channel=DIRECT, ts=root.ts, markdown_text="x")
    assert await refusal(call) == "message_not_owned_by_app"


async def test_a_wrong_end_is_refused(client, stream, root):
    call = client.chat_stopStream(**stream, session_status="done")
    assert await refusal(call) == "invalid_arguments"
    call = client.chat_stopStream(**stream, blocks=[{"type": "divider"}] * 51)
    assert await refusal(call) == "invalid_blocks"
    start = client.chat_startStream(channel=DIRECT, thread_ts=root.ts, task_display_mode="dense")
    assert await refusal(start) == "invalid_arguments"
