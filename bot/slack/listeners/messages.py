"""Messages: mentions, direct messages, messages of threads and channels; edits, deletions."""

from __future__ import annotations

from typing import Any

from slack_bolt.async_app import AsyncApp

from bot.slack.inbox.messages import ListenerConfig, parse_deletion, parse_edit, parse_event
from bot.slack.inbox.responder import Responder


def register(app: AsyncApp, responder: Responder, config: ListenerConfig) -> None:
    """Register the listeners of messages, which Bolt acknowledges itself.

    Args:
        app: the Bolt app.
        responder: takes the messages, edits, deletions and stops.
        config: says which messages are for docent.
    """

    async def on_message(event: dict[str, Any]) -> None:
        if (key := parse_deletion(event, config)) is not None:
            responder.accept_deletion(key)
            return
        match event.get("subtype"):
            case "message_changed":
                if (edited := parse_edit(event, config)) is not None:
                    responder.accept_edit(edited)
            case _:
                if (message := parse_event(event, config)) is not None:
                    responder.accept(message)

    async def on_stop(event: dict[str, Any]) -> None:
        channel, thread_ts = event.get("channel"), event.get("thread_ts")
        if channel and thread_ts:
            responder.accept_stop(str(channel), str(thread_ts))

    app.event("app_mention")(on_message)
    app.event("message")(on_message)
    app.event("agent_session_stopped")(on_stop)
