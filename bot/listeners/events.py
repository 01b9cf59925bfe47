"""Messages: mentions in channels, and direct messages."""

from __future__ import annotations

from typing import Any

from slack_bolt.async_app import AsyncApp

from bot.incoming import parse_event
from bot.responder import Responder


def register(app: AsyncApp, responder: Responder, *, bot_user: str, team: str) -> None:
    """Answer what is addressed to docent; Bolt has acknowledged the event already."""

    async def on_message(event: dict[str, Any]) -> None:
        message = parse_event(event, bot_user=bot_user, team=team)
        if message is not None:
            responder.accept(message)

    app.event("app_mention")(on_message)
    app.event("message")(on_message)
