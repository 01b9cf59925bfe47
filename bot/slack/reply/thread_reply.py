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
from bot.slack.client.workspace import ReplyDraft, SlackClients, ThreadRef
from bot.slack.reply.delivery import send_answer
from bot.slack.reply.editing import EditedMessage
from bot.slack.reply.forms import PlaceClosedError
from bot.slack.reply.streaming import StoppedByUser, StreamedMessage, StreamEnded, reserve_stream
from bot.slack.reply.thread_status import ThreadStatus
from bot.slack.views import answer_blocks
from bot.texts import answers
from bot.types import AnswerContext
from rag_core.types import Answer

FLUSH_SECONDS = 1.0

logger = logging.getLogger(__name__)


class ReplyMessage(Protocol):
    """One answer in Slack: streamed, or posted and edited."""

    @property
    def message_timestamps(self) -> tuple[str, ...]:
        """Time stamps of the posted messages."""

    def compute_pause(self) -> float:
        """Return the seconds until the rates allow a draft to be shown."""

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

    def __init__(  # noqa: PLR0913  (the parts, by name)
        self,
        slack: SlackClients,
        thread: ThreadRef,
        *,
        replaces: Sequence[str] = (),
        progress: str = "",
        is_resumed: bool = False,
        flush_seconds: float = FLUSH_SECONDS,
    ) -> None:
        """Prepare a reply; `begin` starts it.

        Args:
            slack: the clients of the workspace.
            thread: the thread of the reply.
            replaces: time stamps of docent's messages there that the reply replaces; they may be
                streams of a process that died.
            progress: the first sentence; empty for the one that says that docent is searching.
            is_resumed: True if another process may have set the thread's status.
            flush_seconds: seconds between two flushes.
        """
        self._slack = slack
        self._thread = thread
        self._flush_seconds = flush_seconds
        self._status = ThreadStatus(slack, thread, is_stale=is_resumed or bool(replaces))
        self._reported = tuple(replaces)
        self._message: ReplyMessage = self._build_edited_message(replaces)
        self._draft = ReplyDraft(progress=progress or answers.SEARCHING)
        self._text = ""
        self._due = 0.0
        self._ending = asyncio.Event()
        self.context = AnswerContext()
        self.stopped = asyncio.Event()
        self.on_posted: Callable[[tuple[str, ...]], None] = _ignore_posted
        """Called with the time stamps of the reply's messages when they change."""
        self._changed, self._hurry = asyncio.Event(), asyncio.Event()
        self._tail: list[Block] = []
        self._is_private_too = True
        self._writer: asyncio.Task[None]

    def begin(self) -> None:
        """Show a first sign in the background.

        It is the message, the thread's status, or both.
        """
        if not self.message_timestamps and reserve_stream(self._slack):
            self._message = StreamedMessage(
                self._slack, self._thread, self._status, on_posted=self._report_posted
            )
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
        """Show the answer's text in place of the appended, and its tail.

        Raises:
            UndeliverableError: Slack takes it neither in the thread nor privately.
        """
        text = render_answer(answer.text) or answers.NOT_FOUND
        await self._finish_writing(
            replace(self._draft, text=text), answer_blocks.build_answer_tail(answer, self.context)
        )

    async def fail(self, sentence: str) -> None:
        """Show the sentence below the text so far.

        After an end that failed, show the sentence alone: the text may be what it failed at.

        Raises:
            UndeliverableError: Slack takes it neither in the thread nor privately.
        """
        so_far = "" if self._is_broken else self._render_draft().text
        text = f"{so_far}\n\n{sentence}" if so_far else sentence
        await self._finish_writing(replace(self._draft, text=text, failed=True), [])

    async def mark_stopped(self) -> None:
        """Show below the text so far that it was stopped.

        Show nothing where the thread is closed.
        """
        self._is_private_too = False
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
        if self._is_broken:
            self._writer = asyncio.create_task(self._end_message())
        await self._writer

    @property
    def _is_broken(self) -> bool:
        """True if the writer failed at the end, so that the message is still open."""
        is_over = self._writer.done() and not self._writer.cancelled()
        return is_over and isinstance(self._writer.exception(), Exception)

    async def _write_message(self, status: asyncio.Task[None]) -> None:
        """Show the answer as it grows, then close its message."""
        for work in (self._show_changes(), status):
            try:
                await work
            except Exception:
                logger.exception("Showing an answer failed half-way.")
        await self._ending.wait()
        await self._end_message()

    async def _end_message(self) -> None:
        """Close the message and take the status away."""
        try:
            await self._close_message()
        except StoppedByUser:
            logger.info("The reader stopped an answer at its end.")
        finally:
            self._report_posted()
            await self._status.clear_processing()

    async def _show_changes(self) -> None:
        while not self.stopped.is_set():
            await self._changed.wait()
            self._changed.clear()
            await self._wait_for_flush()
            if self._ending.is_set():
                return
            await self._show_draft()

    async def _close_message(self) -> None:
        message = self._message
        if not isinstance(message, EditedMessage):
            try:
                await message.close(self._draft, self._tail)
            except StreamEnded as ended:
                message = self._replace_stream(ended)
            else:
                return
        if self._is_private_too:
            await send_answer(
                self._slack, self._thread, message, draft=self._draft, tail=self._tail
            )
            return
        try:
            await message.close(self._draft, self._tail)
        except PlaceClosedError as closed:
            logger.warning("A stopped answer could not be marked: %s", closed)
            await message.remove_rest(closed.count)

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
            await self._replace_stream(ended).show(draft)

    async def _wait_for_flush(self) -> None:
        """Wait until the next flush is due and the rates allow it.

        The first text does not wait for the flush, and the end for neither.
        """
        await self._wait(self._due - self._slack.clock(), self._hurry)
        while not self._ending.is_set() and (pause := self._message.compute_pause()) > 0:
            await self._wait(pause, self._ending)
        self._hurry.clear()
        self._due = self._slack.clock() + self._flush_seconds

    async def _wait(self, seconds: float, event: asyncio.Event) -> None:
        if seconds > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(event.wait(), seconds)

    def _replace_stream(self, ended: StreamEnded) -> EditedMessage:
        """Go on by editing where a stream ended."""
        posted = [ended.ts] if ended.ts else []
        message = self._build_edited_message(posted, lost_mark=ended.lost_mark)
        message.set_state(ended.part, is_live=ended.is_live)
        self._message = message
        return message

    def _build_edited_message(self, posted: Sequence[str], *, lost_mark: str = "") -> EditedMessage:
        return EditedMessage(
            self._slack,
            self._thread,
            message_timestamps=posted,
            lost_marks=[lost_mark] if lost_mark else [],
            on_posted=self._report_posted,
        )

    def _report_posted(self) -> None:
        if self._reported != self.message_timestamps:
            self._reported = self.message_timestamps
            self.on_posted(self._reported)


def _ignore_posted(_timestamps: tuple[str, ...]) -> None:
    """Do nothing with the time stamps."""
