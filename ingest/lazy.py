"""Milvus and the embedder, opened only when there is work for them.

A sync that finds no change needs only the ledger and three facts about the embedder. Opening
Milvus and the models would take longer than reading all sources.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy import Engine

from ingest.state.database import read_row, replace_row
from ingest.state.ledger import Ledger
from ingest.state.tables import embedders, fingerprints
from rag_core import __version__
from rag_core.errors import ModelError
from rag_core.index.milvus_lite import hash_files
from rag_core.protocols import Embedder, ParallelEmbedder, TruncatingEmbedder, VectorStore
from rag_core.settings import RagSettings
from rag_core.types import (
    Chunk,
    Hit,
    IndexSpec,
    LiveIndex,
    PageKey,
    Scope,
    Vector,
    Vectors,
    hash_content,
)


class LazyStore:
    """A `VectorStore` that answers from the ledger while the ledger is sure to be right.

    The ledger is right if the files of Milvus Lite are as the last sync left them. Otherwise, and
    for a server, Milvus is opened.

    Args:
        ledger: the ledger of the index.
        path: directory of Milvus Lite; None for a server.
        open_store: opens Milvus.
    """

    def __init__(
        self, ledger: Ledger, path: Path | None, open_store: Callable[[], VectorStore]
    ) -> None:
        self._ledger = ledger
        self._path = path
        self._open = open_store
        self._store: VectorStore | None = None
        self._trusts_ledger = path is not None and self._is_untouched(path)
        self._counted = False

    @property
    def is_exact(self) -> bool:
        """True if a search by vectors compares all chunks."""
        return self.opened.is_exact

    def read_live_index(self, mark: str | None = None) -> LiveIndex | None:
        """Return the version behind the alias; None before the first publish."""
        if not self._trusts_ledger:
            return self.opened.read_live_index(mark)
        version = self._ledger.read_live_version()
        return LiveIndex(version.collection, version.spec) if version else None

    def count(self, collection: str) -> int:
        """Count the rows of a collection."""
        version = self._ledger.read_version(collection) if self._trusts_ledger else None
        if version is not None:
            return version.chunks
        rows = self.opened.count(collection)
        recorded = self._ledger.read_version(collection)
        self._counted = recorded is not None and recorded.chunks == rows
        return rows

    def list_collections(self) -> list[str]:
        """List the collections of all versions, live or not."""
        if not self._trusts_ledger:
            return self.opened.list_collections()
        return sorted(version.collection for version in self._ledger.list_versions())

    def close(self) -> None:
        """Release Milvus, if it was opened."""
        if self._store is not None:
            self._store.close()

    def save_fingerprint(self) -> None:
        """Record the directory's fingerprint, after a successful sync and `close`."""
        live = self._ledger.read_live_version()
        # Uncounted rows may be fewer than the ledger has: then the next sync has to count.
        if self._path is None or live is None or not self._counted:
            return
        with self._ledger.engine.begin() as connection:
            replace_row(
                connection,
                fingerprints,
                index_name=self._ledger.index,
                collection=live.collection,
                files=hash_files(self._path),
            )

    def _is_untouched(self, path: Path) -> bool:
        row = read_row(self._ledger.engine, fingerprints, index_name=self._ledger.index)
        live = self._ledger.read_live_version()
        if row is None or live is None or row.collection != live.collection:
            return False
        return bool(row.files) and bool(row.files == hash_files(path))

    @property
    def opened(self) -> VectorStore:
        """Milvus, opened on first use."""
        if self._store is None:
            self._store = self._open()
            self._trusts_ledger = False
        return self._store

    # The other methods need Milvus.

    def search_dense(
        self, collection: str, vector: Vector, *, limit: int, scope: Scope
    ) -> list[Hit]:
        """Find the nearest chunks of a collection by inner product.

        Args:
            collection: a sealed collection.
            vector: the question, of shape (dimension,), float32, of length 1.
            limit: most hits.
            scope: part of the index to search.

        Returns:
            The hits, best first.
        """
        return self.opened.search_dense(collection, vector, limit=limit, scope=scope)

    def search_lexical(self, collection: str, terms: str, *, limit: int, scope: Scope) -> list[Hit]:
        """Find chunks of a collection by BM25.

        Args:
            collection: a sealed collection.
            terms: the terms of the question, separated by spaces.
            limit: most hits.
            scope: part of the index to search.

        Returns:
            The hits, best first.
        """
        return self.opened.search_lexical(collection, terms, limit=limit, scope=scope)

    def create(self, collection: str, spec: IndexSpec) -> None:
        """Create an empty collection."""
        self.opened.create(collection, spec)

    def insert(self, collection: str, chunks: Sequence[Chunk], vectors: Vectors) -> None:
        """Write chunks with their vectors.

        Args:
            collection: a collection that is not sealed.
            chunks: the chunks.
            vectors: a row for each chunk, of shape (chunks, dimension), float32, of length 1.
        """
        self.opened.insert(collection, chunks, vectors)

    def read_vectors(self, collection: str, ids: Sequence[str]) -> dict[str, Vector]:
        """Read the stored vectors of chunks, by id.

        Each vector has shape (dimension,), float32. Chunks that are not stored are left out.
        """
        return self.opened.read_vectors(collection, ids)

    def score_pages(
        self, collection: str, vector: Vector, pages: Sequence[PageKey]
    ) -> dict[PageKey, float]:
        """Compute the mean cosine of a vector with each page's chunks.

        Args:
            collection: name of the collection.
            vector: shape (dimension,), float32, length 1.
            pages: source and path of each page.

        Returns:
            The mean cosine by page.
        """
        return self.opened.score_pages(collection, vector, pages)

    def read_neighbours(self, collection: str, chunks: Sequence[Chunk]) -> list[Chunk]:
        """Read chunks with those near them, by page and position."""
        return self.opened.read_neighbours(collection, chunks)

    def read_pages_at(self, collection: str, place: str, *, source: str = "") -> list[Chunk]:
        """Read the pages at a path or an address.

        Args: as of `VectorStore`. Returns: all their chunks, by page and position.
        """
        return self.opened.read_pages_at(collection, place, source=source)

    def read_chunks(self, collection: str) -> Iterator[Chunk]:
        """Read every chunk of a collection."""
        return self.opened.read_chunks(collection)

    def read_rows(self, collection: str, ids: Sequence[str]) -> list[tuple[Chunk, Vector]]:
        """Read chunks with their vectors, of shape (dimension,), float32."""
        return self.opened.read_rows(collection, ids)

    def delete(self, collection: str, ids: Sequence[str]) -> None:
        """Delete chunks by id."""
        self.opened.delete(collection, ids)

    def write_spec(self, collection: str, spec: IndexSpec) -> None:
        """Write how a collection is built into its properties."""
        self.opened.write_spec(collection, spec)

    def read_owner(self, collection: str) -> str:
        """Return who writes a collection; empty if it does not say."""
        return self._ledger.identity if self._trusts_ledger else self.opened.read_owner(collection)

    def write_owner(self, collection: str, owner: str) -> None:
        """Write into a collection who writes it."""
        self.opened.write_owner(collection, owner)

    def seal(self, collection: str) -> int:
        """Flush and load a collection that is complete."""
        self._counted = True
        return self.opened.seal(collection)

    def switch(self, collection: str) -> None:
        """Point the alias at a sealed collection."""
        self.opened.switch(collection)

    def drop(self, collection: str) -> None:
        """Remove a collection that is not live."""
        self.opened.drop(collection)


