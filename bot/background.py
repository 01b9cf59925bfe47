"""Background tasks: hold them until they end, and wait for them at shutdown."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

logger = logging.getLogger(__name__)


class BackgroundTasks:
    """Holds a strong reference to every task: asyncio itself keeps only weak ones."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._running)

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Start a task for `work`, and log the exception it raises."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._on_task_done)
        return task

    def _on_task_done(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("A background task failed.", exc_info=error)

    async def drain(self, seconds: float, *, cleanup_seconds: float = 5.0) -> None:
        """Let the tasks finish, and cancel those left after `seconds`.

        Cancelled tasks get `cleanup_seconds` to clean up.
        """
        await self.wait(seconds)
        self.cancel()
        await self.wait(cleanup_seconds)

    async def wait(self, seconds: float) -> None:
        """Wait until all tasks have ended, at most so many seconds."""
        if self._running:
            await asyncio.wait(self._running, timeout=seconds)

    def cancel(self) -> None:
        """Cancel all tasks."""
        for task in self._running:
            task.cancel()
