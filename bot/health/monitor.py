"""Monitor: whether the models are loaded and go on, and the numbers of the state database."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Collection, Iterator, Mapping
from typing import Protocol

from bot.health.metrics import Metrics
from bot.health.probe import Check
from bot.health.readiness import Readiness
from bot.storage.database import ReadSuccessTime
from bot.storage.inbox_view import InboxView
from rag_core.errors import ModelError

STUCK_SECONDS = 300.0
"""Longer than any batch of the models takes; a worker that is busy for so long is stuck."""


class ModelWorker(Protocol):
    """The worker that runs the models."""

    @property
    def is_alive(self) -> bool:
        """True while it runs."""

    @property
    def busy_seconds(self) -> float:
        """Seconds that its batch has taken so far; 0 without one."""


class Monitor:
    """Knows whether the models are loaded and their worker goes on.

    Args:
        worker: runs the models.
    """

    def __init__(self, worker: ModelWorker) -> None:
        self._worker = worker
        self._loaded = threading.Event()
        self.is_loading = False
        """True while a thread loads the models."""

    @contextlib.contextmanager
    def watch_loading(self) -> Iterator[None]:
        """Take note that the block loads the models."""
        self.is_loading = True
        try:
            yield
            self._loaded.set()
        finally:
            self.is_loading = False

    def check_models(self) -> None:
        """Check that the models are loaded.

        Raises:
            ModelError: they are not, or their worker is stuck.
        """
        if not self._loaded.is_set():
            raise ModelError("The models are still being loaded.")
        if problem := self.find_stuck():
            raise ModelError(problem)

    def find_stuck(self) -> str:
        """Return a sentence if the worker needs a restart, else nothing.

        Models that are being loaded may take long: they may be downloaded.
        """
        if not self._worker.is_alive:
            return "The worker of the models has ended: restart docent."
        seconds = self._worker.busy_seconds
        if self._loaded.is_set() and seconds >= STUCK_SECONDS:
            return f"The models have been at one batch for {seconds:.0f} s: restart docent."
        return ""

    def build_readiness(
        self, checks: Mapping[str, Check], connections: Collection[str]
    ) -> Readiness:
        """Build the readiness of the models, the checked parts and the connections."""
        return Readiness({"models": self.check_models, **checks}, connections)


class NumberReader:
    """Reads the numbers that are in the state database into the metrics.

    Args:
        metrics: gets the numbers.
        inbox: reads the questions.
        read_last_success_time: returns when the documentation was last read without an error.
    """

    def __init__(
        self, metrics: Metrics, inbox: InboxView, read_last_success_time: ReadSuccessTime
    ) -> None:
        self._metrics = metrics
        self._inbox = inbox
        self._read_last_success_time = read_last_success_time

    def read(self) -> None:
        """Read the open questions and the age of the index; blocks.

        Raises:
            StateError: the state database can't be used.
        """
        self._metrics.set_open_questions(self._inbox.count_open())
        self._metrics.set_last_success(self._read_last_success_time())
