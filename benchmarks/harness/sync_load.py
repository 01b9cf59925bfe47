"""Two rows of `benchmarks.sync`: searches while versions are switched, and very many chunks."""

from __future__ import annotations

import shutil
import statistics
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness.bench_index import BenchIndex, spread, timed
from ingest.changes.plan import plan_chunks, plan_pages
from ingest.publishing.publisher import Publisher
from ingest.report import ignore_progress
from ingest.state.database import open_state
from ingest.state.ledger import Ledger
from ingest.types import Contents, KnownChunk, KnownPage
from rag_core.index.bm25_tokens import extract_terms
from rag_core.index.milvus import MilvusStore
from rag_core.settings import RagSettings
from rag_core.types import (
    SCHEMA_VERSION,
    Chunk,
    IndexSpec,
    Scope,
    Vector,
    Vectors,
    hash_content,
)

LIMIT = 10
_WORDS = [
    "index",
    "segment",
    "vector",
    "query",
    "shard",
    "replica",
    "log",
    "node",
    "channel",
    "field",
]


@dataclass
class Searcher:
    """Searches the live version both ways, again and again, and notes what it found."""

    bench: BenchIndex
    questions: list[tuple[Vector, str]]
    wanted: int
    seconds: list[float] = field(default_factory=list)
    found: dict[str, set[str]] = field(default_factory=dict)
    errors: int = 0
    empty: int = 0

    def run(self) -> None:
        """Until there are enough."""
        for number in range(self.wanted):
            started = time.perf_counter()
            vector, words = self.questions[number % len(self.questions)]
            try:
                self._search(vector, words)
            except Exception:  # noqa: BLE001  (any error is counted)
                self.errors += 1
            self.seconds.append(time.perf_counter() - started)

    def _search(self, vector: Vector, words: str) -> None:
        store = self.bench.store
        live = store.read_live_index()
        assert live is not None
        dense = store.search_dense(live.collection, vector, limit=LIMIT, scope=Scope())
        lexical = store.search_lexical(live.collection, words, limit=LIMIT, scope=Scope())
        self.empty += not dense or not lexical
        ids = self.found.setdefault(live.collection, set())
        ids.update(hit.chunk.id for hit in (*dense, *lexical))


def searching(bench: BenchIndex, sources: Sequence[Path], *, searches: int) -> dict[str, Any]:
    """Switch between two states of the documentation until all searches are done."""
    live = bench.folder / "docs.zip"
    engine = open_state(f"sqlite:///{bench.folder / 'state0.sqlite'}")
    ledger = Ledger(engine, index="docent")
    contents: dict[str, set[str]] = {}

    def sync(number: int) -> None:
        shutil.copy(sources[number % len(sources)], live)
        bench.index(live)
        index = bench.store.read_live_index()
        assert index is not None
        contents[index.collection] = {chunk.id for chunk in ledger.contents.read_chunks(index.collection)}

    sync(0)
    asked = [next_question(bench, text) for text in _texts(bench)]
    searcher = Searcher(bench, asked, searches)
    thread = threading.Thread(target=searcher.run)
    thread.start()
    syncs = 0
    while thread.is_alive():
        syncs += 1
        sync(syncs)
    thread.join()
    mixed = sum(not found <= contents[collection] for collection, found in searcher.found.items())
    engine.dispose()
    return {
        "searches": len(searcher.seconds),
        "errors": searcher.errors,
        "empty": searcher.empty,
        "mixed_versions": mixed,
        "versions_searched": len(searcher.found),
        "syncs": syncs,
        **{key: value for key, value in spread(searcher.seconds).items() if key != "questions"},
    }


def _texts(bench: BenchIndex) -> list[str]:
    questions = bench.questions()
    return [next(questions).text for _ in range(50)]


def next_question(bench: BenchIndex, text: str) -> tuple[Vector, str]:
    """A question as both searches take it."""
    return bench.models.inference.questions.embed_query(text), extract_terms(text)


class RandomEmbedder:
    """Random unit vectors; counts nothing."""

    model = "random"
    max_tokens = 512

    def __init__(self, dimension: int) -> None:
        self.dimension = dimension
        self._random = np.random.default_rng(0)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Return as many random rows."""
        rows = self._random.standard_normal((len(texts), self.dimension), dtype=np.float32)
        unit: Vectors = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return unit

    def embed_query(self, text: str) -> Vector:
        """One of them."""
        return self.embed_passages([text])[0]

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Not needed here."""
        return [len(text.split()) for text in texts]


def scale(folder: Path, *, chunks: int, dimension: int) -> dict[str, Any]:
    """Build, carry over, switch and reopen an index of so many chunks."""
    settings = RagSettings(_env_file=None, milvus_uri=str(folder / "milvus.db"))
    store = MilvusStore.open(settings)
    ledger = Ledger(open_state(f"sqlite:///{folder / 'state.sqlite'}"), index="docent")
    embedder = RandomEmbedder(dimension)
    publisher = Publisher(store, embedder, ledger)
    spec = IndexSpec(embedder.model, dimension, "1", SCHEMA_VERSION, "")
    before = _resident_mb()

    def publish(known: Contents, fresh: list[Chunk]) -> None:
        pages = plan_pages(known.pages, (), recipe="r")
        plan = plan_chunks(known.chunks, pages, fresh, recipe="r", reuse=True)
        contents = Contents(
            (*plan.contents.pages, KnownPage("docs", "new.md", "h", "r")), plan.contents.chunks
        )
        plan = type(plan)(plan.kept, plan.fresh, plan.vector_ids, contents)
        publisher.publish(
            plan, spec, progress=ignore_progress, confirm=lambda: None, gate=lambda _live, _new: ()
        )

    made = _chunks(chunks)
    built = timed(lambda: publish(Contents(), made))
    known = Contents(
        (KnownPage("docs", "a.md", "h", "r"),),
        tuple(KnownChunk(c.id, c.source, c.path, c.embedding_hash) for c in made),
    )
    carried = timed(lambda: publish(known, [_chunk("new.md", 0)]))
    first, second = store.list_collections()
    switched = timed(lambda: store.switch(first))
    store.switch(second)
    memory = _resident_mb()
    searched = _searches(store, second, embedder)
    store.close()
    opened = time.perf_counter()
    store = MilvusStore.open(settings)
    count = store.count(second)
    reopened = time.perf_counter() - opened
    after = _searches(store, second, embedder)
    store.close()
    return {
        "chunks": count,
        "dimension": dimension,
        "build_seconds": round(built, 1),
        "carry_over_seconds": round(carried, 1),
        "switch_seconds": round(switched, 3),
        "reopen_seconds": round(reopened, 2),
        "dense_p50_ms": searched,
        "dense_p50_ms_after_reopen": after,
        "memory_mb": round(memory - before),
        "disk_mb": round(sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) / 2**20),
    }


def _searches(store: MilvusStore, collection: str, embedder: RandomEmbedder) -> float:
    seconds = [
        timed(
            lambda: store.search_dense(
                collection, embedder.embed_query(""), limit=LIMIT, scope=Scope()
            )
        )
        for _ in range(7)
    ]
    return round(statistics.median(seconds) * 1000, 1)


def _chunks(count: int) -> list[Chunk]:
    return [_chunk("a.md", number) for number in range(count)]


def _chunk(path: str, number: int) -> Chunk:
    """About 800 characters, all different."""
    words = (_WORDS[(number >> shift) % len(_WORDS)] for shift in range(120))
    text = f"Part {number}: {' '.join(words)}."
    return Chunk(hash_content(path, str(number)), "docs", path, "", "Scale", (), number, text)


def _resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20
