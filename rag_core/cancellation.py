"""Cancellation of a question, from any thread, wherever it waits."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from contextvars import ContextVar

_CURRENT: ContextVar[Cancellation | None] = ContextVar("cancellation", default=None)


class Cancellation:
    """A signal, from any thread, that a question was cancelled.

    The worker then never runs the units that the question has in a queue, connections that it
    waits for are broken off, and what waited raises `concurrent.futures.CancelledError`.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_cancelled = False
        self._stops: list[Callable[[], object]] = []

    def is_cancelled(self) -> bool:
        """Return whether the question was cancelled."""
        return self._is_cancelled

    def cancel(self) -> None:
        """Cancel the question."""
        with self._lock:
            self._is_cancelled = True
            stops = list(self._stops)
        for stop in stops:
            stop()

    @contextmanager
    def activate(self) -> Iterator[None]:
        """Assign what this thread waits for to the question."""
        token = _CURRENT.set(self)
        try:
            yield
        finally:
            _CURRENT.reset(token)

    @contextmanager
    def watch(self, stop: Callable[[], object]) -> Iterator[None]:
        """Call `stop` when the question is cancelled, or already was."""
        with self._lock:
            self._stops.append(stop)
        if self._is_cancelled:
            stop()
        try:
            yield
        finally:
            with self._lock:
                self._stops.remove(stop)


@contextmanager
def stop_when_cancelled(stop: Callable[[], object]) -> Iterator[None]:
    """Call `stop`, from another thread, if the question at work is cancelled."""
    cancellation = _CURRENT.get()
    if cancellation is None:
        yield
    else:
        with cancellation.watch(stop):
            yield


def check_cancelled() -> None:
    """Raise if the question at work was cancelled.

    Raises:
        CancelledError: it was.
    """
    cancellation = _CURRENT.get()
    if cancellation is not None and cancellation.is_cancelled():
        raise CancelledError


def pause_unless_cancelled(seconds: float) -> None:
    """Wait, but end at once when the work is cancelled.

    Raises:
        CancelledError: it was.
    """
    cancelled = threading.Event()
    with stop_when_cancelled(cancelled.set):
        cancelled.wait(seconds)
    check_cancelled()
