"""A strict store in memory, an embedder that counts, and zips and folders to index."""

from __future__ import annotations

import hashlib
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from rag_core.errors import StoreError
from rag_core.index import bm25_tokens
from rag_core.protocols import NEIGHBOURS
from rag_core.types import (
    Chunk,
    Hit,
    IndexSpec,
    LiveIndex,
    PageKey,
    Scope,
    Vector,
    Vectors,
)


class MemoryStore:
    """Implements `VectorStore`; refuses what Milvus must never be asked."""

    def __init__(self, alias: str = "docent") -> None:
        self.alias = alias
        self.is_exact = True
        self.specs: dict[str, IndexSpec] = {}
        self.rows: dict[str, dict[str, tuple[Chunk, Vector]]] = {}
        self.sealed: set[str] = set()
        self.owners: dict[str, str] = {}
        self.target: str | None = None
        self.writes: list[str] = []
        self.before: Callable[[str], None] = lambda _: None
        """Called with the name of every writing method: a test raises here."""

    def read_live_index(self, mark: str | None = None) -> LiveIndex | None:
        del mark
        return LiveIndex(self.target, self.specs[self.target]) if self.target else None

    def count(self, collection: str) -> int:
        return len(self._rows(collection))

    def create(self, collection: str, spec: IndexSpec) -> None:
        self._write("create")
        assert collection != self.target, "the live version would be dropped"
        self.specs[collection] = spec
        self.rows[collection] = {}

    def insert(self, collection: str, chunks: Sequence[Chunk], vectors: Vectors) -> None:
        self._write("insert")
        assert collection != self.target, "a live version is never written to"
        rows = self._rows(collection)
        assert vectors.shape == (len(chunks), self.specs[collection].dimension)
        assert vectors.dtype == np.float32
        for chunk, vector in zip(chunks, vectors, strict=True):
            assert chunk.id not in rows, "an id was written twice"
            assert len(chunk.text.encode()) < 60_000
            rows[chunk.id] = (chunk, vector.copy())

    def read_vectors(self, collection: str, ids: Sequence[str]) -> dict[str, Vector]:
        rows = self._rows(collection)
        return {id_: rows[id_][1] for id_ in ids if id_ in rows}

    def score_pages(
        self, collection: str, vector: Vector, pages: Sequence[PageKey]
    ) -> dict[PageKey, float]:
        found: dict[PageKey, list[float]] = {}
        for chunk, row in list(self._rows(collection).values()):
            if chunk.page_key in pages:
                found.setdefault(chunk.page_key, []).append(float(row @ vector))
        return {page: float(np.mean(cosines)) for page, cosines in found.items()}

    def read_neighbours(self, collection: str, chunks: Sequence[Chunk]) -> list[Chunk]:
        near = [
            chunk
            for chunk, _ in self._rows(collection).values()
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
            for chunk, _ in self._rows(collection).values()
            if source in {"", chunk.source} and place in {chunk.path, chunk.url.partition("#")[0]}
        ]
        return sorted(found, key=lambda chunk: (chunk.page_key, chunk.position))

    def read_chunks(self, collection: str) -> Iterator[Chunk]:
        # No particular order: here by id.
        for _, (chunk, _) in sorted(self._rows(collection).items()):
            yield chunk

    def read_rows(self, collection: str, ids: Sequence[str]) -> list[tuple[Chunk, Vector]]:
        rows = self._rows(collection)
        return [rows[id_] for id_ in ids if id_ in rows]

    def delete(self, collection: str, ids: Sequence[str]) -> None:
        self._write("delete")
        assert collection != self.target, "a live version is never written to"
        for id_ in ids:
            self._rows(collection).pop(id_, None)

    def write_spec(self, collection: str, spec: IndexSpec) -> None:
        self._rows(collection)
        assert collection != self.target, "a live version is never written to"
        self.specs[collection] = spec

    def read_owner(self, collection: str) -> str:
        self._rows(collection)
        return self.owners.get(collection, "")

    def write_owner(self, collection: str, owner: str) -> None:
        self._rows(collection)
        self.owners[collection] = owner

    def seal(self, collection: str) -> int:
        self._write("seal")
        self.sealed.add(collection)
        return self.count(collection)

    def switch(self, collection: str) -> None:
        self._write("switch")
        self._rows(collection)
        assert collection in self.sealed, "only a sealed version goes live"
        self.target = collection

    def drop(self, collection: str) -> None:
        self._write("drop")
        if collection == self.target:
            raise StoreError(f"{collection} is live")
        self._rows(collection)
        del self.rows[collection], self.specs[collection]

    def list_collections(self) -> list[str]:
        return sorted(self.rows)

    def close(self) -> None:
        self.rows.clear()

    def search_dense(
        self, collection: str, vector: Vector, *, limit: int, scope: Scope
    ) -> list[Hit]:
        rows = self._rows(collection).values()
        hits = [
            Hit(chunk, float(vector @ stored)) for chunk, stored in rows if within(chunk, scope)
        ]
        return sorted(hits, key=lambda hit: -hit.score)[:limit]

    def search_lexical(self, collection: str, terms: str, *, limit: int, scope: Scope) -> list[Hit]:
        wanted = set(terms.split())
        chunks = (c for c, _ in self._rows(collection).values() if within(c, scope))
        hits = [Hit(c, float(len(wanted & words(c.embedding_text)))) for c in chunks]
        return sorted((h for h in hits if h.score), key=lambda hit: -hit.score)[:limit]

    # For tests

    def texts(self) -> list[str]:
        """Texts of the live version, page by page."""
        assert self.target is not None
        found = [chunk for chunk, _ in self.rows[self.target].values()]
        found.sort(key=lambda chunk: (chunk.source, chunk.path, chunk.position))
        return [chunk.text for chunk in found]

    def live_chunks(self) -> list[Chunk]:
        assert self.target is not None
        return list(self.read_chunks(self.target))

    def _rows(self, collection: str) -> dict[str, tuple[Chunk, Vector]]:
        if collection not in self.rows:
            raise StoreError(f"there is no collection {collection}")
        return self.rows[collection]

    def _write(self, name: str) -> None:
        self.before(name)
        self.writes.append(name)


