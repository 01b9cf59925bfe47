"""One thread and the lines before it: who is next, who goes together, how many may wait."""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from rag_core.errors import BusyError, ModelError
from rag_core.inference.timing import QuestionTimes

_REASON_CHARACTERS = 200
# As CUDA and MPS say it, and as the allocator of the CPU does.
_OUT_OF_MEMORY = re.compile(r"out of memory|can't allocate memory|not enough memory", re.IGNORECASE)


@dataclass(frozen=True, eq=False, slots=True)
class WorkQueue:
    """Units of one kind that wait for the worker.

    Attributes:
        serve: runs units at once; a result for each, in their order.
        together: how many units it takes at most.
        gives_way: its units also wait while a question has a place and does not need the worker,
            which is when it searches: both would slow each other. None waits for ever: after the
            time of two questions it goes before all.
    """

    serve: Callable[[Sequence[Any]], Sequence[Any]]
    batch_limit: int = 1
    gives_way: bool = False


class Cancellation:
    """Tells the worker, from any thread, that nobody waits for a question any more.

    Units that the question has in line are then never run, and `Worker.run` raises
    `concurrent.futures.CancelledError` where it waits for one.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_cancelled = False
        self._awaited: set[Future[Any]] = set()

    def is_cancelled(self) -> bool:
        """Whether the question was cancelled."""
        return self._is_cancelled

    def cancel(self) -> None:
        """Cancel the question."""
        with self._lock:
            self._is_cancelled = True
            awaited = list(self._awaited)
        for future in awaited:
            future.cancel()

    @contextmanager
    def activate(self) -> Iterator[None]:
        """What this thread hands to the worker in the meantime belongs to the question."""
        token = _CURRENT.set(self)
        try:
            yield
        finally:
            _CURRENT.reset(token)

    @contextmanager
    def watch(self, future: Future[Any]) -> Iterator[None]:
        """Cancel this future too, if the question is or was cancelled."""
        with self._lock:
            self._awaited.add(future)
        if self._is_cancelled:
            future.cancel()
        try:
            yield
        finally:
            with self._lock:
                self._awaited.discard(future)


_CURRENT: ContextVar[Cancellation | None] = ContextVar("cancellation", default=None)


@dataclass(frozen=True, eq=False, slots=True)
class _Unit:
    item: Any
    since: float
    future: Future[Any]


class Worker:
    """Runs the units of its lines one after another on one thread, the first line first."""

    def __init__(self, lines: Sequence[WorkQueue], *, places: int) -> None:
        self.question_times = QuestionTimes()
        self._waiting: dict[WorkQueue, deque[_Unit]] = {line: deque() for line in lines}
        self._limit = places
        self._slots_taken = 0
        self._admitted_count = 0
        self._closed = False
        self._is_abandoned = False
        self._changed = threading.Condition()
        # A daemon, so that a process that only forgot to close can still end.
        self._thread = threading.Thread(target=self._run_loop, name="inference", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Units in all lines."""
        return sum(map(len, self._waiting.values()))

    @property
    def slots_taken(self) -> int:
        """Questions that have a place."""
        return self._slots_taken

    def close(self) -> None:
        """Finish what waits and end the thread; after Ctrl+C don't wait for it."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if not self._is_abandoned:
            self._thread.join()

    @contextmanager
    def hold_slot(self) -> Iterator[None]:
        """Keep a place for one question, from its embedding until its passages are ranked.

        Raises:
            BusyError: all places are taken.
        """
        with self._changed:
            if self._slots_taken >= self._limit:
                raise BusyError(self._slots_taken + 1)
            self._slots_taken += 1
            self._admitted_count += 1
            alone, seated = self._slots_taken == 1, self._admitted_count
        started = time.perf_counter()
        try:
            yield
            if alone and seated == self._admitted_count:
                self.question_times.add(time.perf_counter() - started)
        finally:
            with self._changed:
                self._slots_taken -= 1
                self._changed.notify()

    def run(self, line: WorkQueue, item: Any) -> Any:
        """Wait in line; the unit's result, or its error raised here.

        Raises:
            ModelError: the worker is closed, or the model failed.
            CancelledError: the question was cancelled, see `Cancellation`.
        """
        unit = _Unit(item, time.perf_counter(), Future())
        with self._changed:
            if self._closed:
                raise ModelError("The models are closed: docent is shutting down.")
            self._waiting[line].append(unit)
            self._changed.notify()
        cancellation = _CURRENT.get()
        try:
            with cancellation.watch(unit.future) if cancellation else nullcontext():
                return unit.future.result()
        except KeyboardInterrupt:  # a download or a long pass may be what was interrupted
            self._is_abandoned = True
            raise

    def _run_loop(self) -> None:
        while (batch := self._take_batch()) is not None:
            _serve_units(*batch)

    def _take_batch(self) -> tuple[WorkQueue, list[_Unit]] | None:
        """The units to run now; None when all is done and the worker is closed."""
        with self._changed:
            while True:
                patience = self._compute_patience()
                line = self._choose_queue(overdue=patience is not None and patience <= 0)
                if line is not None:
                    if units := self._take_units(line):
                        return line, units
                    continue
                if self._closed:
                    return None
                self._changed.wait(patience)

    def _take_units(self, line: WorkQueue) -> list[_Unit]:
        """The next units of a line that somebody still waits for."""
        waiting, units = self._waiting[line], list[_Unit]()
        while waiting and len(units) < line.batch_limit:
            unit = waiting.popleft()
            if unit.future.set_running_or_notify_cancel():
                units.append(unit)
        return units

    def _choose_queue(self, *, overdue: bool) -> WorkQueue | None:
        """The line to serve, if any."""
        giving_way = bool(self._slots_taken) and not self._closed
        ready = [line for line, units in self._waiting.items() if units]
        if overdue:
            ready.sort(key=lambda line: not line.gives_way)
            return ready[0]
        return next((line for line in ready if not (giving_way and line.gives_way)), None)

    def _compute_patience(self) -> float | None:
        """Seconds until a unit that gives way goes before all; None where none waits."""
        since = [
            units[0].since for line, units in self._waiting.items() if line.gives_way and units
        ]
        if not since:
            return None
        return min(since) + self.question_times.patience - time.perf_counter()


def _serve_units(line: WorkQueue, units: Sequence[_Unit]) -> None:
    try:
        results = line.serve([unit.item for unit in units])
        pairs = list(zip(units, results, strict=True))
    except BaseException as error:  # noqa: BLE001 - raised where the result is awaited
        if len(units) == 1:
            units[0].future.set_exception(_translate_error(error))
            return
        for unit in units:  # one that fails must not take the others with it
            _serve_units(line, [unit])
    else:
        for unit, result in pairs:
            unit.future.set_result(result)


def _translate_error(error: BaseException) -> BaseException:
    """What torch raises, as a sentence; every other error as it is."""
    if not isinstance(error, RuntimeError | MemoryError):
        return error
    text = str(error)
    if isinstance(error, MemoryError) or _OUT_OF_MEMORY.search(text):
        failed = ModelError(
            "The model ran out of memory: choose a smaller one, set DOCENT_DTYPE=bfloat16, or give "
            "docent another DOCENT_DEVICE."
        )
    else:
        reason = text.strip().partition("\n")[0][:_REASON_CHARACTERS].rstrip(". ")
        failed = ModelError(
            f"The model failed ({reason or type(error).__name__}): set DOCENT_DEVICE=cpu and "
            "DOCENT_DTYPE=float32, or choose another model."
        )
    failed.__cause__ = error
    return failed
