"""What an answer needs of its surroundings: a pipeline, a reply, the thread before."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Protocol

from bot.types import AnswerContext, MessageKey, ThreadMessage
from rag_core.types import Answer, AnswerEvent, Question


class Pipeline(Protocol):
    """The pipeline: synchronous, so it is iterated on a thread."""

    def stream(self, question: Question) -> Iterator[AnswerEvent]:
        """Yield the stages and the text of an answer; closing the iterator cancels it."""


class Reply(Protocol):
    """Where an answer appears.

    `begin` comes first, and one of `finish`, `fail` and `leave` last. The first three methods
    return at once; showing goes on behind them.
    """

    stopped: asyncio.Event
    """Set when nobody wants the answer any more: no more text, no more tokens."""

    context: AnswerContext
    """Goes below the complete answer; set before `finish`."""

    @property
    def message_timestamps(self) -> tuple[str, ...]:
        """Time stamps of the messages that show the answer."""

    def begin(self) -> None:
        """Give the first sign of life: docent searches."""

    def show_progress(self, sentence: str) -> None:
        """Say what docent is doing now."""

    def append(self, text: str) -> None:
        """Add text to the answer."""

    async def finish(self, answer: Answer) -> None:
        """Show the complete answer; its text replaces what was appended."""

    async def fail(self, sentence: str) -> None:
        """Say why there is no answer, below what was shown of it."""

    async def mark_stopped(self) -> None:
        """End what was shown as it stands: the answer was stopped."""


class ThreadHistory(Protocol):
    """Reads what was said in a thread."""

    async def read_before(
        self, key: MessageKey, thread_ts: str
    ) -> tuple[ThreadMessage, ...] | None:
        """Return the messages before one, oldest first; None where they can't be read."""
