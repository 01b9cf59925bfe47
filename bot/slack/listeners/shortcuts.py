"""Messages that somebody points at: the shortcut "Ask docent about this", and the reaction."""

from __future__ import annotations

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond

from bot.slack.actions.ask import AskActions
from bot.slack.inbox.messages import ListenerConfig
from bot.slack.inbox.targets import SHORTCUT, parse_reaction, parse_shortcut


def register(app: AsyncApp, asking: AskActions, listening: ListenerConfig) -> None:
    """Acknowledge at once; a shortcut is answered to its user alone, a reaction in the thread."""

    async def on_shortcut(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        await ack()
        asking.accept_shortcut(parse_shortcut(body, listening), respond)

    async def on_reaction(event: dict[str, Any]) -> None:
        if (pointed := parse_reaction(event, listening)) is not None:
            asking.accept_reaction(pointed)

    app.message_shortcut(SHORTCUT)(on_shortcut)
    app.event("reaction_added")(on_reaction)
