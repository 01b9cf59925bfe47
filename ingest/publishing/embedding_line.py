"""The line to an embedder that takes several calls at a time: kept full, and ended at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from typing import Any

from rag_core.cancellation import Cancellation

Submit = Callable[..., Callable[[], Any]]
"""Begins a call with its arguments; returns a function that waits for the result."""


@contextmanager
def open_line(parallel: int) -> Iterator[Submit]:
    """Open a line of several calls at a time, in threads.

    At its end, calls that wait are dropped, and requests under way broken off. With one call at a
    time there is no thread: a model of docent's own gains nothing by one.
    """
    if parallel == 1:
        yield _run_at_once
        return
    cancellation = Cancellation()
    pool = ThreadPoolExecutor(parallel, thread_name_prefix="embedding")

    def run(work: Callable[..., Any], *arguments: Any) -> Any:
        with cancellation.activate():
            return work(*arguments)

    try:
        yield lambda *call: pool.submit(copy_context().run, run, *call).result
    finally:
        cancellation.cancel()
        pool.shutdown(cancel_futures=True)


def _run_at_once(work: Callable[..., Any], *arguments: Any) -> Callable[[], Any]:
    result = work(*arguments)
    return lambda: result


class BusyTime:
    """The time in which at least one call was under way.

    Attributes:
        seconds: of the calls that have ended.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self._lock = threading.Lock()
        self._calls = 0
        self._since = 0.0

    @contextmanager
    def measure(self) -> Iterator[None]:
        """Measure a call."""
        with self._lock:
            if not self._calls:
                self._since = time.perf_counter()
            self._calls += 1
        try:
            yield
        finally:
            with self._lock:
                self._calls -= 1
                if not self._calls:
                    self.seconds += time.perf_counter() - self._since
