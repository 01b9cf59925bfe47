"""The Slack side of a conversation: shows an answer as it grows, on the best rung there is."""

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
from bot.slack.client.workspace import Draft, Place, Slack
from bot.slack.reply.editing import EditedMessage
from bot.slack.reply.streaming import STREAMING, Stopped, StreamedMessage, StreamLost
from bot.slack.reply.thread_status import Session
from bot.slack.views import answer_blocks
from bot.texts import answers
from bot.types import Footing
from rag_core.types import Answer

FLUSH_SECONDS = 1.0

logger = logging.getLogger(__name__)


class Message(Protocol):
    """A rung of the ladder: one answer, shown in its way."""

    @property
    def pace(self) -> TokenBucket:
        """The rate this kind of message shares."""

    @property
    def standing(self) -> tuple[str, ...]:
        """Time stamps of what was posted."""

    async def show(self, draft: Draft) -> None:
        """Show what there is so far."""

    async def close(self, draft: Draft, tail: list[Block]) -> None:
        """Show the complete text and what stands below it."""


class SlackReply:
    """A `Reply` in a thread.

    One writer task does all the showing, so that neither the pipeline nor its text waits for Slack:
    text that comes while a call is under way goes out with the next.
    """

    def __init__(
        self,
        slack: Slack,
        place: Place,
        *,
        over: Sequence[str] = (),
        flush_seconds: float = FLUSH_SECONDS,
    ) -> None:
        """`over` are docent's messages that stand there already, to be replaced."""
        self._slack = slack
        self._place = place
        self._flush_seconds = flush_seconds
        self._session = Session(slack, place)
        self._message = self._first_rung(over)
        self._draft = Draft(progress=answers.SEARCHING)
        self._text = ""
        self._due = 0.0
        self._ending = False
        self.footing = Footing()
        self.stopped = asyncio.Event()
        self._changed, self._hurry = asyncio.Event(), asyncio.Event()
        self._work: list[asyncio.Task[None]] = []

    def begin(self) -> None:
        """Set the session's status and start the message, both behind the caller's back."""
        self._changed.set()
        self._work = [
            asyncio.create_task(self._session.begin()),
            asyncio.create_task(self._write()),
        ]

    def progress(self, sentence: str) -> None:
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
        text = shown(answer.text) or answers.NOT_FOUND
        await self._end(
            replace(self._draft, text=text), answer_blocks.answer_tail(answer, self.footing)
        )

    async def fail(self, sentence: str) -> None:
        """Show the sentence, below what was shown of the answer."""
        so_far = self._so_far()
        text = f"{so_far.text}\n\n{sentence}" if so_far.text else sentence
        await self._end(replace(self._draft, text=text, failed=True), [])

    async def leave(self) -> None:
        """End what was shown with a word that it was stopped."""
        text = f"{self._so_far().text}\n\n{answers.STOPPED}".strip()
        await self._end(replace(self._draft, text=text), [])

    @property
    def standing(self) -> tuple[str, ...]:
        """Time stamps of the messages that show the answer."""
        return self._message.standing

    async def _end(self, draft: Draft, tail: list[Block]) -> None:
        self._ending = True
        self._hurry.set()
        self._changed.set()
        for result in await asyncio.gather(*self._work, return_exceptions=True):
            if isinstance(result, Exception):
                logger.error("Showing an answer failed half-way.", exc_info=result)
        try:
            await self._close(draft, tail)
        except Stopped:
            logger.info("The reader stopped an answer at its end.")
        finally:
            await self._session.end()

    async def _close(self, draft: Draft, tail: list[Block]) -> None:
        try:
            await self._message.close(draft, tail)
        except StreamLost as lost:
            self._message = self._second_rung(lost)
            await self._message.close(draft, tail)

    async def _write(self) -> None:
        while not (self._ending or self.stopped.is_set()):
            await self._changed.wait()
            self._changed.clear()
            await self._rest()
            if not self._ending:
                await self._show()

    def _so_far(self) -> Draft:
        """What there is to show now: made once a flush, not with every piece of text."""
        if self._text:
            self._draft = replace(self._draft, text=shown(self._text, last=False))
        return self._draft

    async def _show(self) -> None:
        draft = self._so_far()
        try:
            await self._message.show(draft)
        except Stopped:
            self.stopped.set()
        except StreamLost as lost:
            self._message = self._second_rung(lost)
            await self._message.show(draft)

    async def _rest(self) -> None:
        """Wait until the next flush is due; the first text and the end don't wait."""
        pause = max(self._due - self._slack.clock(), self._message.pace.reserve())
        if pause > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._hurry.wait(), pause)
        self._hurry.clear()
        self._due = self._slack.clock() + self._flush_seconds

    def _first_rung(self, over: Sequence[str]) -> Message:
        if over or STREAMING in self._slack.unavailable:
            return EditedMessage(self._slack, self._place, standing=over)
        return StreamedMessage(self._slack, self._place, self._session)

    def _second_rung(self, lost: StreamLost) -> Message:
        return EditedMessage(self._slack, self._place, standing=[lost.ts] if lost.ts else [])


def shown(text: str, *, last: bool = True) -> str:
    """Text as it may stand in a message: calls nobody, formulas readable; `last` is its end."""
    return markdown.harmless(latex.readable(text, last=last).strip())
