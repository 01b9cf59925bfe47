"""Rate limits: docent's own pace, the wait after a 429, and what Slack lately refused."""

from __future__ import annotations

from collections.abc import Callable

from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

Clock = Callable[[], float]
"""Seconds that only grow, as `time.monotonic`."""

_RETRIES = 2

CALLS_A_MINUTE = {
    "agents.sessions.setStatus": 50,
    "assistant.threads.setStatus": 600,
    "chat.appendStream": 100,
    "chat.delete": 50,
    "chat.postEphemeral": 100,
    "chat.postMessage": 60,
    "chat.startStream": 20,
    "chat.stopStream": 20,
    "chat.update": 50,
    "conversations.history": 50,
    "conversations.replies": 50,
    "users.conversations": 50,
}
"""Calls that Slack takes of a method in a minute, by its tiers; of a post, in each channel.

https://docs.slack.dev/apis/web-api/rate-limits has the tiers, the page of a method names its own.
That of `assistant.threads.setStatus` says "special", which apps have seen to be about 600.
"""

_BURST = 0.3
"""The part of a minute's calls that may go out at once."""

_CAUTION = 0.95
"""The part of Slack's rate that docent uses: a call may arrive later than it was sent."""


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
        self._fill()
        self._tokens -= 1
        return max(0.0, -self._tokens / self._rate, self._filled_at - self._clock())

    def take(self, count: int = 1, *, spare: float = 0.0) -> bool:
        """Take tokens if they are there.

        Leave the part `spare` of the bucket. Return False if nothing was taken.
        """
        if self.compute_pause(count, spare=spare) > 0:
            return False
        self._tokens -= count
        return True

    def put_back(self, count: int = 1) -> None:
        """Give tokens back that were not used."""
        self._tokens = min(self._size, self._tokens + count)

    def compute_pause(self, count: int = 1, *, spare: float = 0.0) -> float:
        """Return the seconds until so many tokens can be taken.

        Return 0 if they can be now.
        """
        self._fill()
        missing = min(count + spare * self._size, self._size) - self._tokens
        return max(0.0, missing / self._rate, self._filled_at - self._clock())

    def hold_back(self, seconds: float) -> None:
        """Give no token for some seconds.

        Slack said that the rate is used up.
        """
        self._fill()
        self._tokens = min(self._tokens, self._size / 2)
        self._filled_at = max(self._filled_at, self._clock() + seconds)

    def _fill(self) -> None:
        now = self._clock()
        if now > self._filled_at:
            earned = (now - self._filled_at) * self._rate
            self._tokens = min(self._size, self._tokens + earned)
            self._filled_at = now


class MethodRates:
    """A bucket for each method of the Web API, and for posts one for each channel."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._buckets: dict[tuple[str, str], TokenBucket] = {}

    def get(self, method: str, channel: str = "") -> TokenBucket:
        """Return the bucket of a method, and of a channel for posts."""
        key = (method, channel if method == "chat.postMessage" else "")
        if key not in self._buckets:
            calls = CALLS_A_MINUTE[method] * _CAUTION
            self._buckets[key] = TokenBucket(
                rate=calls * (1 - _BURST) / 60, size=calls * _BURST, clock=self._clock
            )
        return self._buckets[key]


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
