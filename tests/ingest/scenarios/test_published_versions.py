"""What a published version took, and in which batches it was written."""

from __future__ import annotations

import time

import pytest

from ingest.changes.plan import ChunkPlan
from ingest.publishing.publisher import Publisher, PublishGate, PublishResult
from ingest.publishing.self_check import SAMPLE
from ingest.report import GoldenResult
from ingest.state.lease import SyncLease
from ingest.types import KnownPage
from rag_core.types import Chunk, IndexSpec, LiveIndex
from tests.ingest.conftest import Bench

SPEC = IndexSpec("hash", 8, "1", 1, "")


def plan_of(count: int, content: str = "h") -> ChunkPlan:
    """A page of many chunks, to be written."""
    page = KnownPage("docs", "a.md", content, "r", count)
    fresh = [Chunk(f"{n:04}", "docs", "a.md", "", "", (), n, f"Text {n}.") for n in range(count)]
    return ChunkPlan((page,), frozenset(), tuple(fresh), {}, reuse=True)


def kept_plan(count: int, *, reuse: bool) -> ChunkPlan:
    """The same page, to be carried over."""
    page = KnownPage("docs", "a.md", "h", "r", count)
    return ChunkPlan((page,), frozenset({page.key}), (), {}, reuse=reuse)


def publish(bench: Bench, plan: ChunkPlan, gate: PublishGate = lambda *_: ()) -> PublishResult:
    publisher = Publisher(bench.store, bench.embedder, bench.ledger)
    with SyncLease(bench.ledger.engine, name="sync:docent").hold() as lease:
        return publisher.publish(plan, SPEC, progress=bench.events.append, lease=lease, gate=gate)


def test_what_a_version_took_is_told(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    now = [100.0]

    def spend(seconds: float) -> None:
        now[0] += seconds

    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    bench.embedder.before = lambda: spend(2)
    bench.store.before = lambda _: spend(1)
    published = publish(bench, plan_of(200))
    assert bench.store.writes == ["create", "insert", "seal", "switch"]
    assert (published.embedded, published.reused) == (200, 0)
    assert published.characters == sum(len(f"Text {n}.") for n in range(200))
    assert (published.embed_seconds, published.write_seconds) == (4, 4)
    assert published.revision == bench.store.read_live_index().spec.revision != ""


@pytest.mark.parametrize(
    ("reuse", "read", "embedded"), [(True, [500, 100], []), (False, [], [128, 128, 128, 128, 88])]
)
def test_chunks_are_carried_over_in_larger_batches_than_they_are_embedded(
    bench: Bench, reuse: bool, read: list[int], embedded: list[int]
):
    publish(bench, plan_of(600))
    bench.embedder.batches.clear()
    written: list[int] = []
    carried: list[int] = []
    insert, read_vectors = bench.store.insert, bench.store.read_vectors
    bench.store.insert = lambda name, chunks, vectors: (
        written.append(len(chunks)),
        insert(name, chunks, vectors),
    )
    bench.store.read_vectors = lambda name, ids: (
        carried.append(len(ids)),
        read_vectors(name, ids),
    )[1]
    published = publish(bench, kept_plan(600, reuse=reuse))
    assert written == [250, 250, 100]
    assert [count for count in carried if count > SAMPLE] == read
    assert bench.embedder.batches == embedded
    assert (published.embedded, published.reused) == (sum(embedded), 600 - sum(embedded))


def test_the_gate_compares_the_live_version_with_the_new_one(bench: Bench):
    seen: list[LiveIndex | None] = []

    def gate(live: LiveIndex | None, new: LiveIndex) -> tuple[GoldenResult, ...]:
        assert bench.store.read_live_index() == live != new
        seen.extend((live, new))
        return ()

    publish(bench, plan_of(1, "first"), gate)
    first = bench.store.read_live_index()
    publish(bench, plan_of(2, "second"), gate)
    assert seen == [None, first, first, bench.store.read_live_index()]
