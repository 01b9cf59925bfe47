"""Rate limits: how often docent may call Slack, and what Slack lately refused."""

from __future__ import annotations

from collections.abc import Callable

Clock = Callable[[], float]
"""Seconds that only grow, as `time.monotonic`."""


class TokenBucket:
    """A rate that all replies share: `rate` tokens a second, at most `size` saved up."""

    def __init__(self, *, rate: float, size: float, clock: Clock) -> None:
        self._rate = rate
        self._size = size
        self._clock = clock
        self._tokens = size
        self._filled_at = clock()

    def reserve(self) -> float:
        """Take one token, and return the seconds to wait before using it.

        Return 0 if a token was available.
        """
        now = self._clock()
        earned = (now - self._filled_at) * self._rate
        self._tokens = min(self._size, self._tokens + earned) - 1
        self._filled_at = now
        return max(0.0, -self._tokens / self._rate)


class ExpiringSet:
    """A set whose entries expire, such as the methods that Slack lately refused."""

    def __init__(self, *, seconds: float, clock: Clock) -> None:
        self._seconds = seconds
        self._clock = clock
        self._until: dict[str, float] = {}

    def add(self, entry: str, *, seconds: float | None = None) -> None:
        """Add an entry, for `seconds` or the set's usual time."""
        self._until[entry] = self._clock() + (self._seconds if seconds is None else seconds)

    def __contains__(self, entry: str) -> bool:
        return self._clock() < self._until.get(entry, 0.0)
