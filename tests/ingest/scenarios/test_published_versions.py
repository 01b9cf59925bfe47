"""What a published version took, and in which batches it was written."""

from __future__ import annotations

import time

import pytest

from ingest.changes.plan import ChunkPlan, PagePlan, plan_chunks
from ingest.publishing.publisher import Publisher, PublishGate, PublishResult
from ingest.report import GoldenResult
from ingest.types import KnownChunk, KnownPage
from rag_core.types import Chunk, IndexSpec, LiveIndex
from tests.ingest.conftest import Bench


def plan_of(count: int, known: tuple[KnownChunk, ...] = (), *, reuse: bool = True) -> ChunkPlan:
    """A page of many chunks: to be written, or as a version knows them."""
    page = KnownPage("docs", "a.md", "h", "r")
    numbers = () if known else range(count)
    fresh = [Chunk(f"{n:04}", "docs", "a.md", "", "", (), n, f"Text {n}.") for n in numbers]
    pages = PagePlan((), (page,), (), (), ())
    return plan_chunks(known, pages, fresh, recipe="r", reuse=reuse)


def publish(bench: Bench, plan: ChunkPlan, gate: PublishGate = lambda *_: ()) -> PublishResult:
    spec = IndexSpec("hash", 8, "1", 1, "")
    return Publisher(bench.store, bench.embedder, bench.ledger).publish(
        plan, spec, progress=bench.events.append, confirm=lambda: None, gate=gate
    )


def test_what_a_version_took_is_told(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    now = [100.0]

    def spend(seconds: float) -> None:
        now[0] += seconds

    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    bench.embedder.before = lambda: spend(2)
    bench.store.before = lambda _: spend(1)
    published = publish(bench, plan_of(200))
    assert bench.store.writes == ["create", "insert", "insert", "seal", "switch"]
    assert (published.embedded, published.reused) == (200, 0)
    assert published.characters == sum(len(f"Text {n}.") for n in range(200))
    assert (published.embed_seconds, published.write_seconds) == (4, 5)
    assert published.revision == bench.store.read_live_index().spec.revision != ""


@pytest.mark.parametrize(
    ("reuse", "sizes", "embedded"), [(True, [500, 100], 0), (False, [128, 128, 128, 128, 88], 600)]
)
def test_chunks_are_carried_over_in_larger_batches_than_they_are_embedded(
    bench: Bench, reuse: bool, sizes: list[int], embedded: int
):
    first = plan_of(600)
    publish(bench, first)
    written: list[int] = []
    real = bench.store.insert
    bench.store.insert = lambda name, chunks, vectors: (
        written.append(len(chunks)),
        real(name, chunks, vectors),
    )
    published = publish(bench, plan_of(600, first.contents.chunks, reuse=reuse))
    assert written == sizes
    assert (published.embedded, published.reused) == (embedded, 600 - embedded)


def test_the_gate_compares_the_live_version_with_the_new_one(bench: Bench):
    seen: list[LiveIndex | None] = []

    def gate(live: LiveIndex | None, new: LiveIndex) -> tuple[GoldenResult, ...]:
        assert bench.store.read_live_index() == live != new
        seen.extend((live, new))
        return ()

    publish(bench, plan_of(1), gate)
    first = bench.store.read_live_index()
    publish(bench, plan_of(2), gate)
    assert seen == [None, first, first, bench.store.read_live_index()]
