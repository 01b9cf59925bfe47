from __future__ import annotations

import threading

from benchmarks.sync import embedding_clock
from benchmarks.sync.embedding_clock import EmbeddingClock
from rag_core.protocols import TruncatingEmbedder
from tests.rag_core.fakes import HashEmbedder


def test_calls_at_the_same_time_count_once(monkeypatch):
    moments = iter([10.0, 14.0])
    monkeypatch.setattr(embedding_clock.time, "perf_counter", lambda: next(moments))
    both = threading.Barrier(2, timeout=30)

    class Slow(HashEmbedder):
        def embed_passages(self, texts):
            both.wait()
            return super().embed_passages(texts)

    clock = EmbeddingClock(Slow())
    threads = [threading.Thread(target=clock.embed_passages, args=(["a"],)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert clock.seconds == 4.0


def test_it_is_as_the_embedder_is():
    clock = EmbeddingClock(HashEmbedder())
    assert clock.model == "hash"
    assert not isinstance(clock, TruncatingEmbedder)
