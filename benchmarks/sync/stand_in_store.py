"""A store that keeps ids and counts alone, so that a million chunks fit on any machine."""

# ruff: noqa: ARG002  (the arguments are those of the protocol)

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator, Sequence

from rag_core.errors import StoreError
from rag_core.protocols import Embedder
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

_RECENT = 10_000
"""Vectors that a search still knows: those that were read or written last."""


class StandInStore:
    """Implements `VectorStore`, and counts calls, rows and bytes.

    A row is made from its id when it is read. The nearest chunk of a vector is the one that has it,
    if it was read or written lately; that is what the check of a new version asks for.

    Args:
        make_chunk: returns the chunk of an id.
        embedder: returns the same vector for the same text.

    Attributes:
        calls: by the method's name.
        rows: rows that were written, deleted or read.
        bytes: of texts and vectors that were written or read.
    """

    def __init__(self, make_chunk: Callable[[str], Chunk], embedder: Embedder) -> None:
        self.calls: Counter[str] = Counter()
        self.rows: Counter[str] = Counter()
        self.bytes: Counter[str] = Counter()
        self._make_chunk = make_chunk
        self._embedder = embedder
        self._ids: dict[str, dict[str, set[str]]] = {}  # by collection and path
        self._counts: Counter[str] = Counter()
        self._specs: dict[str, IndexSpec] = {}
        self._owners: dict[str, str] = {}
        self._live: str | None = None
        self._recent: OrderedDict[bytes, str] = OrderedDict()

    def clear(self) -> None:
        """Count calls, rows and bytes from 0 again."""
        self.calls.clear()
        self.rows.clear()
        self.bytes.clear()

    @property
    def is_exact(self) -> bool:
        """A known vector finds its chunk."""
        return True

    def score_words(self, texts: Sequence[str], terms: str) -> list[tuple[int, float]]:
        """Nothing: it has no texts."""
        return []

    def read_live_index(self, mark: str | None = None) -> LiveIndex | None:
        """The version that was switched to."""
        self.calls["read_live_index"] += 1
        return LiveIndex(self._live, self._specs[self._live]) if self._live else None

    def search_dense(
        self, collection: str, vector: Vector, *, limit: int, scope: Scope
    ) -> list[Hit]:
        """The chunk with this vector, if it is known."""
        self.calls["search_dense"] += 1
        id_ = self._recent.get(vector.tobytes())
        if id_ is None or id_ not in self._on_page(collection, id_):
            return []
        return [Hit(self._make_chunk(id_), 1.0)]

    def search_lexical(self, collection: str, terms: str, *, limit: int, scope: Scope) -> list[Hit]:
        """The chunks of the page in the scope."""
        self.calls["search_lexical"] += 1
        ids = sorted(self._ids[collection].get(scope.path_prefix, ()))
        return [Hit(self._make_chunk(id_), 1.0) for id_ in ids[:limit]]

    def count(self, collection: str) -> int:
        """The number of rows."""
        self.calls["count"] += 1
        return self._counts[collection]

    def create(self, collection: str, spec: IndexSpec) -> None:
        """An empty collection."""
        self.calls["create"] += 1
        self._ids[collection], self._specs[collection] = {}, spec
        self._counts[collection] = 0

    def insert(self, collection: str, chunks: Sequence[Chunk], vectors: Vectors) -> None:
        """The ids of these chunks are kept."""
        self.calls["insert"] += 1
        for chunk, vector in zip(chunks, vectors, strict=True):
            ids = self._ids[collection].setdefault(chunk.path, set())
            self._counts[collection] += chunk.id not in ids
            ids.add(chunk.id)
            self._see(chunk, vector, "written")

    def delete(self, collection: str, ids: Sequence[str]) -> None:
        """These ids are forgotten."""
        self.calls["delete"] += 1
        for id_ in ids:
            page = self._on_page(collection, id_)
            self._counts[collection] -= id_ in page
            self.rows["deleted"] += id_ in page
            page.discard(id_)

    def read_vectors(self, collection: str, ids: Sequence[str]) -> dict[str, Vector]:
        """Vectors, made anew."""
        self.calls["read_vectors"] += 1
        return {chunk.id: vector for chunk, vector in self._read(collection, ids)}

    def read_rows(self, collection: str, ids: Sequence[str]) -> list[tuple[Chunk, Vector]]:
        """Chunks and vectors, made anew."""
        self.calls["read_rows"] += 1
        return list(self._read(collection, ids))

    def read_chunks(self, collection: str) -> Iterator[Chunk]:
        """Every chunk, made anew."""
        self.calls["read_chunks"] += 1
        for ids in self._ids[collection].values():
            for id_ in ids:
                self.rows["read"] += 1
                yield self._make_chunk(id_)

    def score_pages(
        self, collection: str, vector: Vector, pages: Sequence[PageKey]
    ) -> dict[PageKey, float]:
        """Nothing: no question is asked here."""
        return {}

    def read_neighbours(self, collection: str, chunks: Sequence[Chunk]) -> list[Chunk]:
        """Nothing: no question is asked here."""
        return []

    def read_pages_at(self, collection: str, place: str, *, source: str = "") -> list[Chunk]:
        """Nothing: no page is read here."""
        return []

    def write_spec(self, collection: str, spec: IndexSpec) -> None:
        """How a collection is built."""
        self.calls["write_spec"] += 1
        self._specs[collection] = spec

    def read_owner(self, collection: str) -> str:
        """Who writes a collection."""
        return self._owners.get(collection, "")

    def write_owner(self, collection: str, owner: str) -> None:
        """Who writes a collection."""
        self._owners[collection] = owner

    def seal(self, collection: str) -> int:
        """Nothing to flush."""
        self.calls["seal"] += 1
        return self._counts[collection]

    def switch(self, collection: str) -> None:
        """The collection is live now."""
        self.calls["switch"] += 1
        self._live = collection

    def drop(self, collection: str) -> None:
        """The collection is gone."""
        if collection == self._live:
            raise StoreError(f"{collection} is live.")
        self.calls["drop"] += 1
        for kept in (self._ids, self._specs, self._counts):
            kept.pop(collection, None)  # type: ignore[attr-defined]

    def list_collections(self) -> list[str]:
        """The names of the versions."""
        self.calls["list_collections"] += 1
        return sorted(self._ids)

    def close(self) -> None:
        """Nothing to close."""

    def _read(self, collection: str, ids: Sequence[str]) -> Iterator[tuple[Chunk, Vector]]:
        chunks = [self._make_chunk(id_) for id_ in ids if id_ in self._on_page(collection, id_)]
        texts = [chunk.embedding_text for chunk in chunks]
        vectors = self._embedder.embed_passages(texts) if texts else ()
        for chunk, vector in zip(chunks, vectors, strict=True):
            self._see(chunk, vector, "read")
            yield chunk, vector

    def _see(self, chunk: Chunk, vector: Vector, how: str) -> None:
        self.rows[how] += 1
        self.bytes[how] += len(chunk.text.encode()) + vector.nbytes
        self._recent[vector.tobytes()] = chunk.id
        if len(self._recent) > _RECENT:
            self._recent.popitem(last=False)

    def _on_page(self, collection: str, id_: str) -> set[str]:
        return self._ids[collection].get(self._make_chunk(id_).path, set())