class HashEmbedder:
    """Implements `Embedder`: equal texts have equal vectors; every embedded text is noted."""

    def __init__(self, model: str = "hash", dimension: int = 8, max_tokens: int = 256) -> None:
        self.model = model
        self.dimension = dimension
        self.max_tokens = max_tokens
        self.embedded: list[str] = []
        self.batches: list[int] = []
        self.before: Callable[[], None] = lambda: None

    def embed_query(self, text: str) -> Vector:
        return self._vector(text)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        self.before()
        self.embedded += texts
        self.batches.append(len(texts))
        return np.stack([self._vector(text) for text in texts])

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(re.findall(r"\w+|[^\w\s]", text)) for text in texts]

    def _vector(self, text: str) -> Vector:
        seed = int.from_bytes(hashlib.sha256(f"{self.model}{text}".encode()).digest()[:8])
        vector = np.random.default_rng(seed).standard_normal(self.dimension).astype(np.float32)
        return vector / np.linalg.norm(vector)


class WordEmbedder(HashEmbedder):
    """Texts that share words are near each other."""

    def _vector(self, text: str) -> Vector:
        vector = sum(super(WordEmbedder, self)._vector(word) for word in sorted(words(text)))
        return vector / np.linalg.norm(vector) if len(words(text)) else super()._vector(text)


@cache
def words(text: str) -> frozenset[str]:
    return frozenset(bm25_tokens.extract_terms(text).split())


def within(chunk: Chunk, scope: Scope) -> bool:
    of_source = not scope.sources or chunk.source in scope.sources
    return of_source and chunk.path.startswith(scope.path_prefix)


def make_zip(path: Path, files: Mapping[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def make_folder(path: Path, files: Mapping[str, str | bytes]) -> Path:
    for name, content in files.items():
        file = path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def versions_in(names: Iterable[str]) -> list[str]:
    """Names of versions without what tells one run from another."""
    return [re.sub(r"(__v\d+)_[0-9a-f]{8}$", r"\1", name) for name in names]


def version_of(name: str) -> str:
    return versions_in([name])[0]
