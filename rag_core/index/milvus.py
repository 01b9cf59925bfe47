"""The index in Milvus: Lite, a server or Zilliz Cloud."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Self
from uuid import uuid4

import numpy as np

from rag_core.errors import CollectionGoneError, StoreError, StoreUnavailableError
from rag_core.index.connection import BUILD_SECONDS, SCAN_SECONDS, MilvusConnection
from rag_core.index.milvus_reader import READ_ROWS, MilvusReader
from rag_core.index.rows import (
    OWNER,
    build_properties,
    build_row,
    split_batches,
)
from rag_core.index.schema import build_indexes, build_schema
from rag_core.outages import Outages
from rag_core.settings import RagSettings
from rag_core.types import (
    Chunk,
    IndexSpec,
    Scope,
    Vectors,
)

_TEXTS = "__bm25_"
"""Between the name of the index and an id, in the names of collections that are not versions."""


class MilvusStore(MilvusReader):
    """Implements `rag_core.protocols.VectorStore`.

    Vectors are compared by inner product, which is the cosine at length 1: exactly on Lite, by
    AUTOINDEX elsewhere. BM25 runs inside Milvus over the tokens of `rag_core.index.bm25_tokens`.
    """

    @classmethod
    def open(cls, settings: RagSettings, outages: Outages | None = None) -> Self:
        """Connect to Milvus and load the collections of the index.

        Raises:
            SettingsError: the Lite path does not end in `.db`.
            StoreLockedError: another process holds the Lite directory.
            StoreFormatError: the path is not a Lite directory, or it is damaged.
            StoreUnavailableError: no Milvus answers at the URI.
        """
        connection = MilvusConnection.open(settings, outages or Outages())
        store = cls(connection, alias=settings.collection)
        store._load_collections()
        return store

    def create(self, collection: str, spec: IndexSpec) -> None:
        """Create an empty collection; drop one of that name first."""
        with self._write_lock:
            try:
                self._create(collection, spec)
            except StoreUnavailableError:
                raise
            except StoreError:
                # Milvus Lite, searched at this moment, can miss the index it has just made.
                self._create(collection, spec)

    def _create(self, collection: str, spec: IndexSpec) -> None:
        if self._write(self._client.has_collection, collection):
            self._write(self._client.drop_collection, collection)
        self._write(
            self._client.create_collection,
            collection,
            schema=build_schema(spec.dimension, has_bm25=self._has_bm25),
            consistency_level="Strong" if self._connection.lite else "Bounded",
            properties=build_properties(spec, complete=False),
        )
        indexes = build_indexes(lite=self._connection.lite, has_bm25=self._has_bm25)
        # Nothing is in it yet, so there is no index to wait for.
        self._write(self._client.create_index, collection, indexes, sync=False)
        self._connection.load(collection)
        self._means.create(collection, spec.dimension)

    def _write(self, method: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        return self._connection.run(method, *arguments, **{"seconds": SCAN_SECONDS, **options})

    def insert(self, collection: str, chunks: Sequence[Chunk], vectors: Vectors) -> None:
        """Write chunks with their vectors; return when Milvus has acknowledged them.

        Args:
            collection: name of the collection.
            chunks: the chunks, n of them.
            vectors: shape (n, dimension), float32, rows of length 1; row i belongs to chunk i.

        Raises:
            StoreError: the lengths differ, or a vector holds a NaN, which Lite stores silently.
        """
        if len(chunks) != len(vectors) or not np.isfinite(vectors).all():
            raise StoreError(f"The vectors for {collection} are not usable; nothing was written.")
        rows = [build_row(chunk, vector) for chunk, vector in zip(chunks, vectors, strict=True)]
        with self._write_lock, self._means.record_insertion(collection, chunks, vectors):
            for batch in split_batches(rows):
                for row in batch if not self._has_bm25 else ():
                    del row["terms"]
                self._write(self._client.insert, collection, batch)

    def delete(self, collection: str, ids: Sequence[str]) -> None:
        """Delete chunks by id; ids that are not there are no error."""
        with self._write_lock:
            for start in range(0, len(ids), READ_ROWS):
                batch = list(ids[start : start + READ_ROWS])
                with self._means.record_deletion(collection, batch):
                    self._write(self._client.delete, collection, ids=batch)

    def write_spec(self, collection: str, spec: IndexSpec) -> None:
        """Write how a collection is built, and its revision, into its properties."""
        self._write_properties(collection, build_properties(spec))

    def write_owner(self, collection: str, owner: str) -> None:
        """Write into a collection who writes it."""
        self._write_properties(collection, {OWNER: owner})

    def _write_properties(self, collection: str, properties: dict[str, str]) -> None:
        with self._write_lock:
            self._write(self._client.alter_collection_properties, collection, properties)

    def seal(self, collection: str) -> int:
        """Flush and load a complete collection; return its number of rows."""
        # On Lite a search over unflushed rows takes 25 times as long.
        with self._write_lock:
            self._write(self._client.flush, collection, seconds=BUILD_SECONDS)
            self._connection.load(collection)
            self._means.write(collection)
        return self.count(collection)

    def switch(self, collection: str) -> None:
        """Point the alias at a sealed collection, which becomes the live version."""
        with self._write_lock:
            self._connection.load(collection)  # a rollback may follow a start of Milvus
            try:
                self._write(self._client.alter_alias, collection, self._alias)
            except StoreUnavailableError:
                raise
            except StoreError:  # the first publish
                self._write(self._client.create_alias, collection, self._alias)

    def drop(self, collection: str) -> None:
        """Remove a collection that is not live, by its real name.

        One that is gone already is not an error.

        Raises:
            StoreError: the collection is live.
        """
        with self._write_lock:
            if self._find_live_collection() == collection:
                raise StoreError(f"{collection} answers questions now and is not dropped.")
            self._means.drop(collection)
            with suppress(CollectionGoneError):
                self._write(self._client.drop_collection, collection)

    def score_words(self, texts: Sequence[str], terms: str) -> list[tuple[int, float]]:
        """Score texts by BM25, in a collection that is not a version.

        Args:
            texts: the texts; there are no others in the collection.
            terms: tokens to search for, as for `search_lexical`.

        Returns:
            Number and score of each text that is found, best first; scores should be positive.

        Raises:
            WordSearchError: the server is too old for BM25.
        """
        self._require_bm25()
        self._drop_texts()  # of a process that was killed
        collection = f"{self._alias}{_TEXTS}{uuid4().hex[:8]}"
        chunks = [Chunk(str(n), "", "", "", "", (), n, text) for n, text in enumerate(texts)]
        try:
            self.create(collection, IndexSpec("", 2, "", 0, ""))
            self.insert(collection, chunks, np.tile(np.array([1, 0], np.float32), (len(chunks), 1)))
            self.seal(collection)
            hits = self._search(collection, "sparse", terms, len(chunks), Scope())
        finally:
            self._drop_texts()
        sign = -1 if self._connection.lite else 1  # Lite reports negated scores
        return [(hit.chunk.position, sign * hit.score) for hit in hits]

    def _drop_texts(self) -> None:
        for name in self._connection.run(self._client.list_collections):
            if re.fullmatch(rf"{re.escape(self._alias + _TEXTS)}[0-9a-f]{{8}}", name):
                self.drop(name)
