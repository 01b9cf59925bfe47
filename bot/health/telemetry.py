"""Telemetry: the one place to which the bot reports the end of a question or a sync."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.health.metrics import Metrics, Outcome
from bot.index_service import SyncOutcome
from bot.types import Origin
from rag_core.outages import Service
from rag_core.types import Answer

if TYPE_CHECKING:
    from bot.health.traces import Traces

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Telemetry:
    """The numbers, and the traces if an endpoint is set. Every method returns at once.

    Attributes:
        metrics: the numbers of this process.
        traces: sends a trace of each question and sync; None without an endpoint.
    """

    metrics: Metrics = field(default_factory=Metrics)
    traces: Traces | None = None

    def record_answer(self, origin: Origin, answer: Answer, *, request_id: str = "") -> None:
        """Record a question that has just been answered.

        Args:
            origin: the way it came.
            answer: its answer, also one that found nothing.
            request_id: names the question, as in the log.
        """
        seconds = answer.timings.total_ms / 1_000
        logger.info("A question was answered in %.1f s: %s.", seconds, answer.status)
        self.metrics.record_answer(origin, answer)
        if self.traces is not None:
            self.traces.send_answer(origin, answer, request_id=request_id)

    def begin(self, origin: Origin, request_id: str) -> Callable[[Outcome], None]:
        """Begin a question; return what records an end without answer."""
        began = time.monotonic()

        def record_told(outcome: Outcome) -> None:
            seconds = time.monotonic() - began
            self.record_told(origin, outcome, seconds=seconds, request_id=request_id)

        return record_told

    def record_told(
        self, origin: Origin, outcome: Outcome, *, seconds: float = 0.0, request_id: str = ""
    ) -> None:
        """Record a question whose asker was told of no answer.

        Args:
            origin: the way it came.
            outcome: why there is none.
            seconds: how long it was worked on.
            request_id: names the question, as in the log.
        """
        if outcome == "refused":  # the others have a line of their own, with the reason
            logger.info("A question was refused.")
        self.metrics.record_told(origin, outcome)
        if self.traces is not None:
            self.traces.send_told(origin, outcome, seconds=seconds, request_id=request_id)

    def record_failure(self, service: Service, kind: str) -> None:
        """Record that a call to a service failed, and how."""
        if service in {"llm", "rewriter"}:
            self.metrics.record_llm_error(kind)

    def record_sync(self, outcome: SyncOutcome, seconds: float) -> None:
        """Record a sync that has just ended, and how long it took."""
        self.metrics.record_sync(outcome, seconds)
        if self.traces is not None:
            self.traces.send_sync(outcome, seconds)
