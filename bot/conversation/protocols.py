"""What a conversation needs of its surroundings: a pipeline, a reply, the thread before."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Protocol

from bot.types import MessageKey, ThreadMessage
from rag_core.types import Answer, Event, Question


class Pipeline(Protocol):
    """The pipeline: synchronous, so it is iterated on a thread."""

    def stream(self, question: Question) -> Iterator[Event]:
        """The stages and the text of an answer; closing the iterator cancels it."""


class Reply(Protocol):
    """Where an answer appears. The first three return at once; showing goes on behind them."""

    stopped: asyncio.Event
    """Set when nobody wants the answer any more: no more text, no more tokens."""

    def begin(self) -> None:
        """Give the first sign of life."""

    def progress(self, sentence: str) -> None:
        """Say what docent is doing."""

    def append(self, text: str) -> None:
        """More text of the answer."""

    async def finish(self, answer: Answer) -> None:
        """Show the complete answer; its text replaces what was appended."""

    async def fail(self, sentence: str) -> None:
        """Say why there is no answer, below what was shown of it."""

    async def leave(self) -> None:
        """End what was shown as it stands: the answer was stopped."""


class ThreadHistory(Protocol):
    """Reads what was said in a thread."""

    async def read_before(
        self, key: MessageKey, thread_ts: str
    ) -> tuple[ThreadMessage, ...] | None:
        """Return the messages before one, oldest first; None where they can't be read."""
