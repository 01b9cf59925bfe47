"""Signal sender: a stop or a deletion reaches open questions, even while the database is away."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from bot.background import BackgroundTasks
from bot.conversation.dispatcher import Dispatcher
from bot.storage.inbox_entry import Signal
from bot.storage.question_filter import QuestionFilter
from bot.types import IncomingMessage
from ingest.errors import StateError

LOOK_SECONDS = 1.5
"""Longest wait for the state database before the rest is done in the background."""

SEND_SECONDS = 1.0
SEND_TRIES = 120
"""Tries, and the pause between two, of a signal that could not be recorded."""

Withdraw = Callable[[IncomingMessage, tuple[str, ...]], Awaitable[None]]
"""Takes back what was shown for a question."""

logger = logging.getLogger(__name__)


class SignalSender:
    """Sends signals to the questions of one surface."""

    def __init__(self, dispatcher: Dispatcher, withdraw: Withdraw, tasks: BackgroundTasks) -> None:
        self._dispatcher = dispatcher
        self._withdraw = withdraw
        self._tasks = tasks

    async def send(self, signal: Signal, where: QuestionFilter) -> bool:
        """Send a signal to open questions; return True if there were any.

        Those that still waited have ended now, and what docent showed for them is removed.
        """
        try:
            ended, count = await asyncio.wait_for(
                self._dispatcher.send(signal, where), LOOK_SECONDS
            )
        except (StateError, TimeoutError) as error:
            logger.warning("A %s could not be recorded, and is tried again: %r", signal, error)
            self._tasks.start(self._send_later(signal, where))
            return False
        for entry in ended:
            self._tasks.start(self._take_back(entry.message, entry.posted))
        return bool(count)

    async def _take_back(self, message: IncomingMessage, posted: tuple[str, ...]) -> None:
        await self._withdraw(message, posted)

    async def _send_later(self, signal: Signal, where: QuestionFilter) -> None:
        """Send a signal as soon as the state database can be used."""
        for _ in range(SEND_TRIES):
            await asyncio.sleep(SEND_SECONDS)
            with suppress(StateError):
                ended, _ = await self._dispatcher.send(signal, where)
                for entry in ended:
                    await self._withdraw(entry.message, entry.posted)
                return