@dataclass(frozen=True, slots=True)
class _Facts:
    """The facts about an embedder that decide how an index is built."""

    model: str
    dimension: int
    max_tokens: int


class LazyEmbedder:
    """An `Embedder` that knows its facts from the last sync until there is text to embed.

    Args:
        engine: the state database.
        settings: choose the embedder.
        open_embedder: loads the embedder.
    """

    def __init__(
        self, engine: Engine, settings: RagSettings, open_embedder: Callable[[], Embedder]
    ) -> None:
        self._engine = engine
        self._key = _build_key(settings)
        self._open = open_embedder
        self._embedder: Embedder | None = None
        self._facts = self._read_facts()

    @property
    def model(self) -> str:
        """Name of the model."""
        return self._facts.model if self._facts else self.opened.model

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._facts.dimension if self._facts else self.opened.dimension

    @property
    def max_tokens(self) -> int:
        """Longest input in tokens."""
        return self._facts.max_tokens if self._facts else self.opened.max_tokens

    @property
    def truncated(self) -> int:
        """Number of passages so far of which the model read only the beginning."""
        return self._embedder.truncated if isinstance(self._embedder, TruncatingEmbedder) else 0

    @property
    def parallel(self) -> int:
        """Calls of `embed_passages` at a time that keep the model busy."""
        opened = self.opened
        return opened.parallel if isinstance(opened, ParallelEmbedder) else 1

    def embed_query(self, text: str) -> Vector:
        """Embed a question.

        Returns: array of shape (dimension,), float32, of length 1.
        """
        return self.opened.embed_query(text)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Embed passages; row i belongs to text i.

        Returns: array of shape (texts, dimension), float32, rows of length 1.
        """
        return self.opened.embed_passages(texts)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count the tokens of each text, without special tokens."""
        return self.opened.count_tokens(texts)

    @property
    def opened(self) -> Embedder:
        """The embedder, opened on first use.

        Raises:
            ModelError: its facts are not those that the last sync recorded.
        """
        if self._embedder is None:
            self._embedder = opened = self._open()
            facts = _Facts(opened.model, opened.dimension, opened.max_tokens)
            self._record_facts(facts)
            if self._facts not in {None, facts}:
                raise ModelError(
                    f"The model {facts.model} has changed since the last sync: run "
                    "`docent index` again."
                )
            self._facts = facts
        return self._embedder

    def _read_facts(self) -> _Facts | None:
        row = read_row(self._engine, embedders, settings=self._key)
        return _Facts(row.model, row.dimension, row.max_tokens) if row else None

    def _record_facts(self, facts: _Facts) -> None:
        with self._engine.begin() as connection:
            replace_row(connection, embedders, settings=self._key, **asdict(facts))


def _build_key(settings: RagSettings) -> str:
    values = (
        settings.profile,
        settings.embedding_model,
        settings.embedding_dim,
        settings.embedding_max_tokens,
        settings.embedding_url,
        __version__,
    )
    # Only if it is set, so that what was recorded without one stays valid.
    revision = [settings.embedding_revision] if settings.embedding_revision else []
    return hash_content(*map(str, values), *revision)
