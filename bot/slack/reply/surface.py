"""Surface: opens replies and posts sentences in the thread of a message."""

from __future__ import annotations

from collections.abc import Sequence

from bot.slack.client.respond import Respond
from bot.slack.client.workspace import ReplyDraft, SlackClients, ThreadRef
from bot.slack.reply.delivery import send_answer
from bot.slack.reply.editing import EditedMessage
from bot.slack.reply.ephemeral import EphemeralReply
from bot.slack.reply.private import list_outlets, send_privately
from bot.slack.reply.thread_reply import FLUSH_SECONDS, ThreadReply
from bot.slack.reply.thread_status import ThreadStatus
from bot.slack.reply.waiting import WaitingNotices
from bot.slack.views.message_parts import MessagePart
from bot.types import AnswerContext, IncomingMessage


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
        self._waiting = WaitingNotices(slack)

    def open_reply(
        self,
        message: IncomingMessage,
        *,
        replaces: Sequence[str] = (),
        progress: str = "",
        is_resumed: bool = False,
    ) -> ThreadReply:
        """Open a reply in the message's thread.

        Args:
            message: the question.
            replaces: time stamps of docent's messages that the reply takes the place of; they may
                be streams of a process that died.
            progress: the first sentence; empty for the one that says that docent is searching.
            is_resumed: True if a process that died may have set the thread's status.

        Returns:
            The reply, which has not begun yet.
        """
        self._waiting.forget(message.key)
        reply = ThreadReply(
            self._slack,
            _build_thread_ref(message),
            replaces=replaces,
            progress=progress,
            is_resumed=is_resumed,
            flush_seconds=self._flush_seconds,
        )
        reply.context = AnswerContext(
            can_escalate=self._can_escalate, was_missed=message.was_missed
        )
        return reply

    def open_private_reply(
        self, message: IncomingMessage, respond: Respond | None
    ) -> EphemeralReply:
        """Open a reply to a command or shortcut, for its asker alone.

        `respond` posts by the response URL; it is None if that has expired.
        """
        thread_ts = message.asked_thread_ts if message.asks_in_thread else ""
        asker = ThreadRef(
            message.key.channel,
            thread_ts,
            message.user,
            message.user_team,
            is_reply=message.asks_in_thread,
        )
        reply = EphemeralReply(self._slack, asker, respond, share_in=message.target_thread_ts)
        reply.context = AnswerContext(can_escalate=self._can_escalate)
        return reply

    async def show_waiting(self, message: IncomingMessage, sentence: str) -> tuple[str, ...]:
        """Show that a question waits, and its place in the line.

        A later call replaces the sentence.

        Return the time stamps of the messages that show it, for `open_reply`. They are empty if
        the thread's status does, or if Slack takes neither now.
        """
        return await self._waiting.show(_build_thread_ref(message), message.key, sentence)

    async def post(self, message: IncomingMessage, sentence: str) -> None:
        """Post one sentence in the message's thread, or else privately.

        Raises:
            UndeliverableError: Slack takes it in no way.
        """
        thread = _build_thread_ref(message)
        await send_answer(
            self._slack,
            thread,
            EditedMessage(self._slack, thread),
            draft=ReplyDraft("", sentence),
            tail=[],
        )

    async def post_privately(self, message: IncomingMessage, sentence: str) -> None:
        """Post one sentence that only the message's author sees.

        In a direct message a plain post does that.

        Raises:
            UndeliverableError: Slack takes it in no way.
        """
        if message.is_direct:
            await self.post(message, sentence)
            return
        outlets = list_outlets(self._slack, _build_thread_ref(message))
        await send_privately(self._slack, outlets, [MessagePart(sentence, form="text")])

    async def delete(self, message: IncomingMessage, message_timestamps: Sequence[str]) -> None:
        """Delete docent's messages in the message's thread."""
        self._waiting.forget(message.key)
        await EditedMessage(
            self._slack, _build_thread_ref(message), message_timestamps=message_timestamps
        ).delete()

    async def withdraw(self, message: IncomingMessage, posted: Sequence[str]) -> None:
        """Take back what was shown for a question."""
        if message.is_private:
            return  # nothing was shown in the thread
        await self.delete(message, posted)
        await self.set_thread_active(message.key.channel, message.thread_ts)

    async def set_thread_active(self, channel: str, thread_ts: str) -> None:
        """Show that no question is answered or waits in a thread."""
        await ThreadStatus(self._slack, ThreadRef(channel, thread_ts, "", "")).set_active()


def _build_thread_ref(message: IncomingMessage) -> ThreadRef:
    return ThreadRef(
        message.key.channel,
        message.thread_ts,
        message.user,
        message.user_team,
        is_reply=message.in_thread,
    )
