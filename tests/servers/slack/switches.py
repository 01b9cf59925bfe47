"""Switches that make the local Slack misbehave."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from tests.servers.slack.arguments import METHODS
from tests.servers.slack.store import SlackError
from tests.servers.waiting import Changes

STREAMING = ("chat.startStream", "chat.appendStream", "chat.stopStream")


@dataclass(frozen=True)
class Fault:
    """A fault of the next call of a method, instead of its work or after it."""

    error: str
    status: int = 200
    retry_after: int | None = None
    work_done: bool = False
    is_cut: bool = False


Wanted = Callable[[str, dict[str, Any]], bool]
"""Tells by a call's method and raw arguments whether it is meant."""


class Hold:
    """Calls that wait, before their work or after it with the reply kept back.

    Attributes:
        calls: method and arguments of each call that came, in order.
    """

    def __init__(self, wanted: Wanted, *, done: bool) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.wanted = wanted
        self.done = done
        self._carried_on: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    @property
    def is_over(self) -> bool:
        """True once the calls were released or dropped."""
        return self._carried_on.done()

    def release(self) -> None:
        """Let the calls go on, and hold no more of them."""
        self._end(carried_on=True)

    def drop(self) -> None:
        """End the calls with a 503, and hold no more of them."""
        self._end(carried_on=False)

    def _end(self, *, carried_on: bool) -> None:
        if not self.is_over:
            self._carried_on.set_result(carried_on)

    async def wait(self) -> bool:
        """Wait as a call does; return False if it was dropped."""
        return await self._carried_on


class Switches:
    """The misbehaving half of `SlackServer`. All of it is off until a test turns it on.

    Attributes:
        latency: seconds that every call takes, as if Slack were far away.
    """

    changes: Changes
    latency = 0.0

    def __init__(self) -> None:
        self.clock: Callable[[], float] = time.monotonic
        self._faults: dict[str, deque[Fault]] = defaultdict(deque)
        self._outages: list[tuple[Collection[str] | None, Fault, float]] = []
        self._missing: dict[str, str] = {}
        self._gates: dict[str, asyncio.Event] = {}
        self._rates: dict[tuple[str, str], deque[float]] | None = None
        self._holds: list[Hold] = []
        self._refusal: tuple[Wanted, Fault] | None = None

    def rate_limit(self, method: str, *, times: int = 1, retry_after: int = 1) -> None:
        """Answer the next calls of a method with 429."""
        fault = Fault("ratelimited", status=429, retry_after=retry_after)
        self._faults[method].extend([fault] * times)

    def fail(
        self, method: str, error: str = "internal_error", *, times: int = 1, status: int = 200
    ) -> None:
        """Refuse the next calls of a method with an error code."""
        self._faults[method].extend([Fault(error, status=status)] * times)

    def refuse_calls(self, wanted: Wanted, fault: Fault) -> None:
        """Refuse all calls that are wanted, until `accept_calls`."""
        self._refusal = (wanted, fault)

    def accept_calls(self) -> None:
        """Refuse no more calls."""
        self._refusal = None

    def fail_for(
        self,
        seconds: float = float("inf"),
        error: str = "internal_error",
        *,
        methods: Collection[str] | None = None,
        status: int = 200,
    ) -> None:
        """Refuse all calls, or those of some methods, for a time; `recover` ends it earlier."""
        self._outages.append((methods, Fault(error, status=status), self.clock() + seconds))

    def recover(self) -> None:
        """End what `fail_for` began."""
        self._outages.clear()

    def lose_reply(self, method: str, *, times: int = 1) -> None:
        """Do the work of the next calls, then cut the connection instead of answering."""
        self._faults[method].extend([Fault("", work_done=True)] * times)

    def lose_call(self, method: str, *, times: int = 1) -> None:
        """Cut the connection of the next calls, which do nothing."""
        self._faults[method].extend([Fault("", is_cut=True)] * times)

    def lack(self, *methods: str, error: str = "unknown_method") -> None:
        """From now on these methods do not exist."""
        self._missing |= dict.fromkeys(methods, error)

    def lack_streaming(self, error: str = "unknown_method") -> None:
        """A workspace without streaming."""
        self.lack(*STREAMING, error=error)

    def hold(self, method: str) -> asyncio.Event:
        """Calls of a method wait until the event is set; they are recorded as they come."""
        self._gates[method] = asyncio.Event()
        return self._gates[method]

    def limit_rates(self) -> None:
        """Keep to Slack's calls a minute for each method, chat.postMessage for each channel."""
        self._rates = defaultdict(deque)

    def hold_calls(self, wanted: Wanted, *, done: bool = False) -> Hold:
        """Hold the calls that are wanted, in `done` after their work; others go on."""
        hold = Hold(wanted, done=done)
        self._holds.append(hold)
        return hold

    async def pass_holds(self, method: str, arguments: dict[str, Any], *, done: bool) -> bool:
        """Wait where a call is held; return False if it is not to go on."""
        self._holds = [hold for hold in self._holds if not hold.is_over]
        for hold in self._holds:
            if hold.done == done and hold.wanted(method, arguments):
                hold.calls.append((method, arguments))
                self.changes.notify()
                if not await hold.wait():
                    return False
        return True

    def release(self) -> None:
        """Let every held call go on."""
        for gate in self._gates.values():
            gate.set()
        for hold in self._holds:
            hold.release()

    async def held(self, method: str) -> None:
        """Wait where calls of the method are held."""
        if method in self._gates:
            await self._gates[method].wait()

    def next_fault(self, method: str, arguments: dict[str, Any]) -> Fault | None:
        """Return what is to go wrong with this call.

        Raises:
            SlackError: the method was taken away.
        """
        if method in self._missing:
            raise SlackError(self._missing[method], fault=False)
        if self._refusal and self._refusal[0](method, arguments):
            return self._refusal[1]
        if faults := self._faults[method]:
            return faults.popleft()
        for methods, fault, until in self._outages:
            if self.clock() < until and (methods is None or method in methods):
                return fault
        return self._over_rate(method, arguments)

    def _over_rate(self, method: str, arguments: dict[str, Any]) -> Fault | None:
        if self._rates is None:
            return None
        per_channel = method == "chat.postMessage"
        key = (method, str(arguments.get("channel")) if per_channel else "")
        recent, now = self._rates[key], self.clock()
        while recent and recent[0] <= now - 60:
            recent.popleft()
        if len(recent) >= METHODS[method].rate:
            return Fault("ratelimited", status=429, retry_after=max(1, int(recent[0] + 60 - now)))
        recent.append(now)
        return None
