"""A circuit breaker: a service that took too long is not waited for again for a while.

The known libraries keep their pause, know no streams whose time-out comes late, or want a store of
their own; docent needs these few lines.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

FAILURES = 3
"""Time-outs in a row after which a service is left alone."""

PAUSE_SECONDS = 30.0
"""The first pause; each probe that fails doubles it."""

LONGEST_PAUSE_SECONDS = 300.0


class CircuitBreaker:
    """Counts the time-outs of one service; may be used from several threads.

    After the pause one call may probe the service, and the others go on without it until the probe
    has succeeded.

    Args:
        limit: failures in a row after which the service is left alone.
        pause: seconds of the first pause.
        clock: monotonic seconds; tests pass their own.
    """

    def __init__(
        self,
        *,
        limit: int = FAILURES,
        pause: float = PAUSE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit = limit
        self._first_pause = pause
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._pause = pause
        self._opens_at = 0.0

    def is_open(self) -> bool:
        """Return True if calls are refused at the moment."""
        return self._failures >= self._limit and self._clock() < self._opens_at

    def try_begin(self) -> bool:
        """Return True if a call may begin, which then reports its end."""
        with self._lock:
            if self._failures < self._limit:
                return True
            if self._clock() < self._opens_at:
                return False
            # This one probes. If it never reports, the next probe comes after another pause.
            self._opens_at = self._clock() + self._pause
            return True

    def record_success(self) -> None:
        """Record that the service answered."""
        if self._failures:
            with self._lock:
                self._failures, self._pause = 0, self._first_pause

    def record_failure(self) -> None:
        """Record that the service took too long, or could not be reached."""
        with self._lock:
            self._failures += 1
            if self._failures < self._limit:
                return
            if self._failures > self._limit:
                self._pause = min(2 * self._pause, LONGEST_PAUSE_SECONDS)
            self._opens_at = self._clock() + self._pause
