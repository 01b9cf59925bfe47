"""Search time on Milvus Lite over rows that were deleted: when does a rebuild pay?"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.sync.made_up import RandomEmbedder
from rag_core.index.bm25_tokens import build_query_terms
from rag_core.index.milvus import MilvusStore
from rag_core.settings import RagSettings
from rag_core.types import SCHEMA_VERSION, Chunk, IndexSpec, Scope, hash_content

_SHARES = (0, 10, 25, 33, 50, 100)
"""Deleted rows, in percent of those that are left."""

_STEP = 0.05
"""Share of the rows that one sync replaces."""

_WORDS = 2_000
_SEARCHES = 40
_LIMIT = 50
_BATCH = 2_000


class _Rows:
    """A collection whose rows are replaced, a few at a time."""

    def __init__(self, store: MilvusStore, name: str, count: int, dimension: int) -> None:
        self._store, self._name = store, name
        self._embedder = RandomEmbedder(dimension)
        self._random = np.random.default_rng(1)
        self._ids: list[str] = []
        self._written = 0
        self.dead = 0
        store.create(name, IndexSpec("random", dimension, "1", SCHEMA_VERSION, ""))
        self._write(count)
        store.seal(name)

    def replace(self, count: int) -> float:
        """Delete rows, write as many new ones; return the seconds."""
        started = time.perf_counter()
        self._random.shuffle(self._ids)
        gone, self._ids = self._ids[:count], self._ids[count:]
        self._store.delete(self._name, gone)
        self._write(count)
        self.dead += count
        assert self._store.seal(self._name) == len(self._ids)
        return time.perf_counter() - started

    def measure(self) -> dict[str, float]:
        """Milliseconds of the median search, by vector and by words, and of a processor."""
        vectors = self._embedder.embed_passages([""] * _SEARCHES)
        words = [build_query_terms(self._draw_text(8)) for _ in range(_SEARCHES)]
        dense, dense_cpu = _time(
            lambda vector: self._store.search_dense(
                self._name, vector, limit=_LIMIT, scope=Scope()
            ),
            list(vectors),
        )
        lexical, lexical_cpu = _time(
            lambda terms: self._store.search_lexical(
                self._name, terms, limit=_LIMIT, scope=Scope()
            ),
            words,
        )
        return {
            "dense_ms": dense,
            "dense_cpu_ms": dense_cpu,
            "lexical_ms": lexical,
            "lexical_cpu_ms": lexical_cpu,
        }

    def _write(self, count: int) -> None:
        for start in range(0, count, _BATCH):
            chunks = [self._make_chunk() for _ in range(min(_BATCH, count - start))]
            self._store.insert(
                self._name, chunks, self._embedder.embed_passages([c.text for c in chunks])
            )
            self._ids += [chunk.id for chunk in chunks]

    def _make_chunk(self) -> Chunk:
        self._written += 1
        text = self._draw_text(80)
        path = f"{self._written // 20}.md"
        return Chunk(hash_content(str(self._written)), "docs", path, "", "Title", (), 0, text)

    def _draw_text(self, length: int) -> str:
        return " ".join(f"word{n}" for n in self._random.zipf(1.3, length) % _WORDS)


def dead_rows(chunks: int, dimension: int) -> dict[str, Any]:
    """Measure searches while more and more rows are deleted and replaced.

    Args:
        chunks: rows that are left.
        dimension: length of a vector.

    Returns:
        By share of dead rows in percent, the medians of searches, and those of a rebuilt
        collection of the same rows.
    """
    with tempfile.TemporaryDirectory() as folder:
        settings = RagSettings(_env_file=None, milvus_uri=str(Path(folder) / "milvus.db"))
        store = MilvusStore.open(settings)
        try:
            rows = _Rows(store, "docent__v1", chunks, dimension)
            found = {str(share): _reach(rows, chunks, share) for share in _SHARES}
            store.drop("docent__v1")
            found["rebuilt"] = _Rows(store, "docent__v2", chunks, dimension).measure()
        finally:
            store.close()
    return {"chunks": chunks, "dimension": dimension, "dead_percent": found}


def _reach(rows: _Rows, chunks: int, share: int) -> dict[str, float]:
    while rows.dead < round(chunks * share / 100):
        left = round(chunks * share / 100) - rows.dead
        rows.replace(min(left, round(chunks * _STEP)))
    return rows.measure()


def _time(search: Callable[[Any], object], queries: Sequence[Any]) -> tuple[float, float]:
    """Return the median milliseconds by the clock, and by this process's use of processors.

    Milvus Lite is part of this process, and others may be at work on the machine.
    """
    search(queries[0])  # so that nothing is loaded on the clock
    clock, cpu = [], []
    for query in queries:
        started = time.perf_counter(), time.process_time()
        search(query)
        clock.append(time.perf_counter() - started[0])
        cpu.append(time.process_time() - started[1])
    return round(1000 * statistics.median(clock), 1), round(1000 * statistics.median(cpu), 1)
