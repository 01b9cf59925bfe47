"""Probe: a blocking check with a limit, whose result is kept for some seconds."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable

from rag_core.errors import DocentError

LIMIT_SECONDS = 2.0
"""Most time that the caller waits."""

KEEP_SECONDS = 5.0
"""Time for which a result is not asked for again."""

Check = Callable[[], object]
"""Blocks; raises a DocentError whose sentence says what is not ready."""

logger = logging.getLogger(__name__)


class Probe:
    """Runs a check on a thread of its own, and one at a time.

    A check that hangs holds neither the event loop nor the end of the process, and is not started
    a second time meanwhile.
    """

    def __init__(
        self,
        check: Check,
        *,
        limit_seconds: float = LIMIT_SECONDS,
        keep_seconds: float = KEEP_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._check = check
        self._limit_seconds = limit_seconds
        self._keep_seconds = keep_seconds
        self._clock = clock
        self._reason = ""
        self._checked_at: float | None = None
        self._running: asyncio.Future[str] | None = None

    async def find_problem(self) -> str:
        """Return the sentence of the check's error; empty if it passes."""
        if self._checked_at is not None and self._clock() - self._checked_at < self._keep_seconds:
            return self._reason
        if self._running is None:
            self._running = self._start()
        done, _ = await asyncio.wait({self._running}, timeout=self._limit_seconds)
        if not done:
            return f"There was no answer within {self._limit_seconds:g} s."
        return self._reason

    def _start(self) -> asyncio.Future[str]:
        """Start the check on a daemon, so that the process can end."""
        loop = asyncio.get_running_loop()
        result: asyncio.Future[str] = loop.create_future()

        def keep(reason: str) -> None:
            self._reason, self._checked_at, self._running = reason, self._clock(), None
            if not result.done():
                result.set_result(reason)

        def run() -> None:
            reason = self._run_check()
            with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(keep, reason)

        threading.Thread(target=run, name="probe", daemon=True).start()
        return result

    def _run_check(self) -> str:
        try:
            self._check()
        except DocentError as error:
            return str(error)
        except Exception as error:
            logger.exception("A check of docent's health failed unexpectedly.")
            return f"The check failed unexpectedly ({type(error).__name__})."
        return ""
