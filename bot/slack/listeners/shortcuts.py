"""The message shortcut "Ask docent about this"."""

from __future__ import annotations

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.slack.inbox.recorder import QuestionRecorder
from bot.slack.inbox.targets import SHORTCUT


def register(app: AsyncApp, recorder: QuestionRecorder) -> None:
    """Register the listener of the shortcut.

    The recorder writes the question down before the acknowledgement.
    """

    async def on_shortcut(ack: AsyncAck, body: dict[str, Any]) -> None:
        await recorder.record_shortcut(body, str(body.get("response_url") or ""))
        await ack()

    app.message_shortcut(SHORTCUT)(on_shortcut)
