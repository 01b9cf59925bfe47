"""A reply to somebody who has not called docent: nothing is shown before there is an answer."""

from __future__ import annotations

import asyncio
import logging

from bot.conversation.protocols import Reply
from rag_core.types import Answer

logger = logging.getLogger(__name__)


def shows(answer: Answer) -> bool:
    """Whether an answer that nobody asked docent for is worth saying."""
    return answer.status == "answered" and "unsupported" not in answer.degraded


class QuietReply:
    """Shows a complete answer that rests on the documentation; anything else it keeps to itself."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply
        self.stopped: asyncio.Event = reply.stopped

    def begin(self) -> None:
        """No sign of life: it may be that there is nothing to say."""

    def progress(self, sentence: str) -> None:
        """Nobody waits."""

    def append(self, text: str) -> None:
        """Only the complete answer says whether it is one."""

    async def finish(self, answer: Answer) -> None:
        """Show the answer, if it is one."""
        if shows(answer):
            self._reply.begin()
            await self._reply.finish(answer)

    async def fail(self, sentence: str) -> None:
        """Nobody asked docent, so nobody is told; the log has it."""
        logger.info("A question that nobody put to docent got no answer: %s", sentence)

    async def leave(self) -> None:
        """Nothing was shown."""
