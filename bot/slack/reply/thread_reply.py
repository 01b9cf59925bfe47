"""Thread replies: show an answer as it grows, in the best way available."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

from slack_sdk.models.blocks import Block

from bot.markup.answer import render_answer
from bot.slack.client.rate_limit import TokenBucket
from bot.slack.client.workspace import ReplyDraft, SlackClients, ThreadRef
from bot.slack.reply.editing import EditedMessage
from bot.slack.reply.streaming import STREAMING, StoppedByUser, StreamedMessage, StreamEnded
from bot.slack.reply.thread_status import ThreadStatus
from bot.slack.views import answer_blocks
from bot.texts import answers
from bot.types import AnswerContext
from rag_core.types import Answer

FLUSH_SECONDS = 1.0

logger = logging.getLogger(__name__)


class ReplyMessage(Protocol):
    """One answer in Slack: streamed, or posted and edited."""

    rate_limit: TokenBucket
    """The limit that all messages of this kind share."""

    @property
    def message_timestamps(self) -> tuple[str, ...]:
        """Time stamps of the posted messages."""

    async def show(self, draft: ReplyDraft) -> None:
        """Show the draft."""

    async def close(self, draft: ReplyDraft, tail: list[Block]) -> None:
        """Show the complete text and the blocks below it."""


class ThreadReply:
    """A `Reply` in a thread.

    One writer task makes all calls, so that the pipeline never waits for Slack: text that comes
    during a call goes out with the next. If streaming is unavailable or ends early, the reply goes
    on by editing.
    """

    def __init__(
        self,
        slack: SlackClients,
        thread: ThreadRef,
        *,
        replaces: Sequence[str] = (),
        progress: str = "",
        flush_seconds: float = FLUSH_SECONDS,
    ) -> None:
        """Prepare a reply; `begin` starts it.

        Args:
            slack: the clients of the workspace.
            thread: the thread of the reply.
            replaces: time stamps of docent's messages there that the reply replaces.
            progress: the first sentence; empty for the one that says that docent is searching.
            flush_seconds: seconds between two flushes.
        """
        self._slack = slack
        self._thread = thread
        self._flush_seconds = flush_seconds
        self._status = ThreadStatus(slack, thread)
        can_stream = not replaces and STREAMING not in slack.unavailable
        self._message: ReplyMessage = (
            StreamedMessage(slack, thread, self._status)
            if can_stream
            else EditedMessage(slack, thread, message_timestamps=replaces)
        )
        self._draft = ReplyDraft(progress=progress or answers.SEARCHING)
        self._text = ""
        self._due = 0.0
        self._ending = asyncio.Event()
        self.context = AnswerContext()
        self.stopped = asyncio.Event()
        self.on_posted: Callable[[tuple[str, ...]], None] = _ignore_posted
        """Called with the time stamps of the reply's messages when they change."""
        self._reported = tuple(replaces)
        self._changed, self._hurry = asyncio.Event(), asyncio.Event()
        self._tail: list[Block] = []
        self._writer: asyncio.Task[None]

    def begin(self) -> None:
        """Set the thread's status and start the message, in the background."""
        self._changed.set()
        status = asyncio.create_task(self._status.set_processing())
        self._writer = asyncio.create_task(self._write_message(status))

    def show_progress(self, sentence: str) -> None:
        """Show the sentence that says what docent is doing."""
        self._draft = replace(self._draft, progress=sentence)
        self._changed.set()

    def append(self, text: str) -> None:
        """Add text to the answer.

        The first text is shown at once, the rest about once a second.
        """
        if not self._text:
            self._hurry.set()
        self._text += text
        self._changed.set()

    async def finish(self, answer: Answer) -> None:
        """Show the answer's text in place of the appended, and its tail."""
        text = render_answer(answer.text) or answers.NOT_FOUND
        await self._finish_writing(
            replace(self._draft, text=text), answer_blocks.build_answer_tail(answer, self.context)
        )

    async def fail(self, sentence: str) -> None:
        """Show the sentence below the text so far."""
        so_far = self._render_draft()
        text = f"{so_far.text}\n\n{sentence}" if so_far.text else sentence
        await self._finish_writing(replace(self._draft, text=text, failed=True), [])

    async def mark_stopped(self) -> None:
        """Show below the text so far that it was stopped."""
        text = f"{self._render_draft().text}\n\n{answers.STOPPED}".strip()
        await self._finish_writing(replace(self._draft, text=text), [])

    def abandon(self) -> None:
        """Make no more calls: another process goes on with the messages."""
        self._writer.cancel()

    @property
    def message_timestamps(self) -> tuple[str, ...]:
        """Time stamps of the messages that show the answer."""
        return self._message.message_timestamps

    async def _finish_writing(self, draft: ReplyDraft, tail: list[Block]) -> None:
        """Let the writer close the message, and wait for it."""
        self._draft, self._tail = draft, tail
        self._ending.set()
        self._hurry.set()
        self._changed.set()
        await self._writer

    async def _write_message(self, status: asyncio.Task[None]) -> None:
        """Show the answer as it grows, then close its message."""
        for work in (self._show_changes(), status):
            try:
                await work
            except Exception:
                logger.exception("Showing an answer failed half-way.")
        await self._ending.wait()
        try:
            await self._close_message()
        except StoppedByUser:
            logger.info("The reader stopped an answer at its end.")
        finally:
            self._report_posted()
            await self._status.clear_processing()

    def _report_posted(self) -> None:
        if self._reported != self.message_timestamps:
            self._reported = self.message_timestamps
            self.on_posted(self._reported)

    async def _show_changes(self) -> None:
        while not self.stopped.is_set():
            await self._changed.wait()
            self._changed.clear()
            if not self._ending.is_set():
                await self._wait_for_flush()
            if self._ending.is_set():
                return
            await self._show_draft()
            self._report_posted()

    async def _close_message(self) -> None:
        try:
            await self._message.close(self._draft, self._tail)
        except StreamEnded as ended:
            self._message = self._build_edited_message(ended)
            await self._message.close(self._draft, self._tail)

    def _render_draft(self) -> ReplyDraft:
        """Return the draft with the text so far.

        Called once a flush: rendering each piece of text would cost too much.
        """
        if self._text:
            self._draft = replace(self._draft, text=render_answer(self._text, last=False))
        return self._draft

    async def _show_draft(self) -> None:
        draft = self._render_draft()
        try:
            await self._message.show(draft)
        except StoppedByUser:
            self.stopped.set()
        except StreamEnded as ended:
            self._message = self._build_edited_message(ended)
            await self._message.show(draft)

    async def _wait_for_flush(self) -> None:
        """Wait until the next flush is due.

        The first text and the end don't wait.
        """
        pause = max(self._due - self._slack.clock(), self._message.rate_limit.reserve())
        if pause > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._hurry.wait(), pause)
        self._hurry.clear()
        self._due = self._slack.clock() + self._flush_seconds

    def _build_edited_message(self, ended: StreamEnded) -> ReplyMessage:
        """Return a message that goes on where a stream ended."""
        posted = [ended.ts] if ended.ts else []
        return EditedMessage(self._slack, self._thread, message_timestamps=posted)


def _ignore_posted(_timestamps: tuple[str, ...]) -> None:
    """Do nothing: nobody asked for the time stamps."""
