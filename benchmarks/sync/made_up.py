"""An index of pages that are made up, with random vectors: no model, and no reading of sources."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence

import numpy as np
from sqlalchemy import Engine

from benchmarks.harness.bench_index import timed
from ingest.changes.plan import ChunkPlan
from ingest.publishing.publisher import Publisher
from ingest.report import ignore_progress
from ingest.state.lease import SyncLease
from ingest.state.ledger import Ledger
from ingest.types import KnownPage
from rag_core.protocols import VectorStore
from rag_core.types import SCHEMA_VERSION, Chunk, IndexSpec, Vector, Vectors

PAGE = 20
"""Chunks of a page."""

_WORDS = (
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
)


class RandomEmbedder:
    """Unit vectors that are random, and the same for the same text.

    Args:
        dimension: length of a vector.
    """

    model = "random"
    max_tokens = 512

    def __init__(self, dimension: int) -> None:
        self.dimension = dimension

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """A random row for each text."""
        rows = np.stack([self._draw(text) for text in texts])
        unit: Vectors = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return unit

    def embed_query(self, text: str) -> Vector:
        """One of them."""
        return self.embed_passages([text])[0]

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Not needed here."""
        return [len(text.split()) for text in texts]

    def _draw(self, text: str) -> Vector:
        seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])
        return np.random.default_rng(seed).standard_normal(self.dimension, dtype=np.float32)


class MadeUpIndex:
    """An index of pages that are made up, and the ledger behind it.

    Args:
        store: where the chunks go.
        engine: the state database.
        embedder: makes their vectors.
        per_page: chunks of a page.
    """

    def __init__(
        self,
        store: VectorStore,
        engine: Engine,
        embedder: RandomEmbedder,
        *,
        per_page: int = PAGE,
    ) -> None:
        self.store = store
        self.ledger = Ledger(engine, index="docent")
        self._publisher = Publisher(store, embedder, self.ledger)
        self._lease = SyncLease(engine, name="sync:docent")
        self._spec = IndexSpec("random", embedder.dimension, "1", SCHEMA_VERSION, "")
        self._per_page = per_page
        self._pages: dict[str, KnownPage] = {}
        self.processor_seconds = 0.0
        """What the last sync took of this process, Milvus Lite within it."""

    def publish(self, editions: Mapping[str, int]) -> float:
        """Write these editions of pages, keep the others; return the seconds."""
        live = self.store.read_live_index()
        fresh = [
            chunk_of(f"{path}|{position}|{edition}")
            for path, edition in editions.items()
            for position in range(self._per_page)
        ]
        for path, edition in editions.items():
            self._pages[path] = KnownPage("docs", path, str(edition), "r", self._per_page)
        kept = frozenset(page.key for path, page in self._pages.items() if path not in editions)
        hashes = {chunk.embedding_hash for chunk in fresh}
        found = self.ledger.contents.find_vectors(live.collection, hashes) if live else {}
        plan = ChunkPlan(tuple(self._pages.values()), kept, tuple(fresh), found, reuse=True)
        began = time.process_time()
        with self._lease.hold() as lease:
            seconds = timed(
                lambda: self._publisher.publish(
                    plan,
                    self._spec,
                    progress=ignore_progress,
                    lease=lease,
                    gate=lambda _live, _new: (),
                )
            )
        self.processor_seconds = time.process_time() - began
        return seconds


def chunk_of(name: str) -> Chunk:
    """The chunk with this id, which says all of it: `path|position|edition`.

    Its text has about 800 characters, and no other chunk has the same.
    """
    path, position, edition = name.split("|")
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:6])
    words = " ".join(_WORDS[(number >> shift) % len(_WORDS)] for shift in range(120))
    text = f"Part {path} {position} {edition}: {words}."
    return Chunk(name, "docs", path, "", "Scale", (), int(position), text)
