"""The Slack side of a conversation: shows an answer as it grows, in the best way there is."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from slack_sdk.models.blocks import Block

from bot.markup import latex, markdown
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
    """One answer, shown in its way: streamed, or posted and edited."""

    pace: TokenBucket
    """The rate this kind of message shares."""

    @property
    def message_timestamps(self) -> tuple[str, ...]:
        """Time stamps of what was posted."""

    async def show(self, draft: ReplyDraft) -> None:
        """Show what there is so far."""

    async def close(self, draft: ReplyDraft, tail: list[Block]) -> None:
        """Show the complete text and what stands below it."""


class ThreadReply:
    """A `Reply` in a thread.

    One writer task does all the showing, so that neither the pipeline nor its text waits for Slack:
    text that comes while a call is under way goes out with the next. Where streaming is not there,
    or ends too early, it goes on by editing.
    """

    def __init__(
        self,
        slack: SlackClients,
        thread: ThreadRef,
        *,
        over: Sequence[str] = (),
        flush_seconds: float = FLUSH_SECONDS,
    ) -> None:
        """`over` are docent's messages that stand there already, to be replaced."""
        self._slack = slack
        self._thread = thread
        self._flush_seconds = flush_seconds
        self._session = ThreadStatus(slack, thread)
        streaming = not over and STREAMING not in slack.unavailable
        self._message: ReplyMessage = (
            StreamedMessage(slack, thread, self._session)
            if streaming
            else EditedMessage(slack, thread, message_timestamps=over)
        )
        self._draft = ReplyDraft(progress=answers.SEARCHING)
        self._text = ""
        self._due = 0.0
        self._ending = asyncio.Event()
        self.context = AnswerContext()
        self.stopped = asyncio.Event()
        self._changed, self._hurry = asyncio.Event(), asyncio.Event()
        self._tail: list[Block] = []
        self._writer: asyncio.Task[None]

    def begin(self) -> None:
        """Set the session's status and start the message, both behind the caller's back."""
        self._changed.set()
        status = asyncio.create_task(self._session.set_processing())
        self._writer = asyncio.create_task(self._write_message(status))

    def show_progress(self, sentence: str) -> None:
        """Say what docent is doing."""
        self._draft = replace(self._draft, progress=sentence)
        self._changed.set()

    def append(self, text: str) -> None:
        """More text; the first of it is shown at once, the rest about once a second."""
        if not self._text:
            self._hurry.set()
        self._text += text
        self._changed.set()

    async def finish(self, answer: Answer) -> None:
        """Show the answer's text in place of the appended, its sources and footer below."""
        text = render_text(answer.text) or answers.NOT_FOUND
        await self._finish_writing(
            replace(self._draft, text=text), answer_blocks.build_answer_tail(answer, self.context)
        )

    async def fail(self, sentence: str) -> None:
        """Show the sentence, below what was shown of the answer."""
        so_far = self._render_draft()
        text = f"{so_far.text}\n\n{sentence}" if so_far.text else sentence
        await self._finish_writing(replace(self._draft, text=text, failed=True), [])

    async def mark_stopped(self) -> None:
        """End what was shown with a word that it was stopped."""
        text = f"{self._render_draft().text}\n\n{answers.STOPPED}".strip()
        await self._finish_writing(replace(self._draft, text=text), [])

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
        """Show the answer as it grows, then close its message and set the session's status."""
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
            await self._session.clear_processing()

    async def _show_changes(self) -> None:
        while not self.stopped.is_set():
            await self._changed.wait()
            self._changed.clear()
            if not self._ending.is_set():
                await self._wait_for_flush()
            if self._ending.is_set():
                return
            await self._show_draft()

    async def _close_message(self) -> None:
        try:
            await self._message.close(self._draft, self._tail)
        except StreamEnded as ended:
            self._message = self._build_edited_message(ended)
            await self._message.close(self._draft, self._tail)

    def _render_draft(self) -> ReplyDraft:
        """What there is to show now: made once a flush, not with every piece of text."""
        if self._text:
            self._draft = replace(self._draft, text=render_text(self._text, last=False))
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
        """Wait until the next flush is due; the first text and the end don't wait."""
        pause = max(self._due - self._slack.clock(), self._message.pace.reserve())
        if pause > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._hurry.wait(), pause)
        self._hurry.clear()
        self._due = self._slack.clock() + self._flush_seconds

    def _build_edited_message(self, ended: StreamEnded) -> ReplyMessage:
        """Return a message that goes on where a stream ended."""
        posted = [ended.ts] if ended.ts else []
        return EditedMessage(self._slack, self._thread, message_timestamps=posted)


def render_text(text: str, *, last: bool = True) -> str:
    """Text as it may stand in a message: calls nobody, formulas readable; `last` is its end."""
    return markdown.neutralise_mentions(latex.render_formulas(text, last=last).strip())
