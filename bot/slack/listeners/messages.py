"""Messages: mentions, direct messages, messages of threads and channels; edits, deletions."""

from __future__ import annotations

from slack_bolt.async_app import AsyncApp

from bot.slack.inbox.recorder import QuestionRecorder


def register(app: AsyncApp, recorder: QuestionRecorder) -> None:
    """Register the listeners of messages, which Bolt acknowledges itself.

    The recorder comes before the acknowledgement, so nothing is left for the listeners to do.
    """

    async def accept() -> None:
        """Let Bolt acknowledge the event."""

    app.event("app_mention", middleware=[recorder.record_message])(accept)
    app.event("message", middleware=[recorder.record_message])(accept)
    app.event("agent_session_stopped", middleware=[recorder.record_stop])(accept)
    app.event("reaction_added", middleware=[recorder.record_reaction])(accept)
