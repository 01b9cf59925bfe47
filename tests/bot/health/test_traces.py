"""Traces reach a collector as OpenTelemetry's own exporter sends them."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import pairwise

import pytest

from bot.health.telemetry import Telemetry
from bot.health.traces import ENDPOINTS, Traces
from rag_core.errors import ExtraMissingError
from rag_core.types import Timings, Usage
from tests.bot.fakes import answer
from tests.servers.otlp import Collector

GIVEN = replace(
    answer("text"),
    timings=Timings(
        rewrite_ms=0, embed_ms=10, search_ms=40, rerank_ms=50, generate_ms=800, total_ms=1_000
    ),
    usage=Usage(100, 20),
    degraded=("rerank_cut",),
)


@pytest.fixture(autouse=True)
def no_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*ENDPOINTS, "OTEL_SERVICE_NAME", "OTEL_SDK_DISABLED"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
async def collector(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Collector]:
    collector = Collector()
    await collector.start()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    yield collector
    await collector.stop()


def open_traces() -> Traces:
    traces = Traces.open()
    assert traces is not None
    return traces


async def test_a_question_is_a_span_with_a_span_for_each_stage_that_ran(collector: Collector):
    traces = open_traces()
    Telemetry(traces=traces).record_answer("direct", GIVEN, request_id="q1")
    await asyncio.to_thread(traces.close)
    question = await collector.wait_for("question")
    assert question.service == "docent"
    assert question.seconds == pytest.approx(1.0)
    assert question.attributes == {
        "docent.origin": "direct",
        "docent.status": "answered",
        "docent.request_id": "q1",
        "docent.degraded": ["rerank_cut"],
        "docent.revision": GIVEN.revision,
        "gen_ai.usage.input_tokens": 100,
        "gen_ai.usage.output_tokens": 20,
    }
    stages = [span for span in collector.spans if span.parent_id == question.span_id]
    assert {span.trace_id for span in stages} == {question.trace_id}
    stages.sort(key=lambda span: span.start)
    assert [span.name for span in stages] == ["embed", "search", "rerank", "llm"]
    assert [round(span.seconds, 6) for span in stages] == [0.01, 0.04, 0.05, 0.8]
    assert stages[0].start == question.start
    assert all(after.start == before.end for before, after in pairwise(stages))
    assert stages[-1].end <= question.end


async def test_a_question_without_an_answer_and_a_sync_are_spans(collector: Collector):
    traces = open_traces()
    telemetry = Telemetry(traces=traces)
    telemetry.record_told("command", "failed", seconds=2, request_id="q2")
    telemetry.record_sync("unchanged", 3)
    await asyncio.to_thread(traces.close)
    question, sync = await collector.wait_for("question"), await collector.wait_for("sync")
    assert question.attributes["docent.status"] == "failed"
    assert (question.seconds, sync.seconds) == (pytest.approx(2), pytest.approx(3))
    assert sync.attributes == {"docent.outcome": "unchanged"}
    assert question.trace_id != sync.trace_id


async def test_the_name_of_the_service_can_be_set(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("OTEL_SERVICE_NAME", "docent-staging")
    traces = open_traces()
    Telemetry(traces=traces).record_sync("changed", 1)
    await asyncio.to_thread(traces.close)
    assert (await collector.wait_for("sync")).service == "docent-staging"


async def test_a_collector_that_refuses_costs_no_answer(collector: Collector):
    collector.refuse = True
    traces = open_traces()
    Telemetry(traces=traces).record_answer("direct", GIVEN)
    await asyncio.to_thread(traces.close)
    assert collector.spans == []


def test_without_an_endpoint_there_are_no_traces():
    assert Traces.open() is None


def test_open_telemetry_can_be_switched_off_by_its_own_variable(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318")
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    assert Traces.open() is None


@pytest.mark.parametrize("variable", ENDPOINTS)
def test_an_endpoint_without_the_packages_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, variable: str
):
    monkeypatch.setenv(variable, "http://127.0.0.1:4318")
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    monkeypatch.delitem(sys.modules, "opentelemetry.sdk", raising=False)
    with pytest.raises(ExtraMissingError, match=rf"^{variable} needs .*docent-bot\[otel\]"):
        Traces.open()
