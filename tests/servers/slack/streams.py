"""chat.startStream, chat.appendStream and chat.stopStream."""

from __future__ import annotations

from typing import Any

from tests.servers.slack.blocks import BLOCKS, MARKDOWN, check_blocks
from tests.servers.slack.limits import SESSION_STATUSES, check_chunks
from tests.servers.slack.store import BOT, BOT_USER, TEAM, Message, SlackError, Store

Arguments = dict[str, Any]
Reply = dict[str, Any]


def start(store: Store, arguments: Arguments) -> Reply:
    channel = store.channel(arguments["channel"])
    root = store.root(channel.id, arguments["thread_ts"])
    store.check_open(channel.id, root.ts)
    if channel.kind != "im":
        _check_recipient(store, arguments, channel.members)
    if arguments.get("task_display_mode", "timeline") not in {"timeline", "plan"}:
        raise SlackError("invalid_arguments", "task_display_mode wants timeline or plan")
    message = Message(
        channel=channel.id,
        ts=store.new_ts(),
        user=BOT_USER,
        bot_id=BOT,
        thread_ts=root.ts,
        stream="live",
    )
    _write(store, message, arguments)
    store.add(message)
    return {"channel": message.channel, "ts": message.ts}


def append(store: Store, arguments: Arguments) -> Reply:
    message = _live(store, arguments)
    if not arguments.get("markdown_text") and not arguments.get("chunks"):
        raise SlackError("no_text", "an append wants markdown_text or chunks")
    _write(store, message, arguments)
    return {"channel": message.channel, "ts": message.ts}


def stop(store: Store, arguments: Arguments) -> Reply:
    message = _live(store, arguments)
    blocks = arguments.get("blocks", [])
    check_blocks(blocks, above=message.markdown + _read_text(arguments))
    store.check_kinds(blocks)
    if arguments.get("session_status", "active") not in SESSION_STATUSES:
        raise SlackError("invalid_arguments", f"session_status wants {SESSION_STATUSES}")
    _write(store, message, arguments)
    message.blocks = blocks
    message.metadata = arguments.get("metadata")
    message.stream = "stopped"
    if "session_status" in arguments:
        key = (message.channel, str(message.thread_ts))
        store.sessions.setdefault(key, []).append(arguments["session_status"])
    return {"channel": message.channel, "ts": message.ts, "message": message.as_json()}


def _check_recipient(store: Store, arguments: Arguments, members: set[str]) -> None:
    if not arguments.get("recipient_team_id"):
        raise SlackError("missing_recipient_team_id", "needed outside of direct messages")
    if not arguments.get("recipient_user_id"):
        raise SlackError("missing_recipient_user_id", "needed outside of direct messages")
    user = arguments["recipient_user_id"]
    if arguments["recipient_team_id"] != store.teams.get(user, TEAM) or user not in members:
        raise SlackError("invalid_arguments", "the recipient is not in the channel")


def _live(store: Store, arguments: Arguments) -> Message:
    message = store.find(store.channel(arguments["channel"]).id, arguments["ts"])
    if not message.by_bot:
        raise SlackError("message_not_owned_by_app", message.ts)
    if message.stream == "stopped_by_user":
        raise SlackError("stopped_by_user", fault=False)
    if message.stream != "live":
        # Slack lets a stream expire by itself; writing after one's own stop is a mistake.
        fault = message.stream != "expired"
        raise SlackError("message_not_in_streaming_state", str(message.stream), fault=fault)
    return message


def _read_text(arguments: Arguments) -> str:
    chunks = arguments.get("chunks", [])
    texts = [chunk["text"] for chunk in chunks if chunk.get("type") == "markdown_text"]
    return str(arguments.get("markdown_text", "")) + "".join(map(str, texts))


def _write(store: Store, message: Message, arguments: Arguments) -> None:
    """Add text and chunks; nothing is added where any of it is refused."""
    chunks = arguments.get("chunks", [])
    if "markdown_text" in arguments and chunks:
        raise SlackError("markdown_text_conflict", "markdown_text with chunks")
    check_chunks(chunks)
    markdown = message.markdown + _read_text(arguments)
    store.check_tables(markdown)
    blocks = [block for c in chunks if c["type"] == "blocks" for block in c["blocks"]]
    if len(markdown) > MARKDOWN:
        raise SlackError("msg_too_long", f"{len(markdown)} characters streamed, most {MARKDOWN}")
    if len(message.stream_blocks) + len(blocks) > BLOCKS:
        raise SlackError("invalid_blocks", f"more than {BLOCKS} blocks streamed")
    message.markdown = markdown
    message.stream_blocks += blocks
    for chunk in chunks:
        if chunk["type"] == "task_update":
            message.tasks[chunk["id"]] = message.tasks.get(chunk["id"], {}) | chunk
