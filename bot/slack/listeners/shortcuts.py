"""The message shortcut "Ask docent about this", and the reaction with docent's emoji."""

from __future__ import annotations

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond

from bot.slack.actions.ask import AskActions
from bot.slack.inbox.messages import ListenerConfig
from bot.slack.inbox.targets import SHORTCUT, parse_reaction, parse_shortcut


def register(app: AsyncApp, ask_actions: AskActions, config: ListenerConfig) -> None:
    """Register the listeners of the shortcut and the reaction.

    The shortcut is answered to its user alone, the reaction in the message's thread.

    Args:
        app: the Bolt app.
        ask_actions: answers both.
        config: names docent's emoji.
    """

    async def on_shortcut(ack: AsyncAck, body: dict[str, Any], respond: AsyncRespond) -> None:
        await ack()
        ask_actions.accept_shortcut(parse_shortcut(body, config), respond)

    async def on_reaction(event: dict[str, Any]) -> None:
        if (target := parse_reaction(event, config)) is not None:
            ask_actions.accept_reaction(target)

    app.message_shortcut(SHORTCUT)(on_shortcut)
    app.event("reaction_added")(on_reaction)
