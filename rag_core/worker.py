"""One thread and the lines before it: who is next, who goes together, how many may wait."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from rag_core.errors import BusyError, ModelError
from rag_core.pace import QuestionTimes


@dataclass(frozen=True, eq=False, slots=True)
class Line:
    """Units of one kind that wait for the worker.

    Attributes:
        serve: runs units at once; a result for each, in their order.
        together: how many units it takes at most.
        gives_way: its units also wait while a question has a place and does not need the worker,
            which is when it searches: both would slow each other. None waits for ever: after the
            time of two questions it goes before all.
    """

    serve: Callable[[Sequence[Any]], Sequence[Any]]
    together: int = 1
    gives_way: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class _Unit:
    item: Any
    since: float
    future: Future[Any]


class Worker:
    """Runs the units of its lines one after another on one thread, the first line first."""

    def __init__(self, lines: Sequence[Line], *, places: int) -> None:
        self.question_times = QuestionTimes()
        self._waiting: dict[Line, deque[_Unit]] = {line: deque() for line in lines}
        self._limit = places
        self._places = 0
        self._seated = 0
        self._closed = False
        self._changed = threading.Condition()
        # A daemon, so that a process that only forgot to close can still end.
        self._thread = threading.Thread(target=self._work, name="inference", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Units in all lines."""
        return sum(map(len, self._waiting.values()))

    @property
    def places_taken(self) -> int:
        """Questions that have a place."""
        return self._places

    def close(self) -> None:
        """Finish what waits and end the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    @contextmanager
    def place(self) -> Iterator[None]:
        """Keep a place for one question, from its embedding until its passages are ranked.

        Raises:
            BusyError: all places are taken.
        """
        with self._changed:
            if self._places >= self._limit:
                raise BusyError(self._places + 1)
            self._places += 1
            self._seated += 1
            alone, seated = self._places == 1, self._seated
        started = time.perf_counter()
        try:
            yield
            if alone and seated == self._seated:
                self.question_times.add(time.perf_counter() - started)
        finally:
            with self._changed:
                self._places -= 1
                self._changed.notify()

    def run(self, line: Line, item: Any) -> Any:
        """Wait in line; the unit's result, or its error raised here.

        Raises:
            ModelError: the worker is closed.
        """
        unit = _Unit(item, time.perf_counter(), Future())
        with self._changed:
            if self._closed:
                raise ModelError("The models are closed: docent is shutting down.")
            self._waiting[line].append(unit)
            self._changed.notify()
        return unit.future.result()

    def _work(self) -> None:
        while (batch := self._next()) is not None:
            _serve(*batch)

    def _next(self) -> tuple[Line, list[_Unit]] | None:
        """The units to run now; None when all is done and the worker is closed."""
        with self._changed:
            while True:
                patience = self._patience_left()
                line = self._line(overdue=patience is not None and patience <= 0)
                if line is not None:
                    units = self._waiting[line]
                    return line, [units.popleft() for _ in range(min(line.together, len(units)))]
                if self._closed:
                    return None
                self._changed.wait(patience)

    def _line(self, *, overdue: bool) -> Line | None:
        """The line to serve, if any."""
        giving_way = bool(self._places) and not self._closed
        ready = [line for line, units in self._waiting.items() if units]
        if overdue:
            ready.sort(key=lambda line: not line.gives_way)
            return ready[0]
        return next((line for line in ready if not (giving_way and line.gives_way)), None)

    def _patience_left(self) -> float | None:
        """Seconds until a unit that gives way goes before all; None where none waits."""
        since = [
            units[0].since for line, units in self._waiting.items() if line.gives_way and units
        ]
        if not since:
            return None
        return min(since) + self.question_times.patience - time.perf_counter()


def _serve(line: Line, units: Sequence[_Unit]) -> None:
    try:
        results = line.serve([unit.item for unit in units])
        pairs = list(zip(units, results, strict=True))
    except BaseException as error:  # noqa: BLE001 - raised where the result is awaited
        if len(units) == 1:
            units[0].future.set_exception(error)
            return
        for unit in units:  # one that fails must not take the others with it
            _serve(line, [unit])
    else:
        for unit, result in pairs:
            unit.future.set_result(result)
