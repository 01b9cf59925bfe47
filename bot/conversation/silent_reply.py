"""A reply to a message without a mention: it shows an answer, or nothing at all."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from bot.conversation.protocols import Reply
from bot.types import AnswerContext
from rag_core.types import Answer

logger = logging.getLogger(__name__)


def is_worth_posting(answer: Answer) -> bool:
    """Return True if an answer without a mention is worth posting."""
    return answer.status == "answered" and "unsupported" not in answer.degraded


class SilentReply:
    """Shows a complete answer that is worth posting, and nothing else."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self.stopped: asyncio.Event = reply.stopped
        self._has_begun = False

    @property
    def context(self) -> AnswerContext:
        """The lines below the answer."""
        return self._reply.context

    @context.setter
    def context(self, context: AnswerContext) -> None:
        self._reply.context = context

    @property
    def on_posted(self) -> Callable[[tuple[str, ...]], None]:
        """Called with the time stamps of its messages when they change."""
        return self._reply.on_posted

    @on_posted.setter
    def on_posted(self, callback: Callable[[tuple[str, ...]], None]) -> None:
        self._reply.on_posted = callback

    @property
    def message_timestamps(self) -> tuple[str, ...]:
        """Time stamps of the messages that show the answer."""
        return self._reply.message_timestamps

    def begin(self) -> None:
        """Show nothing: there may be no answer."""

    def show_progress(self, sentence: str) -> None:
        """Show nothing: the author does not wait for docent."""

    def append(self, text: str) -> None:
        """Show nothing before the answer is complete."""

    async def finish(self, answer: Answer) -> None:
        """Show the answer if it is worth posting."""
        if is_worth_posting(answer):
            self._has_begun = True
            self._reply.begin()
            await self._reply.finish(answer)

    async def fail(self, sentence: str) -> None:
        """Log why there is no answer; the author did not ask docent."""
        logger.info("A question without a mention got no answer: %s", sentence)

    async def mark_stopped(self) -> None:
        """Show nothing: there is no message to mark."""

    def abandon(self) -> None:
        """Show nothing more."""
        if self._has_begun:
            self._reply.abandon()
