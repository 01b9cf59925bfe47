"""Small, strict, deterministic stand-ins for the models, the LLM and Milvus."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from rag_core.errors import StoreError
from rag_core.index.bm25_tokens import extract_terms as tokenised
from rag_core.index.stop_words import FUNCTION_WORDS
from rag_core.protocols import NEIGHBOURS
from rag_core.types import (
    SCHEMA_VERSION,
    Chunk,
    Hit,
    IndexSpec,
    LiveIndex,
    PageKey,
    Passage,
    Scope,
    Turn,
    Usage,
    Vector,
    Vectors,
    hash_content,
)


def make_chunk(
    text: str = "Milvus stores data in object storage.",
    *,
    path: str = "en/storage.md",
    title: str = "Storage",
    headings: tuple[str, ...] = (),
    position: int = 0,
    source: str = "docs",
    version: str = "",
    language: str = "",
) -> Chunk:
    """A chunk whose id depends on all of it."""
    key = hash_content(source, path, title, *headings, str(position), text)
    url = f"https://docs.example/{path}"
    return Chunk(key, source, path, url, title, headings, position, text, version, language)


def make_passage(text: str = "Milvus stores data in object storage.", **place) -> Passage:
    """A passage over such a chunk."""
    return Passage(make_chunk(text, **place), 0.5, 0.5)


class HashEmbedder:
    """Texts that share words are near: each word adds a fixed pseudo-random direction."""

    max_tokens = 100

    def __init__(self, model: str = "hash", dimension: int = 32) -> None:
        self.model = model
        self.dimension = dimension
        self.batches: list[tuple[str, ...]] = []

    def embed_query(self, text: str) -> Vector:
        return self._vector(text)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        self.batches.append(tuple(texts))
        return np.array([self._vector(text) for text in texts], np.float32).reshape(
            len(texts), self.dimension
        )

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]

    def _vector(self, text: str) -> Vector:
        total = _direction("", self.dimension) * 1e-3
        for word in tokenised(text).split():
            if word not in FUNCTION_WORDS["english"]:
                total = total + _direction(word, self.dimension)
        vector: Vector = (total / np.linalg.norm(total)).astype(np.float32)
        return vector


def _direction(word: str, dimension: int) -> NDArray[np.float64]:
    seed = int.from_bytes(hashlib.sha256(word.encode(errors="replace")).digest()[:8])
    return np.random.default_rng(seed).normal(size=dimension)


class ScriptedReranker:
    """Scores by a function of question and passage, or raises."""

    model = "scripted"

    def __init__(
        self,
        score: Callable[[str, str], float] = lambda _query, _passage: 0.5,
        *,
        error: Exception | None = None,
    ) -> None:
        self._score = score
        self._error = error
        self.seen: list[tuple[str, tuple[str, ...]]] = []

    def rerank(self, query: str, passages: Sequence[str]) -> NDArray[np.float32]:
        assert passages, "a reranker is not asked about nothing"
        self.seen.append((query, tuple(passages)))
        if self._error:
            raise self._error
        scores = np.array([self._score(query, passage) for passage in passages], np.float32)
        assert ((scores >= 0) & (scores <= 1)).all()
        return scores


class ScriptedGenerator:
    """Gives its pieces in turn; an exception among them is raised where it stands."""

    model = "scripted"

    def __init__(self, *pieces: str | Usage | Exception) -> None:
        self._pieces = pieces
        self.asked: list[tuple[str, tuple[Turn, ...]]] = []
        self.given = 0
        self.closed = False
        self.patience: float | None = None

    def generate(
        self, system: str, turns: Sequence[Turn], *, patience: float | None = None
    ) -> Iterator[str | Usage]:
        self.patience = patience
        self.asked.append((system, tuple(turns)))
        try:
            for piece in self._pieces:
                if isinstance(piece, Exception):
                    raise piece
                self.given += 1
                yield piece
        finally:
            self.closed = True


class MemoryStore:
    """Implements `VectorStore` in dictionaries; BM25 is the number of shared terms."""

    def __init__(self, *, lexical_error: StoreError | None = None) -> None:
        self._specs: dict[str, IndexSpec] = {}
        self._rows: dict[str, dict[str, tuple[Chunk, Vector]]] = {}
        self._sealed: set[str] = set()
        self._owners: dict[str, str] = {}
        self._live: str | None = None
        self._lexical_error = lexical_error
        self.is_exact = True
        self.closed = False

    def read_live_index(self, mark: str | None = None) -> LiveIndex | None:
        del mark
        return LiveIndex(self._live, self._specs[self._live]) if self._live else None

    def search_dense(
        self, collection: str, vector: Vector, *, limit: int, scope: Scope
    ) -> list[Hit]:
        rows = self._in_scope(collection, scope)
        assert all(stored.shape == vector.shape for _, stored in rows)
        return _best([Hit(chunk, float(stored @ vector)) for chunk, stored in rows], limit)

    def search_lexical(self, collection: str, terms: str, *, limit: int, scope: Scope) -> list[Hit]:
        if self._lexical_error:
            raise self._lexical_error
        asked = set(terms.split())
        hits = [
            Hit(chunk, float(len(asked & set(tokenised(chunk.embedding_text).split()))))
            for chunk, _ in self._in_scope(collection, scope)
        ]
        return _best([hit for hit in hits if hit.score], limit)

    def count(self, collection: str) -> int:
        return len(self._table(collection))

    def create(self, collection: str, spec: IndexSpec) -> None:
        self._specs[collection], self._rows[collection] = spec, {}
        self._sealed.discard(collection)

    def insert(self, collection: str, chunks: Sequence[Chunk], vectors: Vectors) -> None:
        assert collection != self._live, "a live version is not written to"
        assert vectors.shape == (len(chunks), self._specs[collection].dimension)
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)
        table = self._table(collection)
        table.update({chunk.id: (chunk, row) for chunk, row in zip(chunks, vectors, strict=True)})

    def read_vectors(self, collection: str, ids: Sequence[str]) -> dict[str, Vector]:
        table = self._table(collection)
        return {key: table[key][1] for key in ids if key in table}

    def score_pages(
        self, collection: str, vector: Vector, pages: Sequence[PageKey]
    ) -> dict[PageKey, float]:
        found: dict[PageKey, list[float]] = {}
        for chunk, row in list(self._table(collection).values()):
            if chunk.page_key in pages:
                found.setdefault(chunk.page_key, []).append(float(row @ vector))
        return {page: float(np.mean(cosines)) for page, cosines in found.items()}

    def read_neighbours(self, collection: str, chunks: Sequence[Chunk]) -> list[Chunk]:
        near = [
            chunk
            for chunk, _ in self._table(collection).values()
            if any(
                chunk.page_key == each.page_key
                and abs(chunk.position - each.position) <= NEIGHBOURS
                for each in chunks
            )
        ]
        return sorted(near, key=lambda chunk: (chunk.page_key, chunk.position))

    def read_pages_at(self, collection: str, place: str, *, source: str = "") -> list[Chunk]:
        found = [
            chunk
            for chunk, _ in self._table(collection).values()
            if source in {"", chunk.source} and place in {chunk.path, chunk.url.partition("#")[0]}
        ]
        return sorted(found, key=lambda chunk: (chunk.page_key, chunk.position))

    def read_chunks(self, collection: str) -> Iterator[Chunk]:
        for chunk, _ in list(self._table(collection).values()):
            yield chunk

    def read_rows(self, collection: str, ids: Sequence[str]) -> list[tuple[Chunk, Vector]]:
        table = self._table(collection)
        return [table[key] for key in ids if key in table]

    def delete(self, collection: str, ids: Sequence[str]) -> None:
        assert collection != self._live, "a live version is not written to"
        for key in ids:
            self._table(collection).pop(key, None)

    def write_spec(self, collection: str, spec: IndexSpec) -> None:
        self._specs[collection] = spec

    def read_owner(self, collection: str) -> str:
        return self._owners.get(collection, "")

    def write_owner(self, collection: str, owner: str) -> None:
        self._owners[collection] = owner

    def seal(self, collection: str) -> int:
        self._sealed.add(collection)
        return self.count(collection)

    def switch(self, collection: str) -> None:
        assert collection in self._sealed, "only a sealed version goes live"
        self._live = collection

    def drop(self, collection: str) -> None:
        if collection == self._live:
            raise StoreError(f"{collection} is live.")
        self._table(collection)
        del self._rows[collection], self._specs[collection]

    def list_collections(self) -> list[str]:
        return sorted(self._rows)

    def close(self) -> None:
        self.closed = True

    def _table(self, collection: str) -> dict[str, tuple[Chunk, Vector]]:
        assert not self.closed
        if collection not in self._rows:
            raise StoreError(f"There is no {collection}.")
        return self._rows[collection]

    def _in_scope(self, collection: str, scope: Scope) -> list[tuple[Chunk, Vector]]:
        return [
            (chunk, vector)
            for chunk, vector in self._table(collection).values()
            if (not scope.sources or chunk.source in scope.sources)
            and chunk.path.startswith(scope.path_prefix)
            and scope.version in {"", chunk.version}
            and scope.language in {"", chunk.language}
        ]


def _best(hits: list[Hit], limit: int) -> list[Hit]:
    return sorted(hits, key=lambda hit: (-hit.score, hit.chunk.id))[:limit]


def publish(
    store: MemoryStore, embedder: HashEmbedder, chunks: Sequence[Chunk], *, revision: str = "r1"
) -> str:
    """Make a live version of the chunks; its collection's name."""
    spec = IndexSpec(embedder.model, embedder.dimension, "chunker", SCHEMA_VERSION, revision)
    name = f"docent__{revision}"
    store.create(name, spec)
    store.insert(name, chunks, embedder.embed_passages([c.embedding_text for c in chunks]))
    store.seal(name)
    store.switch(name)
    return name
