"""The means of pages: a row for each page, in a collection beside that of a version's chunks.

The mean of a question's cosines with the chunks of a page is its product with the mean of their
vectors. So one row says how near a whole page is, and no chunk is fetched for that.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray
from pymilvus import MilvusClient

from rag_core.errors import CollectionGoneError, StoreError, StoreUnavailableError
from rag_core.index.connection import BUILD_SECONDS, SCAN_SECONDS, MilvusConnection
from rag_core.index.filters import build_page_filter
from rag_core.index.schema import build_mean_schema, build_vector_index
from rag_core.types import Chunk, PageKey, Vector, Vectors, hash_content

logger = logging.getLogger(__name__)

MOST_SUMS = 20_000
"""Pages of a new version whose sums are kept in memory; further ones are read again at the end."""

_ROWS = 250  # of one call
_PAGES = 50  # of one query, whose filter has the path of each

Sum = tuple[NDArray[np.float32], int]
"""The sum of some vectors, of shape (dimension,), and their number."""


class PageMeans:
    """The writer and reader of the means of all versions.

    What is written to a version is noted here, and its means follow when it is sealed: of a new
    version from the sums of its vectors, of a changed one from the rows of the changed pages. A
    version of an earlier docent has no means, and a page without one is no error.

    Args:
        connection: the connection to Milvus.
    """

    def __init__(self, connection: MilvusConnection) -> None:
        self._connection = connection
        self._known: dict[str, bool] = {}
        self._sums: dict[str, dict[PageKey, Sum]] = {}
        self._touched: defaultdict[str, set[PageKey]] = defaultdict(set)

    @property
    def _client(self) -> MilvusClient:
        return self._connection.client

    def create(self, collection: str, dimension: int) -> None:
        """Create the empty collection for the means of a new version.

        Where Milvus allows no more collections, the version gets no means.
        """
        name = name_means(collection)
        self.drop(collection)
        try:
            self._connection.run(
                self._client.create_collection,
                name,
                schema=build_mean_schema(dimension),
                index_params=build_vector_index(lite=self._connection.lite),
                consistency_level="Strong" if self._connection.lite else "Bounded",
                seconds=SCAN_SECONDS,
            )
        except StoreUnavailableError:
            raise
        except StoreError as error:
            logger.warning("Questions will compare chunks, as %s can't be made: %s", name, error)
            self._known[collection] = False
            return
        self._known[collection] = True
        self._sums[collection] = {}

    def add(self, collection: str, chunks: Sequence[Chunk], vectors: Vectors) -> None:
        """Note chunks that were written, with their vectors.

        Args:
            collection: the version.
            chunks: the chunks, n of them.
            vectors: shape (n, dimension), float32; row i belongs to chunk i.
        """
        if not self._has_means(collection):
            return
        sums, touched = self._sums.get(collection), self._touched[collection]
        for chunk, vector in zip(chunks, vectors, strict=True):
            page = chunk.page_key
            if sums is not None and page in sums:
                total, count = sums[page]
                sums[page] = total + vector, count + 1
            elif sums is not None and page not in touched and len(sums) < MOST_SUMS:
                sums[page] = vector.copy(), 1
            else:
                touched.add(page)

    def mark_deletion(self, collection: str, ids: Sequence[str]) -> None:
        """Note chunks that are about to be deleted."""
        if not self._has_means(collection):
            return
        rows = self._connection.run(
            self._client.get, collection, list(ids), output_fields=["source", "path"]
        )
        pages = {(row["source"], row["path"]) for row in rows}
        self._touched[collection] |= pages
        for page in pages:
            self._sums.get(collection, {}).pop(page, None)

    def write(self, collection: str) -> None:
        """Write the means of changed pages.

        Those of pages without chunks are deleted.
        """
        if not self._has_means(collection):
            return
        name, touched = name_means(collection), sorted(self._touched[collection])
        self._write_sums(name, self._sums.get(collection, {}))
        for start in range(0, len(touched), _PAGES):
            pages = touched[start : start + _PAGES]
            sums = self._add_up(collection, pages)
            self._write_sums(name, sums)
            if gone := [_build_id(page) for page in pages if page not in sums]:
                self._connection.run(self._client.delete, name, ids=gone, seconds=SCAN_SECONDS)
        self._connection.run(self._client.flush, name, seconds=BUILD_SECONDS)
        self._connection.load(name)
        self._sums.pop(collection, None)
        self._touched.pop(collection, None)

    def read(self, collection: str, pages: Sequence[PageKey]) -> dict[PageKey, Vector]:
        """Read the means of pages; leave missing ones out.

        Each has shape (dimension,).
        """
        ids = {_build_id(page): page for page in pages}
        try:
            if not ids or not self._has_means(collection):
                return {}
            rows = self._connection.read(
                self._client.get, name_means(collection), list(ids), output_fields=["vector"]
            )
        except StoreUnavailableError:
            raise
        except StoreError as error:
            logger.warning("The means of pages can't be read: %s", error)
            self._known.pop(collection, None)  # it is looked for, and loaded, the next time
            return {}
        return {ids[row["id"]]: np.asarray(row["vector"], np.float32) for row in rows}

    def drop(self, collection: str) -> None:
        """Remove the means of a version."""
        self._known.pop(collection, None)
        self._sums.pop(collection, None)
        self._touched.pop(collection, None)
        name = name_means(collection)
        with suppress(CollectionGoneError):
            if self._connection.run(self._client.has_collection, name):
                self._connection.run(self._client.drop_collection, name, seconds=SCAN_SECONDS)

    def _has_means(self, collection: str) -> bool:
        """Check once whether a version has means; load them."""
        if collection not in self._known:
            name = name_means(collection)
            is_there = bool(self._connection.run(self._client.has_collection, name))
            if is_there:
                self._connection.load(name)
            self._known[collection] = is_there
        return self._known[collection]

    def _write_sums(self, name: str, sums: Mapping[PageKey, Sum]) -> None:
        rows = [
            {"id": _build_id(page), "vector": total / np.float32(count)}
            for page, (total, count) in sums.items()
        ]
        for start in range(0, len(rows), _ROWS):
            batch = rows[start : start + _ROWS]
            self._connection.run(self._client.upsert, name, batch, seconds=SCAN_SECONDS)

    def _add_up(self, collection: str, pages: Sequence[PageKey]) -> dict[PageKey, Sum]:
        """Add up the stored vectors of each page."""
        sums: dict[PageKey, Sum] = {}
        with self._connection.watch_call():
            rows = self._client.query_iterator(
                collection,
                batch_size=_ROWS,
                filter=build_page_filter(pages),
                output_fields=["source", "path", "vector"],
                timeout=self._connection.limit(SCAN_SECONDS),
                consistency_level="Strong",  # what was written a moment ago counts
            )
            try:
                while batch := rows.next():
                    for row in batch:
                        page, vector = (row["source"], row["path"]), np.asarray(row["vector"])
                        total, count = sums.get(page, (np.zeros_like(vector), 0))
                        sums[page] = total + vector, count + 1
            finally:
                rows.close()
        return sums


def name_means(collection: str) -> str:
    """Return the name of the collection with the means of a version."""
    return f"{collection}_pages"


def _build_id(page: PageKey) -> str:
    return hash_content(*page)
