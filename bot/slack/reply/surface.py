"""Surface: opens replies and posts sentences in the thread of a message."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from bot.slack.client.api_errors import SLACK_FAILURES, get_error_code
from bot.slack.client.workspace import ReplyDraft, SlackClients, ThreadRef
from bot.slack.reply.editing import EditedMessage
from bot.slack.reply.thread_reply import FLUSH_SECONDS, ThreadReply
from bot.slack.reply.thread_status import ThreadStatus
from bot.types import AnswerContext, IncomingMessage

logger = logging.getLogger(__name__)


class SlackSurface:
    """The threads of a workspace, as the responder uses them."""

    def __init__(
        self,
        slack: SlackClients,
        *,
        can_escalate: bool = False,
        flush_seconds: float = FLUSH_SECONDS,
    ) -> None:
        """Offer to ask people instead if `can_escalate`."""
        self._slack = slack
        self._can_escalate = can_escalate
        self._flush_seconds = flush_seconds

    def open_reply(
        self, message: IncomingMessage, *, replaces: Sequence[str] = (), progress: str = ""
    ) -> ThreadReply:
        """Open a reply in the message's thread.

        Args:
            message: the question.
            replaces: time stamps of docent's messages that the reply takes the place of.
            progress: the first sentence; empty for the one that says that docent is searching.

        Returns:
            The reply, which has not begun yet.
        """
        reply = ThreadReply(
            self._slack,
            _build_thread_ref(message),
            replaces=replaces,
            progress=progress,
            flush_seconds=self._flush_seconds,
        )
        reply.context = AnswerContext(can_escalate=self._can_escalate)
        return reply

    async def show_waiting(
        self, message: IncomingMessage, sentence: str, *, posted: Sequence[str] = ()
    ) -> tuple[str, ...]:
        """Show that a question waits.

        Args:
            message: the question.
            sentence: the place in the line.
            posted: time stamps of docent's messages that showed it before.

        Returns:
            Time stamps of the messages that show it now.
        """
        shown = EditedMessage(self._slack, _build_thread_ref(message), message_timestamps=posted)
        await shown.close(ReplyDraft("", sentence), [])
        return shown.message_timestamps

    async def post(self, message: IncomingMessage, sentence: str) -> None:
        """Post one sentence in the message's thread."""
        await EditedMessage(self._slack, _build_thread_ref(message)).close(
            ReplyDraft("", sentence), []
        )

    async def post_privately(self, message: IncomingMessage, sentence: str) -> None:
        """Post one sentence that only the message's author sees.

        In a direct message a plain post does that.
        """
        if message.is_direct:
            await self.post(message, sentence)
            return
        try:
            await self._slack.client.chat_postEphemeral(
                channel=message.key.channel,
                user=message.user,
                text=sentence,
                thread_ts=message.thread_ts if message.in_thread else None,
            )
        except SLACK_FAILURES as error:
            logger.warning(
                "A private message could not be posted: %s", get_error_code(error) or error
            )

    async def delete(self, message: IncomingMessage, message_timestamps: Sequence[str]) -> None:
        """Delete docent's messages in the message's thread."""
        await EditedMessage(
            self._slack, _build_thread_ref(message), message_timestamps=message_timestamps
        ).delete()

    async def set_thread_active(self, channel: str, thread_ts: str) -> None:
        """Show that docent is not at work in a thread."""
        await ThreadStatus(self._slack, ThreadRef(channel, thread_ts, "", "")).set_active()


def _build_thread_ref(message: IncomingMessage) -> ThreadRef:
    return ThreadRef(message.key.channel, message.thread_ts, message.user, message.user_team)
