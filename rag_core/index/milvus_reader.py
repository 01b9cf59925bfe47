"""The reading half of the index in Milvus: the live version, searches, and rows."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
from pymilvus import MilvusClient, MilvusException

from rag_core.errors import StoreError, WordSearchError
from rag_core.index.connection import MilvusConnection
from rag_core.index.filters import build_filter, build_neighbour_filter, build_page_filter
from rag_core.index.milvus_errors import translate_errors
from rag_core.index.milvus_lite import build_damaged_error
from rag_core.index.page_means import PageMeans
from rag_core.index.rows import (
    FIELDS,
    OWNER,
    compute_mean_cosines,
    has_bm25,
    parse_chunk,
    parse_spec,
)
from rag_core.protocols import NEIGHBOURS
from rag_core.types import (
    Chunk,
    Hit,
    LiveIndex,
    PageKey,
    Scope,
    Vector,
)

READ_ROWS = 500
"""Rows that are read or deleted by one call."""

_PAGE_HITS = 16_384  # the most that Milvus returns; most pages have less than twenty chunks


class MilvusReader:
    """The methods of `MilvusStore` that change nothing."""

    def __init__(self, connection: MilvusConnection, *, alias: str) -> None:
        self._connection = connection
        self._alias = alias
        # Milvus Lite loses rows under concurrent writers: every write goes through one lock.
        self._write_lock = threading.RLock()
        self._remembered: tuple[str, LiveIndex] | None = None
        self._means = PageMeans(connection)
        with translate_errors(connection.uri):
            version = "" if connection.lite else self._client.get_server_version()
        self._has_bm25 = connection.lite or has_bm25(version)

    @property
    def _client(self) -> MilvusClient:
        return self._connection.client

    @property
    def _seconds(self) -> float | None:
        return self._connection.seconds

    def _watch_call(self) -> AbstractContextManager[None]:
        return self._connection.watch_call()

    def _load_collections(self) -> None:
        # A new connection finds all collections released.
        try:
            with self._watch_call():
                for collection in self.list_collections():
                    self._client.load_collection(collection, timeout=self._seconds)
        except StoreError as error:
            if not self._connection.lite:
                raise
            self.close()
            raise build_damaged_error(self._connection.uri) from error

    def close(self) -> None:
        """Close the connection, and free a Lite directory for other processes."""
        with self._write_lock:
            self._connection.close()

    def read_live_index(self, mark: str | None = None) -> LiveIndex | None:
        """Return the version behind the alias; None before the first publish.

        Args:
            mark: changes when another version goes live; while it is the same, Milvus is not
                asked. None to ask in any case.
        """
        if self._connection.renew_if_moved():
            self._load_collections()
            self._remembered = None
        remembered = self._remembered
        if mark is not None and remembered is not None and remembered[0] == mark:
            return remembered[1]
        with self._watch_call():
            collection = self._find_live_collection()
            if collection is None:
                return None
            described = self._client.describe_collection(collection, timeout=self._seconds)
            properties = described["properties"]
        live = LiveIndex(collection, parse_spec(properties))
        if mark is not None:
            self._remembered = mark, live
        return live

    def search_dense(
        self, collection: str, vector: Vector, *, limit: int, scope: Scope
    ) -> list[Hit]:
        """Search for the nearest chunks by inner product.

        Args:
            collection: name of the collection.
            vector: shape (dimension,), float32, length 1.
            limit: most hits, at most 16,384.
            scope: the part of the index to search.

        Returns:
            Hits, best first; scores are cosines.
        """
        return self._search(collection, "vector", vector.tolist(), limit, scope)

    def search_lexical(self, collection: str, terms: str, *, limit: int, scope: Scope) -> list[Hit]:
        """Search for chunks by BM25.

        Args:
            collection: name of the collection.
            terms: tokens of the question, by `bm25_tokens.build_query_terms`.
            limit: most hits, at most 16,384.
            scope: the part of the index to search.

        Returns:
            Hits, best first; none without terms. Scores are positive: Lite reports them negated.

        Raises:
            WordSearchError: the server is too old for BM25.
        """
        if not self._has_bm25:
            raise WordSearchError(
                f"Milvus at {self._connection.uri} is older than 2.5 and can't search for words: "
                "upgrade it, and run `docent index --full`."
            )
        if not terms:
            return []
        hits = self._search(collection, "sparse", terms, limit, scope)
        return [Hit(hit.chunk, abs(hit.score)) for hit in hits]

    def _search(
        self, collection: str, field: str, query: Any, limit: int, scope: Scope
    ) -> list[Hit]:
        rows = self._connection.search(
            collection,
            [query],
            anns_field=field,
            limit=limit,
            filter=build_filter(scope),
            output_fields=FIELDS,
            search_params={"metric_type": "IP" if field == "vector" else "BM25"},
        )
        return [Hit(parse_chunk(row["entity"]), float(row["distance"])) for row in rows]

    def count(self, collection: str) -> int:
        """Count the rows by a query, as a server's statistics lag behind."""
        with self._watch_call():
            rows = self._client.query(
                collection, filter="", output_fields=["count(*)"], consistency_level="Strong"
            )
        return int(rows[0]["count(*)"])

    def read_vectors(self, collection: str, ids: Sequence[str]) -> dict[str, Vector]:
        """Read vectors by id, each of shape (dimension,); leave missing ids out."""
        vectors: dict[str, Vector] = {}
        for start in range(0, len(ids), READ_ROWS):
            with self._watch_call():
                rows = self._client.get(
                    collection, list(ids[start : start + READ_ROWS]), output_fields=["vector"]
                )
            vectors.update({row["id"]: np.asarray(row["vector"], np.float32) for row in rows})
        return vectors

    def score_pages(
        self, collection: str, vector: Vector, pages: Sequence[PageKey]
    ) -> dict[PageKey, float]:
        """Compute the mean cosine of a vector with each page's chunks.

        The means of vectors are stored; only of pages without one all chunks are compared.

        Args:
            collection: name of the collection.
            vector: shape (dimension,), float32, length 1.
            pages: source and path of each page.

        Returns:
            The mean cosine by page; pages without chunks are left out.
        """
        means = self._means.read(collection, pages)
        cosines = {page: float(mean @ vector) for page, mean in means.items()}
        if len(means) == len(set(pages)):
            return cosines
        return cosines | self.compare_chunks(
            collection, vector, [page for page in pages if page not in means]
        )

    def compare_chunks(
        self, collection: str, vector: Vector, pages: Sequence[PageKey]
    ) -> dict[PageKey, float]:
        """Compute mean cosines by a search for all chunks of pages.

        Args:
            collection: name of the collection.
            vector: shape (dimension,), float32, length 1.
            pages: source and path of each page, at least one.

        Returns:
            The mean cosine by page; of none if they have more than 16,384 chunks, as the nearest
            ones alone would make long pages look near.
        """
        rows = self._connection.search(
            collection,
            [vector.tolist()],
            anns_field="vector",
            limit=_PAGE_HITS,
            filter=build_page_filter(pages),
            output_fields=["source", "path"],
            search_params={"metric_type": "IP"},
        )
        return compute_mean_cosines(rows, pages) if len(rows) < _PAGE_HITS else {}

    def read_neighbours(self, collection: str, chunks: Sequence[Chunk]) -> list[Chunk]:
        """Read chunks with those near them, by page and position."""
        if not chunks:
            return []
        near = build_neighbour_filter(chunks, NEIGHBOURS)
        with self._watch_call():
            rows = self._client.query(
                collection, filter=near, output_fields=FIELDS, timeout=self._seconds
            )
        return sorted(map(parse_chunk, rows), key=lambda chunk: (chunk.page_key, chunk.position))

    def read_chunks(self, collection: str) -> Iterator[Chunk]:
        """Yield every chunk, in any order; fields missing in Milvus are empty."""
        with self._watch_call():
            described = self._client.describe_collection(collection)["fields"]
            fields = {field["name"] for field in described} & set(FIELDS)
            rows = self._client.query_iterator(
                collection, batch_size=READ_ROWS, output_fields=sorted(fields)
            )
            try:
                while batch := rows.next():
                    yield from (parse_chunk(row) for row in batch)
            finally:
                rows.close()

    def list_collections(self) -> list[str]:
        """List the names of this index's versions, live or not."""
        with self._watch_call():
            names = self._client.list_collections(timeout=self._seconds)
        # Another index of the same server may be called `docent__something`.
        version = re.compile(rf"{re.escape(self._alias)}__v\d+(_[0-9a-f]{{8}})?")
        return sorted(name for name in names if version.fullmatch(name))

    def read_rows(self, collection: str, ids: Sequence[str]) -> list[tuple[Chunk, Vector]]:
        """Read chunks with their vectors by id; leave missing ids out.

        Each vector has shape (dimension,), float32.
        """
        found: list[tuple[Chunk, Vector]] = []
        for start in range(0, len(ids), READ_ROWS):
            with self._watch_call():
                rows = self._client.get(
                    collection,
                    list(ids[start : start + READ_ROWS]),
                    output_fields=[*FIELDS, "vector"],
                )
            found += [(parse_chunk(row), np.asarray(row["vector"], np.float32)) for row in rows]
        return found

    def read_owner(self, collection: str) -> str:
        """Return who writes a collection; empty if it does not say."""
        with self._watch_call():
            described = self._client.describe_collection(collection, timeout=self._seconds)
        return str(described["properties"].get(OWNER, ""))

    def _find_live_collection(self) -> str | None:
        """Find the collection behind the alias; return None if there is none.

        It reads lists, as the error for a missing alias can't be told from others. It reads them
        twice, as the alias may move meanwhile to a collection that was read already.
        """
        return next(
            (c for _ in range(2) for c in self.list_collections() if self._is_live(c)), None
        )

    def _list_aliases(self, collection: str) -> list[str]:
        aliases: list[str] = self._client.list_aliases(collection, timeout=self._seconds)["aliases"]
        return aliases

    def _is_live(self, collection: str) -> bool:
        try:
            return self._alias in self._list_aliases(collection)
        except MilvusException:
            if collection in self.list_collections():
                raise
            return False  # an old version that was dropped just now
