"""Problem watch: tells the admins once what does not work, and once that it works again."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from typing import Protocol

from bot.health.probe import Check
from bot.storage.problems import Problem, Problems, normalise_text
from ingest.errors import StateError
from rag_core.outages import Outage, Outages, Service

CHECK_SECONDS = 10.0
"""From one check of the state database to the next."""

QUIET_SECONDS = 600.0
"""Time in which a problem that comes and goes is not told a second time."""

LONGEST_PAUSE = 3600.0
"""The longest pause between tries to tell what Slack refuses; they double from one check on."""

_CLOSE_SECONDS = 2.0
_STATE = "state"

_Message = tuple[str, str]
"""The service of a message, and its problem without numbers; empty for the end of a problem."""

logger = logging.getLogger(__name__)


class Admins(Protocol):
    """Tells the admins; each method blocks, and returns False if it has to be called again."""

    def post_problem(self, problem: Problem) -> bool:
        """Tell what does not work."""

    def post_recovery(self, problem: Problem) -> bool:
        """Tell that a problem is over."""


class ProblemWatch:
    """Follows the outages and the state database, on a thread of its own.

    The outages stand in the state database, so that they are told once by all processes and across
    restarts. One whose end another process has seen is over here, too, until this process meets it
    again. A state database that can't be used can't keep its own problem: that one is told once by
    each process.

    Args:
        problems: the problems in the state database.
        outages: where the clients of the services report.
        admins: hears of problems and of their end.
        check_state: raises a StateError while the state database can't be used; blocks.
    """

    def __init__(
        self,
        problems: Problems,
        outages: Outages,
        *,
        admins: Admins,
        check_state: Check,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._problems = problems
        self._outages = outages
        self._admins = admins
        self._check_state = check_state
        self._clock = clock
        self._lock = threading.Lock()
        self._changes: dict[Service, Outage | None] = {}
        self._recorded: dict[Service, Outage] = {}
        self._state_problem: Problem | None = None
        self._is_state_told = False
        self._over: list[Problem] = []
        self._told_at: dict[_Message, float] = {}
        self._retries: dict[_Message, tuple[float, float]] = {}  # the pause, and when it ends
        self._wakeup = threading.Event()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="problems", daemon=True)

    def start(self, services: Collection[Service]) -> None:
        """Begin to watch; blocks for a moment.

        A problem that an earlier run left behind goes on until its service works. One of a service
        that is no longer in use is forgotten.

        Args:
            services: the services in use.

        Raises:
            StateError: the state database can't be used.
        """
        in_use = {service: service for service in services}
        known = {problem.service: problem for problem in self._problems.list_current()}
        for name, problem in known.items():
            if service := in_use.get(name):  # type: ignore[call-overload]
                self._outages.report(service, problem.text)
            else:
                self._problems.end(name)
        self._outages.subscribe(self._on_change)
        for outage in self._outages.list_current():
            if outage.service in known:
                self._recorded[outage.service] = outage
            else:  # it was reported before anybody watched
                self._on_change(outage.service, outage)
        self._thread.start()

    def close(self) -> None:
        """Stop watching."""
        self._closing = True
        self._wakeup.set()
        self._thread.join(_CLOSE_SECONDS)

    def list_current(self) -> tuple[Problem, ...]:
        """Return the problems, that of the state database first; blocks.

        Raises:
            StateError: the state database can't be read.
        """
        own = self._state_problem
        return (*((own,) if own else ()), *self._problems.list_current())

    def run_once(self) -> None:
        """Check the state database, and tell what is new; blocks."""
        self._watch_state()
        if self._state_problem is not None:
            return
        try:
            self._record_changes()
            current = self._problems.list_current()
            self._forget_ended({problem.service for problem in current})
            self._post_untold(current)
        except StateError as error:
            logger.warning("The problems could not be recorded.", exc_info=error)
        self._over = [problem for problem in self._over if not self._post_recovery(problem)]

    def _run(self) -> None:
        while not self._closing:
            try:
                self.run_once()
            except Exception:
                # The outermost edge of the thread, which has to go on.
                logger.exception("The watch over problems failed unexpectedly.")
            self._wakeup.wait(CHECK_SECONDS)
            self._wakeup.clear()

    def _on_change(self, service: Service, outage: Outage | None) -> None:
        """Take a change from a question's thread, which must not wait."""
        with self._lock:
            self._changes[service] = outage
        self._wakeup.set()

    def _watch_state(self) -> None:
        try:
            self._check_state()
        except StateError as error:
            known, text = self._state_problem, str(error)
            since = known.since if known else datetime.now(UTC)
            self._state_problem = Problem(_STATE, text, since)
            if not self._is_state_told and self._should_post(_STATE, text):
                self._is_state_told = self._post_problem(self._state_problem)
        else:
            if self._state_problem is not None and self._is_state_told:
                self._over.append(self._state_problem)
            self._state_problem, self._is_state_told = None, False

    def _record_changes(self) -> None:
        with self._lock:
            changes = dict(self._changes)
        for service, outage in changes.items():
            if outage is not None:
                self._problems.record(service, outage.sentence)
                self._recorded[service] = outage
            elif (ended := self._problems.end(service)) and ended.is_told:
                self._over.append(ended)
            with self._lock:  # unless it has changed again meanwhile
                if self._changes.get(service) is outage:
                    del self._changes[service]

    def _forget_ended(self, going_on: Collection[str]) -> None:
        """Forget the outages that another process has ended."""
        for service in self._recorded.keys() - going_on:
            self._outages.forget(self._recorded.pop(service))

    def _post_untold(self, current: Sequence[Problem]) -> None:
        for problem in current:
            service = problem.service
            if problem.is_told or not self._should_post(service, problem.text):
                continue
            if self._problems.take_untold(service) and not self._post_problem(problem):
                self._problems.mark_untold(service)

    def _should_post(self, service: str, text: str) -> bool:
        message = (service, normalise_text(text))
        told_at = self._told_at.get(message)
        is_news = told_at is None or self._clock() - told_at >= QUIET_SECONDS
        return is_news and self._is_due(message)

    def _post_problem(self, problem: Problem) -> bool:
        message = (problem.service, normalise_text(problem.text))
        if message not in self._retries:
            logger.warning("A service does not work: %s: %s", problem.service, problem.text)
        is_told = self._keep_pace(message, is_told=self._admins.post_problem(problem))
        if is_told:
            self._told_at[message] = self._clock()
        return is_told

    def _post_recovery(self, problem: Problem) -> bool:
        message = (problem.service, "")
        if message not in self._retries:
            logger.info("A service works again: %s.", problem.service)
        return self._is_due(message) and self._keep_pace(
            message, is_told=self._admins.post_recovery(problem)
        )

    def _is_due(self, message: _Message) -> bool:
        _, end = self._retries.get(message, (0.0, -math.inf))
        return self._clock() >= end

    def _keep_pace(self, message: _Message, *, is_told: bool) -> bool:
        """Double the pause after a failed try; return its result."""
        pause, _ = self._retries.pop(message, (CHECK_SECONDS / 2, 0.0))
        if not is_told:
            pause = min(2 * pause, LONGEST_PAUSE)
            self._retries[message] = pause, self._clock() + pause
        return is_told
