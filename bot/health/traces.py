"""Traces: spans of OpenTelemetry, built from what an answer says of its own stages.

The packages are the extra `otel`. The pipeline knows nothing of them.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from bot.health.metrics import Outcome
from bot.index_service import SyncOutcome
from bot.types import Origin
from rag_core.extras import check_extra
from rag_core.types import Answer, Timings

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.util.types import AttributeValue

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
"""The variables of OpenTelemetry that name a server; with one of them docent sends traces."""

CLOSE_SECONDS = 3.0
"""Most time that the end of the process waits for the server."""

_SERVICE = "docent"
_NANOSECONDS = 1_000_000_000
# In the order in which they run: what an answer calls them, and what the span is called.
_STAGES = {
    "rewrite_ms": "rewrite",
    "embed_ms": "embed",
    "search_ms": "search",
    "rerank_ms": "rerank",
    "generate_ms": "llm",
}


def find_endpoint() -> str | None:
    """Return the variable that names an endpoint; None where traces are off."""
    if os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return None
    return next((name for name in ENDPOINTS if os.environ.get(name)), None)


class Traces:
    """Sends a trace of each question and sync; never waits for the server."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer(_SERVICE)

    @classmethod
    def open(cls) -> Traces | None:
        """Open the exporter; return None if no endpoint is set.

        Raises:
            ExtraMissingError: an endpoint is set, but the extra is not installed.
        """
        if (variable := find_endpoint()) is None:
            return None
        check_extra("otel", variable)
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import SERVICE_NAME, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        # A service name in the environment wins, as OpenTelemetry documents it.
        name = os.environ.get("OTEL_SERVICE_NAME") or _SERVICE
        resource = Resource.create({SERVICE_NAME: name})
        provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        return cls(provider)

    def send_answer(self, origin: Origin, answer: Answer, *, request_id: str = "") -> None:
        """Send the trace of a question that has just been answered.

        Args:
            origin: the way it came.
            answer: its answer, with its timings.
            request_id: names the question, as in the log.
        """
        attributes: dict[str, AttributeValue] = {
            "docent.origin": origin,
            "docent.status": answer.status,
            "docent.request_id": request_id,
            "docent.degraded": answer.degraded,
            "docent.revision": answer.revision,
        }
        if answer.usage is not None:
            attributes["gen_ai.usage.input_tokens"] = answer.usage.prompt_tokens
            attributes["gen_ai.usage.output_tokens"] = answer.usage.completion_tokens
        self._send("question", answer.timings.total_ms / 1_000, attributes, answer.timings)

    def send_told(
        self, origin: Origin, outcome: Outcome, *, seconds: float, request_id: str = ""
    ) -> None:
        """Send the trace of a question that got no answer.

        Args:
            origin: the way it came.
            outcome: why there is none.
            seconds: how long it was worked on.
            request_id: names the question, as in the log.
        """
        attributes = {
            "docent.origin": origin,
            "docent.status": outcome,
            "docent.request_id": request_id,
        }
        self._send("question", seconds, attributes)

    def send_sync(self, outcome: SyncOutcome, seconds: float) -> None:
        """Send the trace of a sync that has just ended."""
        self._send("sync", seconds, {"docent.outcome": outcome})

    def close(self) -> None:
        """Send what waits, for some seconds at most."""
        # A daemon, because the exporter itself waits longer for a server that does not answer.
        closing = threading.Thread(target=self._provider.shutdown, daemon=True)
        closing.start()
        closing.join(CLOSE_SECONDS)

    def _send(
        self,
        name: str,
        seconds: float,
        attributes: Mapping[str, AttributeValue],
        timings: Timings | None = None,
    ) -> None:
        """Send a span that ends now, with the stages that ran."""
        from opentelemetry.trace import set_span_in_context

        end = time.time_ns()
        start = end - round(seconds * _NANOSECONDS)
        span = self._tracer.start_span(name, attributes=attributes, start_time=start)
        parent = set_span_in_context(span)
        for field, stage in _STAGES.items() if timings else ():
            if milliseconds := getattr(timings, field):
                stage_end = start + round(milliseconds * _NANOSECONDS / 1_000)
                child = self._tracer.start_span(stage, context=parent, start_time=start)
                child.end(stage_end)
                start = stage_end
        span.end(end)
