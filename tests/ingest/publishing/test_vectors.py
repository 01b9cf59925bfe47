"""Vectors that are made ahead: in order, each text once, and ended at once."""

from __future__ import annotations

import threading
from contextlib import closing

import numpy as np
import pytest

from ingest.errors import PublishError
from ingest.publishing.vectors import VectorMaker, split_into_batches
from ingest.report import Progress
from rag_core.cancellation import pause_unless_cancelled
from rag_core.types import Chunk
from tests.ingest.fakes import HashEmbedder, MemoryStore


class SlowServers(HashEmbedder):
    """An embedder of which calls wait at a gate, several at a time."""

    def __init__(self, parallel: int = 4) -> None:
        super().__init__()
        self.parallel = parallel
        self.started = threading.Semaphore(0)
        self.gate = threading.Event()
        self.gate.set()

    def embed_passages(self, texts):
        self.started.release()
        while not self.gate.is_set():
            pause_unless_cancelled(0.001)
        return super().embed_passages(texts)


def make_chunk(number: int, text: str) -> Chunk:
    return Chunk(
        id=f"{number:05}",
        source="docs",
        path="a.md",
        url="",
        title="",
        headings=(),
        text=text,
        position=number,
    )


def make_chunks(texts: list[str]) -> list[Chunk]:
    return [make_chunk(number, text) for number, text in enumerate(texts)]


def make_maker(embedder, events: list[Progress], *, to_embed: int = 1) -> VectorMaker:
    return VectorMaker(MemoryStore(), embedder, None, {}, to_embed, events.append)


@pytest.mark.parametrize("embedder", [HashEmbedder(), SlowServers()], ids=["one", "several"])
def test_vectors_come_in_order_and_equal_neighbours_are_embedded_once(embedder):
    chunks = make_chunks([f"text {number // 3}" for number in range(100)])
    events: list[Progress] = []
    maker = make_maker(embedder, events)
    found = list(maker.stream(split_into_batches(chunks, 4)))
    assert [chunk for batch, _ in found for chunk in batch] == chunks
    vectors = np.concatenate([vectors for _, vectors in found])
    expected = np.stack([embedder.embed_query(chunk.embedding_text) for chunk in chunks])
    np.testing.assert_array_equal(vectors, expected)
    assert len(embedder.embedded) == len(set(embedder.embedded)) == maker.embedded == 34
    assert events[-1] == Progress("embedding", 34, 34)
    assert maker.seconds > 0


def test_several_calls_are_under_way_while_the_first_is_awaited():
    embedder = SlowServers(parallel=4)
    embedder.gate.clear()
    maker = make_maker(embedder, [])
    batches = split_into_batches(make_chunks([f"text {n}" for n in range(12)]), 1)
    thread = threading.Thread(target=lambda: list(maker.stream(batches)))
    thread.start()
    for _ in range(4):
        assert embedder.started.acquire(timeout=10)
    embedder.gate.set()
    thread.join(10)
    assert maker.embedded == 12


def test_an_error_ends_all_that_is_under_way():
    embedder = SlowServers(parallel=4)
    threads = threading.active_count()
    calls = iter([False, True])

    def fail() -> None:
        if next(calls, False):
            embedder.gate.clear()  # the others hang from now on
            raise PublishError("broken")

    embedder.before = fail
    batches = split_into_batches(make_chunks([f"text {n}" for n in range(50)]), 1)
    with pytest.raises(PublishError, match="broken"):
        list(make_maker(embedder, []).stream(batches))
    assert threading.active_count() == threads
    assert len(embedder.embedded) < 50


def test_a_reader_that_stops_ends_all_that_is_under_way():
    embedder = SlowServers(parallel=4)
    threads = threading.active_count()
    batches = split_into_batches(make_chunks([f"text {n}" for n in range(50)]), 1)
    with closing(make_maker(embedder, []).stream(batches)) as stream:
        next(stream)
        embedder.gate.clear()
    assert threading.active_count() == threads
    assert len(embedder.embedded) < 50


def test_a_model_that_nothing_needs_is_not_opened():
    class Unopened(HashEmbedder):
        @property
        def parallel(self) -> int:
            raise AssertionError

    assert list(make_maker(Unopened(), [], to_embed=0).stream([])) == []
