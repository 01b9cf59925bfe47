"""The reading half of the index in Milvus: the live version, searches, and rows."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from rag_core.errors import CollectionGoneError, StoreError, WordSearchError
from rag_core.index.connection import SCAN_SECONDS, MilvusConnection
from rag_core.index.filters import (
    build_filter,
    build_page_filter,
)
from rag_core.index.milvus_errors import is_alias_missing
from rag_core.index.milvus_lite import build_damaged_error
from rag_core.index.page_means import PageMeans
from rag_core.index.page_reader import PageReader
from rag_core.index.rows import (
    FIELDS,
    OWNER,
    compute_mean_cosines,
    has_bm25,
    is_complete,
    parse_chunk,
    parse_spec,
)
from rag_core.types import (
    Chunk,
    Hit,
    LiveIndex,
    PageKey,
    Scope,
    Vector,
)

logger = logging.getLogger(__name__)

READ_ROWS = 500
"""Rows that are read or deleted by one call.

With the longest texts, and vectors of 8,192 numbers, they have 50 MB; a server's limit is 64 MB.
"""

MOST_HITS = 16_384
"""The most hits that a server returns; it refuses a search for more."""

_LOOKS = 2
_PAGE_HITS = MOST_HITS  # most pages have less than twenty chunks


class MilvusReader(PageReader):
    """The methods of `MilvusStore` that change nothing."""

    def __init__(self, connection: MilvusConnection, *, alias: str) -> None:
        super().__init__(connection)
        self._alias = alias
        # Milvus Lite loses rows under concurrent writers: every write goes through one lock.
        self._write_lock = threading.RLock()
        version = "" if connection.lite else connection.run(self._client.get_server_version)
        self._means = PageMeans(connection)
        self._has_bm25 = connection.lite or has_bm25(version)

    @property
    def is_exact(self) -> bool:
        """True on Lite, whose index of vectors is FLAT."""
        return self._connection.lite

    def _load_collections(self) -> None:
        """Load the live version, and the one before it for a rollback.

        A new connection finds all collections of Milvus Lite released. What a killed sync left
        half built is not loaded, and a version that can't be loaded only matters if it is live.
        """
        try:
            live, collections = self._find_live_collection(), self.list_collections()
        except StoreError as error:
            if not self._connection.lite:
                raise
            self.close()
            raise build_damaged_error(self._connection.uri) from error
        for collection in collections:
            try:
                if collection == live or is_complete(self._read_properties(collection)):
                    self._connection.load(collection)
            except StoreError as error:
                if collection == live and self._connection.lite:
                    self.close()
                    raise build_damaged_error(self._connection.uri) from error
                if collection == live and not isinstance(error, CollectionGoneError):
                    raise
                logger.warning("%s was not loaded: %s", collection, error)

    def _read_properties(self, collection: str) -> dict[str, str]:
        described = self._connection.run(self._client.describe_collection, collection)
        properties: dict[str, str] = described["properties"]
        return properties

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
        live = self._ask_for_live_index()
        if mark is not None and live is not None:
            self._remembered = mark, live
        return live

    def _ask_for_live_index(self) -> LiveIndex | None:
        for _ in range(_LOOKS):  # what was live may be dropped before its properties are read
            collection = self._find_live_collection()
            with suppress(CollectionGoneError):
                if collection is not None:
                    return LiveIndex(collection, parse_spec(self._read_properties(collection)))
        return None

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
        self._require_bm25()
        if not terms:
            return []
        hits = self._search(collection, "sparse", terms, limit, scope)
        return [Hit(hit.chunk, abs(hit.score)) for hit in hits]

    def _require_bm25(self) -> None:
        if not self._has_bm25:
            raise WordSearchError(
                f"Milvus at {self._connection.uri} is older than 2.5 and can't search for words: "
                "upgrade it, and run `docent index --full`."
            )

    def _search(
        self, collection: str, field: str, query: Any, limit: int, scope: Scope
    ) -> list[Hit]:
        with self._forget_if_gone():
            rows = self._connection.search(
                collection,
                [query],
                anns_field=field,
                limit=min(limit, MOST_HITS),
                filter=build_filter(scope),
                output_fields=FIELDS,
                search_params={"metric_type": "IP" if field == "vector" else "BM25"},
            )
        return [Hit(parse_chunk(row["entity"]), float(row["distance"])) for row in rows]

    def count(self, collection: str) -> int:
        """Count the rows by a query, as a server's statistics lag behind."""
        rows = self._read(
            self._client.query,
            collection,
            filter="",
            output_fields=["count(*)"],
            consistency_level="Strong",
            seconds=SCAN_SECONDS,
        )
        return int(rows[0]["count(*)"])

    def read_vectors(self, collection: str, ids: Sequence[str]) -> dict[str, Vector]:
        """Read vectors by id, each of shape (dimension,); leave missing ids out."""
        vectors: dict[str, Vector] = {}
        for row in self._get_rows(collection, ids, ["vector"]):
            vectors[row["id"]] = np.asarray(row["vector"], np.float32)
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

    def read_chunks(self, collection: str) -> Iterator[Chunk]:
        """Yield every chunk, in any order; fields missing in Milvus are empty."""
        described = self._connection.run(self._client.describe_collection, collection)
        fields = {field["name"] for field in described["fields"]} & set(FIELDS)
        self._connection.load(collection)
        with self._connection.watch_call():
            rows = self._client.query_iterator(
                collection,
                batch_size=READ_ROWS,
                output_fields=sorted(fields),
                timeout=self._connection.limit(SCAN_SECONDS),
                consistency_level="Strong",  # for the first batch; the others see the same rows
            )
            try:
                while batch := rows.next():
                    yield from (parse_chunk(row) for row in batch)
            finally:
                rows.close()

    def list_collections(self) -> list[str]:
        """List the names of this index's versions, live or not."""
        names = self._connection.run(self._client.list_collections)
        # Another index of the same server may be called `docent__something`.
        version = re.compile(rf"{re.escape(self._alias)}__v\d+(_[0-9a-f]{{8}})?")
        return sorted(name for name in names if version.fullmatch(name))

    def read_rows(self, collection: str, ids: Sequence[str]) -> list[tuple[Chunk, Vector]]:
        """Read chunks with their vectors by id; leave missing ids out.

        Each vector has shape (dimension,), float32.
        """
        return [
            (parse_chunk(row), np.asarray(row["vector"], np.float32))
            for row in self._get_rows(collection, ids, [*FIELDS, "vector"])
        ]

    def _get_rows(self, collection: str, ids: Sequence[str], fields: list[str]) -> Iterator[Any]:
        for start in range(0, len(ids), READ_ROWS):
            batch = list(ids[start : start + READ_ROWS])
            yield from self._read(
                self._client.get, collection, batch, output_fields=fields, seconds=SCAN_SECONDS
            )

    def read_owner(self, collection: str) -> str:
        """Return who writes a collection; empty if it does not say."""
        try:
            return str(self._read_properties(collection).get(OWNER, ""))
        except CollectionGoneError:
            return ""

    def _find_live_collection(self) -> str | None:
        """Find the collection behind the alias; return None if there is none."""
        try:
            described = self._connection.run(self._client.describe_alias, self._alias)
        except StoreError as error:
            if is_alias_missing(error):
                return None
            raise
        collection = str(described["collection_name"])
        # Milvus Lite keeps an alias in memory, after someone has deleted the files behind it.
        is_lost = self._connection.lite and collection not in self.list_collections()
        return None if is_lost else collection
