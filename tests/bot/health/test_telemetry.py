"""What the bot reports is counted, also where no traces are sent."""

from __future__ import annotations

from bot.health.telemetry import Telemetry
from tests.bot.fakes import answer
from tests.bot.health.test_metrics import read_sample


def test_everything_is_counted_without_traces():
    telemetry = Telemetry()
    telemetry.record_answer("direct", answer("text"), request_id="q1")
    telemetry.record_told("direct", "stopped", seconds=1, request_id="q2")
    telemetry.record_sync("failed", 3)
    telemetry.record_failure("llm", "429")
    metrics = telemetry.metrics
    for status in ("answered", "stopped"):
        assert read_sample(metrics, "docent_questions_total", origin="direct", status=status) == 1
    assert read_sample(metrics, "docent_syncs_total", outcome="failed") == 1
    assert read_sample(metrics, "docent_llm_errors_total", kind="429") == 1


def test_only_failures_of_the_llm_are_its_errors():
    telemetry = Telemetry()
    telemetry.record_failure("milvus", "timeout")
    assert read_sample(telemetry.metrics, "docent_llm_errors_total", kind="timeout") is None
