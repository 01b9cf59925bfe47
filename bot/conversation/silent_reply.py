"""A reply to somebody who has not called docent: nothing is shown before there is an answer."""

from __future__ import annotations

import asyncio
import logging

from bot.conversation.protocols import Reply
from bot.types import AnswerContext
from rag_core.types import Answer

logger = logging.getLogger(__name__)


def is_worth_posting(answer: Answer) -> bool:
    """Return whether an answer that nobody asked docent for is worth posting."""
    return answer.status == "answered" and "unsupported" not in answer.degraded


class SilentReply:
    """Shows a complete answer that rests on the documentation; anything else it keeps to itself."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self.stopped: asyncio.Event = reply.stopped

    @property
    def context(self) -> AnswerContext:
        """What goes below the answer."""
        return self._reply.context

    @context.setter
    def context(self, context: AnswerContext) -> None:
        self._reply.context = context

    @property
    def message_timestamps(self) -> tuple[str, ...]:
        """Time stamps of the messages that show the answer."""
        return self._reply.message_timestamps

    def begin(self) -> None:
        """No sign of life: it may be that there is nothing to say."""

    def show_progress(self, sentence: str) -> None:
        """Nobody waits."""

    def append(self, text: str) -> None:
        """Only the complete answer says whether it is one."""

    async def finish(self, answer: Answer) -> None:
        """Show the answer, if it is one."""
        if is_worth_posting(answer):
            self._reply.begin()
            await self._reply.finish(answer)

    async def fail(self, sentence: str) -> None:
        """Nobody asked docent, so nobody is told; the log has it."""
        logger.info("A question that nobody put to docent got no answer: %s", sentence)

    async def mark_stopped(self) -> None:
        """Nothing was shown."""
