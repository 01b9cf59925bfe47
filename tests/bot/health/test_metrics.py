"""What Prometheus reads: every number by its published name."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.parser import text_string_to_metric_families

from bot.health.metrics import Metrics
from rag_core.types import Timings, Usage
from tests.bot.fakes import answer
from tests.handbook import DOCS, rows, sections


def read_samples(metrics: Metrics) -> dict[tuple[str, frozenset], float]:
    families = text_string_to_metric_families(metrics.render().decode())
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def read_sample(metrics: Metrics, name: str, **labels: str) -> float | None:
    return read_samples(metrics).get((name, frozenset(labels.items())))


def test_an_answer_counts_with_its_surface_stages_and_tokens():
    metrics = Metrics()
    given = replace(
        answer("text"),
        timings=Timings(search_ms=40, generate_ms=2_000, total_ms=2_100),
        usage=Usage(100, 20),
        degraded=("rerank_failed",),
    )
    metrics.record_answer("direct", given)
    metrics.record_answer("mention", replace(given, status="not_found", usage=None))
    for origin, status in (("direct", "answered"), ("mention", "not_found")):
        assert read_sample(metrics, "docent_questions_total", origin=origin, status=status) == 1
    assert read_sample(metrics, "docent_llm_tokens_total", kind="prompt") == 100
    assert read_sample(metrics, "docent_llm_tokens_total", kind="completion") == 20
    assert read_sample(metrics, "docent_degraded_answers_total", stage="rerank_failed") == 2
    assert read_sample(metrics, "docent_stage_seconds_count", stage="search") == 2
    assert read_sample(metrics, "docent_stage_seconds_sum", stage="generate") == 4
    assert read_sample(metrics, "docent_stage_seconds_bucket", stage="search", le="0.05") == 2
    assert read_sample(metrics, "docent_stage_seconds_bucket", stage="search", le="0.025") == 0


def test_a_stage_that_did_not_run_is_not_measured():
    metrics = Metrics()
    metrics.record_answer("direct", replace(answer("text"), timings=Timings(total_ms=5)))
    assert read_sample(metrics, "docent_stage_seconds_count", stage="rerank") is None


def test_a_question_without_an_answer_counts_with_its_reason():
    metrics = Metrics()
    metrics.record_told("command", "refused")
    assert read_sample(metrics, "docent_questions_total", origin="command", status="refused") == 1


def test_the_age_of_the_index_grows_and_is_unknown_before_the_first_sync():
    metrics = Metrics()
    assert math.isnan(read_sample(metrics, "docent_index_age_seconds") or 0)
    metrics.set_last_success(datetime.now(UTC) - timedelta(hours=2))
    first = read_sample(metrics, "docent_index_age_seconds")
    assert first is not None
    assert first >= 7200
    later = read_sample(metrics, "docent_index_age_seconds")
    assert later is not None
    assert later > first


def test_a_line_that_has_emptied_is_shown_as_empty():
    metrics = Metrics()
    metrics.set_open_questions({"waiting": 3, "answering": 2})
    assert read_sample(metrics, "docent_open_questions", status="waiting") == 3
    metrics.set_open_questions({})
    assert read_sample(metrics, "docent_open_questions", status="waiting") == 0
    assert read_sample(metrics, "docent_open_questions", status="answering") == 0


def test_syncs_and_failures_of_the_llm_count_by_their_kind():
    metrics = Metrics()
    metrics.record_sync("changed", 12.5)
    metrics.record_llm_error("key_refused")
    metrics.set_ready("milvus", ready=False)
    assert read_sample(metrics, "docent_syncs_total", outcome="changed") == 1
    assert read_sample(metrics, "docent_sync_seconds_sum") == 12.5
    assert read_sample(metrics, "docent_llm_errors_total", kind="key_refused") == 1
    assert read_sample(metrics, "docent_ready", part="milvus") == 0


def test_two_processes_in_one_share_no_numbers():
    first, second = Metrics(), Metrics()
    first.record_told("direct", "failed")
    assert read_sample(second, "docent_questions_total", origin="direct", status="failed") is None


def test_the_handbook_lists_each_metric_with_its_kind_and_labels():
    listed = {
        name.strip("`"): (kind, tuple(labels.replace("`", "").replace(",", "").split()))
        for name, kind, labels, _ in rows(
            sections(DOCS / "monitoring.md")["Which metrics are there?"]
        )
    }
    known = {
        f"{each._name}_total" if each._type == "counter" else each._name: (
            each._type,
            tuple(each._labelnames),
        )
        for each in vars(Metrics()).values()
        if isinstance(each, Counter | Gauge | Histogram)
    }
    assert listed == known
