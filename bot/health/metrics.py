"""Metrics: numbers for Prometheus on questions, syncs, the LLM and the calls of Slack."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from bot.index_service import SyncOutcome
from bot.types import Origin
from rag_core.types import Answer, Timings

Outcome = Literal["failed", "refused", "stopped", "given_up"]
"""The end of a question without an answer: an error, a limit, its asker, or too many tries."""

CONTENT_TYPE = CONTENT_TYPE_LATEST
"""Media type of the rendered numbers."""

STAGES = tuple(each.name.removesuffix("_ms") for each in fields(Timings))
"""The stages of an answer, as its timings name them."""

_STAGE_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 120)
_SYNC_SECONDS = (1, 5, 15, 60, 300, 900, 3_600, 14_400)


class Metrics:
    """The numbers of one process, in a registry of their own. Every method may be called anywhere.

    A name that begins with `docent_` is published: it keeps its meaning and its labels.
    """

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self._questions = Counter(
            "docent_questions",
            "Questions that ended, by the way they came and their end.",
            ("origin", "status"),
            registry=registry,
        )
        self._degraded = Counter(
            "docent_degraded_answers",
            "Answers that lack a stage, by that stage.",
            ("stage",),
            registry=registry,
        )
        self._stages = Histogram(
            "docent_stage_seconds",
            "Seconds of each stage of an answer that ran.",
            ("stage",),
            buckets=_STAGE_SECONDS,
            registry=registry,
        )
        self._tokens = Counter(
            "docent_llm_tokens",
            "Tokens of the LLM, as its server reports them.",
            ("kind",),
            registry=registry,
        )
        self._llm_errors = Counter(
            "docent_llm_errors",
            "Calls to the LLM that failed, by the kind of the failure.",
            ("kind",),
            registry=registry,
        )
        self._open_questions = Gauge(
            "docent_open_questions",
            "Questions in the inbox that wait or are being answered, of all processes.",
            ("status",),
            registry=registry,
        )
        self._index_age = Gauge(
            "docent_index_age_seconds",
            "Seconds since the documentation was last read without an error; NaN for never.",
            registry=registry,
        )
        self._syncs = Counter(
            "docent_syncs", "Syncs, by their end.", ("outcome",), registry=registry
        )
        self._sync_seconds = Histogram(
            "docent_sync_seconds",
            "Seconds of a sync.",
            buckets=_SYNC_SECONDS,
            registry=registry,
        )
        self._slack_calls = Counter(
            "docent_slack_calls",
            "Requests to Slack, by method and HTTP status; `unreachable` for none.",
            ("method", "status"),
            registry=registry,
        )
        self._ready = Gauge(
            "docent_ready",
            "1 for a part that is ready, else 0, as of the last check.",
            ("part",),
            registry=registry,
        )
        self._last_success: datetime | None = None

    def record_answer(self, origin: Origin, answer: Answer) -> None:
        """Count a question that was answered, also with "I found nothing"."""
        self._questions.labels(origin, answer.status).inc()
        for stage in answer.degraded:
            self._degraded.labels(stage).inc()
        for name in STAGES:
            if milliseconds := getattr(answer.timings, f"{name}_ms"):
                self._stages.labels(name).observe(milliseconds / 1_000)
        if answer.usage is not None:
            self._tokens.labels("prompt").inc(answer.usage.prompt_tokens)
            self._tokens.labels("completion").inc(answer.usage.completion_tokens)

    def record_told(self, origin: Origin, outcome: Outcome) -> None:
        """Count a question whose asker was told why there is no answer."""
        self._questions.labels(origin, outcome).inc()

    def record_llm_error(self, kind: str) -> None:
        """Count a call to the LLM that failed."""
        self._llm_errors.labels(kind).inc()

    def record_sync(self, outcome: SyncOutcome, seconds: float) -> None:
        """Count a sync that ended."""
        self._syncs.labels(outcome).inc()
        self._sync_seconds.observe(seconds)

    def record_slack_call(self, method: str, status: str) -> None:
        """Count a request to Slack: the API's method, and the HTTP status."""
        self._slack_calls.labels(method, status).inc()

    def set_open_questions(self, counts: Mapping[str, int]) -> None:
        """Set how many questions wait and are being answered, by status."""
        for status in ("waiting", "answering"):
            self._open_questions.labels(status).set(counts.get(status, 0))

    def set_last_success(self, moment: datetime | None) -> None:
        """Set when the documentation was last read without an error."""
        self._last_success = moment

    def set_ready(self, part: str, *, ready: bool) -> None:
        """Set whether a part is ready."""
        self._ready.labels(part).set(ready)

    def render(self) -> bytes:
        """Render all numbers in the text format of Prometheus."""
        last = self._last_success
        age = math.nan if last is None else (datetime.now(UTC) - last).total_seconds()
        self._index_age.set(age)
        return generate_latest(self._registry)
