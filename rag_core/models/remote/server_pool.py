"""Several servers of one model: requests go where they end soonest, and around a failed server."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from typing import TypeVar

from rag_core.breaker import CircuitBreaker
from rag_core.cancellation import check_cancelled, stop_when_cancelled
from rag_core.deadline import find_seconds_left, is_time_over, limit_time
from rag_core.english import format_count
from rag_core.errors import ModelError, ModelUnavailableError
from rag_core.models.remote.http_client import (
    INTERACTIVE_RETRIES,
    QUESTION_RETRIES,
    ModelServer,
    RefusedTextError,
    RetryPolicy,
)
from rag_core.models.remote.server_address import Address
from rag_core.outages import Outages

logger = logging.getLogger(__name__)

Result = TypeVar("Result")
Request = Callable[[ModelServer, RetryPolicy], Result]
"""A request to one server, within these limits of retries."""

IN_FLIGHT = 8
"""Requests of index builds that one server has at a time. Questions wait for no place in line."""

_READY = 2  # calls that wait for a place at a server, so that none is free for a moment
_QUESTION_SECONDS = 4.0  # for one of several servers: while it embeds batches, it may need seconds
_PAUSE_SECONDS = 5.0
_MEMORY = 0.98  # of the measured speed: the last 50 requests count most
_FORGETTING_SECONDS = 60.0


@dataclass(eq=False, slots=True)
class _Member:
    """One server, and how quickly it ends what it is given.

    Attributes:
        server: its client.
        breaker: says when it may be asked again after a failure.
        is_out: whether it failed, and has not worked since.
        refusal: why it can't be used beside the others; None if nothing is known against it.
        in_flight: requests that it has now.
        building: those of them that belong to index builds.
    """

    server: ModelServer
    breaker: CircuitBreaker = field(
        default_factory=lambda: CircuitBreaker(limit=1, pause=_PAUSE_SECONDS)
    )
    is_out: bool = False
    refusal: ModelError | None = None
    in_flight: int = 0
    building: int = 0
    _ended: float = 0.0
    _busy: float = 0.0
    _since: float = 0.0

    def begin(self) -> None:
        """Count a request that begins."""
        if not self.in_flight:
            self._since = time.monotonic()
        self.in_flight += 1

    def end(self) -> None:
        """Count a request that ended."""
        now = time.monotonic()
        self._ended = self._ended * _MEMORY + 1
        self._busy = self._busy * _MEMORY + now - self._since
        self._since = now
        self.in_flight -= 1

    @property
    def load(self) -> tuple[float, int]:
        """Return the seconds until one more request would end, and its requests."""
        pace = self._busy / self._ended if self._ended else 0.0
        # Else a server that was slow once, while it loaded its model, would get no question again.
        rest = 0.0 if self.in_flight else time.monotonic() - self._since
        return (self.in_flight + 1) * pace * 0.5 ** (rest / _FORGETTING_SECONDS), self.in_flight


class ServerPool:
    """The servers of one model; may be used from several threads.

    A server that fails is left out for a while, and its request goes to another. Then a thread asks
    it whether it works again, so that no request waits for it. Where none works, each request goes
    to one of them with its own retries, as to a server that is alone.

    Args:
        servers: one or several, which should serve the same model.
        check: raises a ModelError if a server can't be used beside the others. It is called before
            one of several servers is used, and again after each of its failures.
    """

    def __init__(self, servers: Sequence[ModelServer], check: Request[None]) -> None:
        self._members = [_Member(server) for server in servers]
        self._check = check
        self._changed = threading.Condition()
        self._is_checking = False
        self._is_warm = False

    @property
    def parallel(self) -> int:
        """Requests of an index build that keep all servers busy."""
        return (IN_FLIGHT + _READY) * len(self._members)

    def warm_up(self, retries: RetryPolicy = INTERACTIVE_RETRIES) -> None:
        """Check every server once.

        One that is down is only logged if another works. Where none works, each is asked with its
        own retries until one works, as a server that is alone; a question does not wait for that.

        Args:
            retries: limits of the retries where none works.

        Raises:
            ModelUnavailableError: none works.
            ModelError: one can't be used, or not beside the others.
        """
        with self._wait_for_check():
            if self._is_warm:
                return
            down = self._check_each(self._limit_retries(retries))
            if len(down) < len(self._members) and not (down and is_time_over()):
                self._begin_use(down)
                return
            if len(self._members) == 1 or find_seconds_left() is not None:
                raise next(iter(down.values()))
        # Without the lock, so that a question meanwhile finds the server that works again.
        del down[self._wait_for_one(retries)]
        self._begin_use(down)

    def _begin_use(self, down: Mapping[_Member, ModelUnavailableError]) -> None:
        for problem in down.values():
            logger.warning("%s The other servers are used without it.", problem)
        self._is_warm = True

    def _wait_for_one(self, retries: RetryPolicy) -> _Member:
        """Check servers, each with its own retries, until one works."""
        errors: list[ModelUnavailableError] = []
        for member in self._members:
            try:
                self._check(member.server, retries)
            except ModelUnavailableError as error:
                errors.append(error)
            else:
                self._take_in(member)
                return member
        raise errors[0]

    def _check_each(self, retries: RetryPolicy) -> dict[_Member, ModelUnavailableError]:
        """Check the servers; return the errors of those that are down."""
        down: dict[_Member, ModelUnavailableError] = {}
        for member in self._members:
            try:
                with self._limit_question():
                    self._check(member.server, retries)
            except ModelUnavailableError as error:
                down[member] = error
                if is_time_over():
                    break
                self._leave_out(member)
            else:
                self._take_in(member)
        return down

    @contextmanager
    def _wait_for_check(self) -> Iterator[None]:
        """Let one thread check; a question waits no longer than it may."""
        with stop_when_cancelled(self._end_waiting), self._changed:
            while self._is_checking:
                check_cancelled()
                if not self._changed.wait(find_seconds_left()):
                    raise ModelUnavailableError(
                        "The model servers were not checked in time: look at their load and log."
                    )
            self._is_checking = True
        try:
            yield
        finally:
            self._is_checking = False
            self._end_waiting()

    def ask(self, request: Request[Result], retries: RetryPolicy) -> Result:
        """Ask the server that would answer soonest, or another if it fails.

        Args:
            request: asks a server; a RefusedTextError of it is not a failure of the server.
            retries: limits of a request to a server that is alone.

        Returns:
            What the request returned.

        Raises:
            ModelUnavailableError: all servers are down, busy, failing or too slow.
            ModelError: the last of them refused the request, or its answer can't be used.
        """
        is_question = find_seconds_left() is not None
        with limit_time(QUESTION_RETRIES.seconds) if is_question else nullcontext():
            if len(self._members) > 1:
                self.warm_up(retries)
            tried: set[_Member] = set()
            while (member := self._begin(tried, is_question=is_question)) is not None:
                tried.add(member)
                try:
                    with self._count(member, is_question=is_question), self._limit_question():
                        return request(member.server, self._limit_retries(retries))
                except RefusedTextError:
                    raise
                except ModelError as error:
                    # With the question's own time over, nothing is known against the server.
                    if len(self._members) == 1 or is_time_over():
                        raise
                    self._leave_out(member)
                    logger.warning("%s The request goes to another server.", error)
            member = self._begin_any(is_question=is_question)
            with self._count(member, is_question=is_question):
                result = request(member.server, retries)
        self._take_in(member)
        return result

    def _limit_question(self) -> AbstractContextManager[None]:
        """Limit the time of a question at one of several servers."""
        is_limited = find_seconds_left() is not None and len(self._members) > 1
        return limit_time(_QUESTION_SECONDS) if is_limited else nullcontext()

    def _limit_retries(self, retries: RetryPolicy) -> RetryPolicy:
        """Return the limits for a server: one attempt if there is another."""
        return retries if len(self._members) == 1 else replace(retries, attempts=1)

    def _begin(self, tried: Collection[_Member], *, is_question: bool) -> _Member | None:
        """Wait for a free place at a server that works.

        Return None if there is none to try.
        """
        self._ask_those_left_out()
        with stop_when_cancelled(self._end_waiting), self._changed:
            while True:
                check_cancelled()
                working = [m for m in self._members if not m.is_out and m not in tried]
                free = [m for m in working if is_question or m.building < IN_FLIGHT]
                if free or not working:
                    return self._take(free, is_question=is_question)
                self._changed.wait()

    def _begin_any(self, *, is_question: bool) -> _Member:
        """Take a server although all failed.

        Raises:
            ModelError: none can be used.
        """
        with self._changed:
            usable = [member for member in self._members if member.refusal is None]
            member = self._take(usable, is_question=is_question)
        if member is None:
            raise next(member.refusal for member in self._members if member.refusal)
        return member

    def _take(self, members: Sequence[_Member], *, is_question: bool) -> _Member | None:
        if not members:
            return None
        member = min(members, key=lambda member: member.load)
        member.begin()
        member.building += not is_question
        return member

    @contextmanager
    def _count(self, member: _Member, *, is_question: bool) -> Iterator[None]:
        """Count a request that has begun until it ends."""
        try:
            yield
        finally:
            with self._changed:
                member.end()
                member.building -= not is_question
                self._changed.notify_all()

    def _end_waiting(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _leave_out(self, member: _Member, *, was_asked_again: bool = False) -> None:
        with self._changed:
            # All that a server had in flight fails at once: that is one failure.
            if was_asked_again or not member.is_out:
                member.breaker.record_failure()
            member.is_out = True
            self._changed.notify_all()

    def _take_in(self, member: _Member) -> None:
        with self._changed:
            member.is_out = False
            member.refusal = None
            member.breaker.record_success()
            self._changed.notify_all()

    def _ask_those_left_out(self) -> None:
        for member in self._members:
            if member.is_out and member.breaker.try_begin():
                threading.Thread(
                    target=self._ask_again, args=(member,), name="model server", daemon=True
                ).start()

    def _ask_again(self, member: _Member) -> None:
        """Ask a server that had failed whether it can be used again."""
        try:
            self._check(member.server, replace(INTERACTIVE_RETRIES, attempts=1))
        except ModelUnavailableError:
            self._leave_out(member, was_asked_again=True)
        except ModelError as error:
            logger.error("%s", error)  # noqa: TRY400 - the sentence says it all
            member.refusal = member.server.report(error)
            self._leave_out(member, was_asked_again=True)
        else:
            self._take_in(member)


def open_servers(addresses: Sequence[Address], outages: Outages) -> list[ModelServer]:
    """Build the clients of servers of one model; ask nothing yet.

    They report their outages as one service.
    """
    if len(addresses) == 1:
        return [ModelServer(addresses[0], outages)]
    own = [Outages() for _ in addresses]
    service = addresses[0].variables.service

    def report_all(*_: object) -> None:
        sentences = [outage.sentence for each in own for outage in each.list_current()]
        if not sentences:
            outages.clear(service)
        else:
            working = len(own) - len(sentences)
            rest = f"; {format_count(working, 'other server')} still answer." if working else "."
            outages.report(service, " ".join(sentences).removesuffix(".") + rest)

    for each in own:
        each.subscribe(report_all)
    return [ModelServer(*pair) for pair in zip(addresses, own, strict=True)]
