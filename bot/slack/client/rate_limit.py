"""Pace: how often docent may call Slack, and what Slack lately said it can't do."""

from __future__ import annotations

from collections.abc import Callable

Clock = Callable[[], float]
"""Seconds that only grow, as `time.monotonic`."""


class TokenBucket:
    """Shares a rate between all replies: `rate` tokens a second, up to `size` saved up."""

    def __init__(self, *, rate: float, size: float, clock: Clock) -> None:
        self._rate = rate
        self._size = size
        self._clock = clock
        self._tokens = size
        self._filled_at = clock()

    def reserve(self) -> float:
        """Take one token; the seconds to wait before using it, 0 where one was there."""
        now = self._clock()
        earned = (now - self._filled_at) * self._rate
        self._tokens = min(self._size, self._tokens + earned) - 1
        self._filled_at = now
        return max(0.0, -self._tokens / self._rate)


class ExpiringSet:
    """Remembers for a while what does not work, so that it is not tried at every question."""

    def __init__(self, *, seconds: float, clock: Clock) -> None:
        self._seconds = seconds
        self._clock = clock
        self._until: dict[str, float] = {}

    def add(self, what: str, *, seconds: float | None = None) -> None:
        """`what` does not work, for `seconds` or the usual while."""
        self._until[what] = self._clock() + (self._seconds if seconds is None else seconds)

    def __contains__(self, what: str) -> bool:
        return self._clock() < self._until.get(what, 0.0)
