"""Rate limits: docent's own pace, the wait after a 429, and what Slack lately refused."""

from __future__ import annotations

from collections.abc import Callable

from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

Clock = Callable[[], float]
"""Seconds that only grow, as `time.monotonic`."""

_RETRIES = 2


def wait_out_429(client: AsyncWebClient) -> None:
    """Let a client wait after a 429, then call again.

    Streams have a client of their own that never does: text must not be appended twice.
    """
    client.retry_handlers.append(AsyncRateLimitErrorRetryHandler(max_retry_count=_RETRIES))


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
