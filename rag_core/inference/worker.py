"""Worker: one thread with queues, which it serves by priority and in batches."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from typing import Any

from rag_core.cancellation import stop_when_cancelled
from rag_core.deadline import find_seconds_left
from rag_core.errors import BusyError, ModelError
from rag_core.inference.model_errors import translate_error
from rag_core.inference.timing import QuestionTimes


@dataclass(frozen=True, eq=False, slots=True)
class WorkQueue:
    """A queue of units of one kind.

    Attributes:
        serve: runs a batch of units; returns a result for each, in their order.
        batch_limit: most units in a batch.
        gives_way: whether its units also wait while a question holds a slot without needing the
            worker. The question then searches, and both would slow each other down. No unit waits
            for ever: after the time of two questions it goes before all others.
    """

    serve: Callable[[Sequence[Any]], Sequence[Any]]
    batch_limit: int = 1
    gives_way: bool = False


_LAST_UNIT_SECONDS = 5.0
"""Most time that the unit at work has after Ctrl+C."""

_STUCK_SECONDS = 1.0
"""Time for a question behind a batch that others have given up."""


@dataclass(frozen=True, eq=False, slots=True)
class _Unit:
    """An item in a queue, the `time.perf_counter()` of its arrival, its result and its context."""

    item: Any
    since: float
    future: Future[Any]
    context: Context = field(default_factory=copy_context)


class Worker:
    """Runs the units of its queues on one thread; the first queue has priority.

    Args:
        queues: in the order of their priority.
        slots: most questions at a time.
    """

    def __init__(self, queues: Sequence[WorkQueue], *, slots: int) -> None:
        self.question_times = QuestionTimes()
        self._waiting: dict[WorkQueue, deque[_Unit]] = {queue: deque() for queue in queues}
        self._slots = slots
        self._slots_taken = 0
        self._admitted_count = 0
        self._closed = False
        self._is_abandoned = False
        self._batch: Sequence[_Unit] = ()
        self._batch_began: float | None = None
        self._is_stuck = False
        self._changed = threading.Condition()
        # A daemon, so that a process that forgot to close the worker can still end.
        self._thread = threading.Thread(target=self._run_loop, name="inference", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Units in all queues."""
        return sum(map(len, self._waiting.values()))

    @property
    def slots_taken(self) -> int:
        """Questions that hold a slot."""
        return self._slots_taken

    @property
    def is_alive(self) -> bool:
        """True while the thread runs."""
        return self._thread.is_alive()

    @property
    def busy_seconds(self) -> float:
        """Seconds that the batch at work has taken so far; 0 without one."""
        began = self._batch_began
        return 0.0 if began is None else time.perf_counter() - began

    def close(self) -> None:
        """Finish the waiting units and end the thread.

        After Ctrl+C, drop them and wait some seconds for the unit at work: a process that ends
        while a model runs aborts. A download may take longer, and ends with the process.
        """
        with self._changed:
            self._closed = True
            if self._is_abandoned:
                for units in self._waiting.values():
                    while units:
                        units.popleft().future.cancel()
            self._changed.notify()
        self._thread.join(_LAST_UNIT_SECONDS if self._is_abandoned else None)

    @contextmanager
    def hold_slot(self) -> Iterator[None]:
        """Hold a slot for a question, from embedding to ranked passages.

        Raises:
            BusyError: all slots are taken.
        """
        with self._changed:
            if self._slots_taken >= self._slots:
                raise BusyError(self._slots_taken + 1)
            self._slots_taken += 1
            self._admitted_count += 1
            is_alone, number = self._slots_taken == 1, self._admitted_count
        started = time.perf_counter()
        try:
            yield
            # Only the time of a question without others tells how long one takes.
            if is_alone and number == self._admitted_count:
                self.question_times.add(time.perf_counter() - started)
        finally:
            with self._changed:
                self._slots_taken -= 1
                self._changed.notify()

    def run(self, queue: WorkQueue, item: Any) -> Any:
        """Put a unit into a queue and wait for its result.

        Raises:
            ModelError: the worker is closed, the model failed, or the question's time is over.
            CancelledError: the question was cancelled, or the worker was closed after Ctrl+C.
        """
        unit = _Unit(item, time.perf_counter(), Future())
        seconds = find_seconds_left()
        with self._changed:
            if self._closed:
                raise ModelError("The models are closed: docent is shutting down.")
            self._waiting[queue].append(unit)
            self._changed.notify()
            if seconds is not None and self._is_stuck:
                seconds = min(seconds, _STUCK_SECONDS)
        try:
            with stop_when_cancelled(unit.future.cancel):
                return unit.future.result(seconds)
        except TimeoutError as error:
            if unit.future.done():  # it is the model's own
                raise
            self._discard(unit)
            raise ModelError(
                "The model takes too long: ask again, choose a smaller one, or give docent another "
                "DOCENT_DEVICE."
            ) from error
        except KeyboardInterrupt:  # the worker may be in a download or a long pass
            self._is_abandoned = True
            raise

    def _discard(self, unit: _Unit) -> None:
        """Drop a unit from its queue, or mark a batch that hangs."""
        with self._changed:
            if not unit.future.cancel():
                self._is_stuck = unit in self._batch

    def _run_loop(self) -> None:
        while (batch := self._take_batch()) is not None:
            self._batch_began = time.perf_counter()
            _serve_units(*batch)
            self._batch_began = None
            with self._changed:
                self._batch, self._is_stuck = (), False

    def _take_batch(self) -> tuple[WorkQueue, list[_Unit]] | None:
        """Wait for the next batch; return None after the last."""
        with self._changed:
            while True:
                patience = self._compute_patience()
                queue = self._choose_queue(overdue=patience is not None and patience <= 0)
                if queue is not None:
                    if units := self._take_units(queue):
                        self._batch = units
                        return queue, units
                    continue  # all units of that queue were cancelled
                if self._closed:
                    return None
                self._changed.wait(patience)

    def _take_units(self, queue: WorkQueue) -> list[_Unit]:
        """Take the next units of a queue; drop those that were cancelled."""
        waiting, units = self._waiting[queue], list[_Unit]()
        while waiting and len(units) < queue.batch_limit:
            unit = waiting.popleft()
            if unit.future.set_running_or_notify_cancel():
                units.append(unit)
        return units

    def _choose_queue(self, *, overdue: bool) -> WorkQueue | None:
        """Choose the queue to serve; return None if none is ready."""
        giving_way = bool(self._slots_taken) and not self._closed
        ready = [queue for queue, units in self._waiting.items() if units]
        if overdue:
            # The sort is stable: the queues that give way come first, else the order stays.
            ready.sort(key=lambda queue: not queue.gives_way)
            return ready[0]
        return next((queue for queue in ready if not (giving_way and queue.gives_way)), None)

    def _compute_patience(self) -> float | None:
        """Compute the seconds until a unit is overdue; None without one."""
        starts = [
            units[0].since for queue, units in self._waiting.items() if queue.gives_way and units
        ]
        if not starts:
            return None
        return min(starts) + self.question_times.patience - time.perf_counter()


def _serve_units(queue: WorkQueue, units: Sequence[_Unit]) -> None:
    # Logs of a unit that is alone have its question's id.
    context = units[0].context if len(units) == 1 else copy_context()
    try:
        results = context.run(queue.serve, [unit.item for unit in units])
        pairs = list(zip(units, results, strict=True))
    except BaseException as error:  # noqa: BLE001 - raised where the result is awaited
        if len(units) == 1:
            units[0].future.set_exception(translate_error(error))
            return
        for unit in units:  # one by one, so that a unit that fails does not fail the others
            _serve_units(queue, [unit])
    else:
        for unit, result in pairs:
            unit.future.set_result(result)
