"""The message shortcut "Ask docent about this"."""

from __future__ import annotations

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.slack.inbox.messages import ListenerConfig
from bot.slack.inbox.recorder import QuestionRecorder
from bot.slack.inbox.targets import SHORTCUT, parse_shortcut


def register(app: AsyncApp, recorder: QuestionRecorder, config: ListenerConfig) -> None:
    """Register the listener of the shortcut.

    Args:
        app: the Bolt app.
        recorder: writes the question down before the acknowledgement.
        config: names docent's workspace.
    """

    async def on_shortcut(ack: AsyncAck, body: dict[str, Any]) -> None:
        target = parse_shortcut(body, config)
        await recorder.record_shortcut(target, str(body.get("response_url") or ""))
        await ack()

    app.message_shortcut(SHORTCUT)(on_shortcut)
