"""An index of many chunks with random vectors: what a changed page costs, and a copy of all."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Connection, Engine, event

from benchmarks.harness.bench_index import timed
from ingest.changes.plan import ChunkPlan
from ingest.publishing.publisher import Publisher
from ingest.publishing.versions import resume_syncs, roll_back
from ingest.report import ignore_progress
from ingest.state.database import open_state
from ingest.state.lease import SyncLease
from ingest.state.ledger import Ledger
from ingest.types import KnownPage
from rag_core.index.milvus import MilvusStore
from rag_core.settings import RagSettings
from rag_core.types import SCHEMA_VERSION, Chunk, IndexSpec, Scope, Vector, Vectors, hash_content

PAGE = 20
"""Chunks of a page."""

_LIMIT = 10
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


class ScaledIndex:
    """An index of pages that are made up, and the state database behind it.

    Args:
        folder: holds both.
        dimension: length of a vector.
    """

    def __init__(self, folder: Path, dimension: int) -> None:
        settings = RagSettings(_env_file=None, milvus_uri=str(folder / "milvus.db"))
        self.store = MilvusStore.open(settings)
        self.embedder = RandomEmbedder(dimension)
        self.engine = open_state(f"sqlite:///{folder / 'state.sqlite'}")
        self.ledger = Ledger(self.engine, index="docent")
        self.transactions = watch_transactions(self.engine)
        self._publisher = Publisher(self.store, self.embedder, self.ledger)
        self._lease = SyncLease(self.engine, name="sync:docent")
        self._spec = IndexSpec("random", dimension, "1", SCHEMA_VERSION, "")
        self._pages: dict[str, KnownPage] = {}

    def publish(self, editions: Mapping[str, int]) -> float:
        """Write these editions of pages, keep the others; return the seconds."""
        live = self.store.read_live_index()
        fresh = [chunk for path, edition in editions.items() for chunk in _page(path, edition)]
        for path, edition in editions.items():
            self._pages[path] = KnownPage("docs", path, str(edition), "r", PAGE)
        kept = frozenset(page.key for path, page in self._pages.items() if path not in editions)
        hashes = {chunk.embedding_hash for chunk in fresh}
        found = self.ledger.contents.find_vectors(live.collection, hashes) if live else {}
        plan = ChunkPlan(tuple(self._pages.values()), kept, tuple(fresh), found, reuse=True)
        with self._lease.hold() as lease:
            return timed(
                lambda: self._publisher.publish(
                    plan,
                    self._spec,
                    progress=ignore_progress,
                    lease=lease,
                    gate=lambda _live, _new: (),
                )
            )


def scale(folder: Path, *, chunks: int, dimension: int) -> dict[str, Any]:
    """Build an index of so many chunks, and change single pages of it.

    The second sync copies the index, as each one did before there was a standby; the others write
    what differs.
    """
    before = _resident_mb()
    index = ScaledIndex(folder, dimension)
    pages = [f"{number}.md" for number in range(max(chunks // PAGE, 8))]
    built = index.publish(dict.fromkeys(pages, 0))
    copied = index.publish({pages[0]: 1})
    index.transactions.clear()
    deltas = [index.publish({page: 1}) for page in pages[1:6]]
    longest = max(index.transactions)
    live = index.store.read_live_index()
    assert live is not None
    searched = _searches(index.store, live.collection, index.embedder)
    rolled_back = timed(lambda: roll_back(index.store, index.ledger))
    resume_syncs(index.ledger)
    memory = _resident_mb()
    index.store.close()
    opened = time.perf_counter()
    index = ScaledIndex(folder, dimension)
    count = index.store.count(live.collection)
    reopened = time.perf_counter() - opened
    after = _searches(index.store, live.collection, index.embedder)
    index.store.close()
    delta = statistics.median(deltas)
    return {
        "chunks": count,
        "dimension": dimension,
        "build_seconds": round(built, 1),
        "copy_seconds": round(copied, 2),
        "delta_seconds": [round(each, 3) for each in deltas],
        "delta_of_copy": round(delta / copied, 4),
        "rollback_seconds": round(rolled_back, 3),
        "longest_transaction_ms": round(longest * 1000, 1),
        "reopen_seconds": round(reopened, 2),
        "dense_p50_ms": searched,
        "dense_p50_ms_after_reopen": after,
        "memory_mb": round(memory - before),
        "disk_mb": round(sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) / 2**20),
    }


def watch_transactions(engine: Engine) -> list[float]:
    """Return a list that gets the seconds of each transaction that is committed."""
    seconds: list[float] = []

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.info["began"] = time.perf_counter()

    @event.listens_for(engine, "commit")
    def _commit(connection: Connection) -> None:
        seconds.append(time.perf_counter() - connection.info["began"])

    return seconds


def _searches(store: MilvusStore, collection: str, embedder: RandomEmbedder) -> float:
    seconds = [
        timed(
            lambda: store.search_dense(
                collection, embedder.embed_query(""), limit=_LIMIT, scope=Scope()
            )
        )
        for _ in range(7)
    ]
    return round(statistics.median(seconds) * 1000, 1)


def _page(path: str, edition: int) -> Iterable[Chunk]:
    """Chunks of about 800 characters, all different."""
    for position in range(PAGE):
        name = hash_content(path, str(position), str(edition))
        number = int(name[:12], 16)
        words = (_WORDS[(number >> shift) % len(_WORDS)] for shift in range(120))
        text = f"Part {path} {position} {edition}: {' '.join(words)}."
        yield Chunk(name, "docs", path, "", "Scale", (), position, text)


def _resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20
