"""The means of pages: a row for each page, in a collection beside that of a version's chunks.

Beside each mean stands the number of its chunks, so that a chunk that comes or goes changes the
mean, and the chunks that stay are not read.

The mean of a question's cosines with the chunks of a page is its product with the mean of their
vectors. So one row says how near a whole page is, and no chunk is fetched for that.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np
from pymilvus import MilvusClient

from rag_core.errors import CollectionGoneError, StoreError, StoreUnavailableError
from rag_core.index.connection import BUILD_SECONDS, SCAN_SECONDS, MilvusConnection
from rag_core.index.filters import build_page_filter
from rag_core.index.page_sums import PageChanges, PageRow, PageSum
from rag_core.index.schema import build_mean_schema, build_vector_index
from rag_core.types import Chunk, PageKey, Vector, Vectors, hash_content

logger = logging.getLogger(__name__)

MOST_SUMS = 20_000
"""Pages whose sums are kept in memory until a version is sealed; others are read at the end."""

_ROWS = 250  # of one call
_PAGES = 50  # of one query, whose filter has the path of each


class PageMeans:
    """The writer and reader of the means of all versions.

    What is written to a version is noted here, and its means follow when it is sealed. Only where
    it is not known what a page has, as after a write that failed, are its rows read. A version of
    an earlier docent has no means, and a page without one is not an error.

    Args:
        connection: the connection to Milvus.
    """

    def __init__(self, connection: MilvusConnection) -> None:
        self._connection = connection
        self._known: dict[str, bool] = {}
        self._changes: dict[str, PageChanges] = {}

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
                consistency_level="Strong" if self._connection.lite else "Bounded",
                seconds=SCAN_SECONDS,
            )
            # pymilvus waits for an index by asking twice a second, and without an end.
            self._connection.run(
                self._client.create_index,
                name,
                build_vector_index(lite=self._connection.lite),
                sync=False,
                seconds=SCAN_SECONDS,
            )
            self._connection.load(name)
        except StoreUnavailableError:
            raise
        except StoreError as error:
            logger.warning("Questions will compare chunks, as %s can't be made: %s", name, error)
            self._known[collection] = False
            return
        self._known[collection] = True
        self._changes[collection] = PageChanges(is_new=True, is_counted=True)

    @contextmanager
    def record_insertion(
        self, collection: str, chunks: Sequence[Chunk], vectors: Vectors
    ) -> Iterator[None]:
        """Add chunks to the sums of their pages.

        That is done when the block has written them.

        Args:
            collection: the version.
            chunks: the chunks, n of them.
            vectors: shape (n, dimension), float32; row i belongs to chunk i.

        Yields:
            Nothing, to the block that writes them.
        """
        new = [(chunk.page_key, vector) for chunk, vector in zip(chunks, vectors, strict=True)]
        old: list[PageRow] = []
        if not self._is_new(collection):  # Milvus Lite replaces a row that is written again
            old = self._read_rows(collection, [chunk.id for chunk in chunks])
        with self._record(collection, added=new, gone=old):
            yield

    @contextmanager
    def record_deletion(self, collection: str, ids: Sequence[str]) -> Iterator[None]:
        """Subtract chunks from the sums of their pages.

        That is done when the block has deleted them; their vectors are read before. Ids that are
        not there are no error.
        """
        with self._record(collection, gone=self._read_rows(collection, ids)):
            yield

    @contextmanager
    def _record(
        self, collection: str, *, added: Sequence[PageRow] = (), gone: Sequence[PageRow] = ()
    ) -> Iterator[None]:
        """Change the sums of pages, when the block has written."""
        if not self._has_means(collection):
            yield
            return
        changes, pages = self._find_changes(collection), [page for page, _ in (*added, *gone)]
        self._begin_sums(collection, changes, pages)
        try:
            yield
        except BaseException:
            changes.forget(pages)  # a write that failed may have been carried out in part
            raise
        for rows, count in ((gone, -1), (added, 1)):
            for page, vector in rows:
                if page in changes.sums:
                    changes.sums[page].add(vector, count)

    def _is_new(self, collection: str) -> bool:
        return collection in self._changes and self._changes[collection].is_new

    def _read_rows(self, collection: str, ids: Sequence[str]) -> list[PageRow]:
        """Read the pages and vectors of chunks, if the version has means."""
        if not self._has_means(collection):
            return []
        once = list(dict.fromkeys(ids))  # Milvus Lite gives a row as often as its id is named
        return [
            ((row["source"], row["path"]), np.asarray(row["vector"], np.float32))
            for row in self._get_rows(collection, once, ["source", "path", "vector"])
        ]

    def _find_changes(self, collection: str) -> PageChanges:
        """Return the changes of a version since it was sealed."""
        if collection not in self._changes:
            described = self._connection.run(
                self._client.describe_collection, name_means(collection)
            )
            is_counted = "count" in {each["name"] for each in described["fields"]}
            self._changes[collection] = PageChanges(is_new=False, is_counted=is_counted)
        return self._changes[collection]

    def _begin_sums(self, collection: str, changes: PageChanges, pages: Sequence[PageKey]) -> None:
        """Note the sums of pages before they change."""
        first = [
            page
            for page in dict.fromkeys(pages)
            if page not in changes.sums and page not in changes.unknown
        ]
        room = max(MOST_SUMS - len(changes.sums), 0) if changes.is_counted else 0
        changes.forget(first[room:])
        del first[room:]
        rows: dict[str, Any] = {}
        if not changes.is_new:
            ids, fields = [_build_id(page) for page in first], ["vector", "count", "rounded"]
            found = self._get_rows(name_means(collection), ids, fields)
            rows = {row["id"]: row for row in found}
        for page in first:
            row = rows.get(_build_id(page))
            changes.sums[page] = _parse_sum(row) if row else PageSum()

    def write(self, collection: str) -> None:
        """Write the means of changed pages.

        Those of pages without chunks are deleted.
        """
        if not self._has_means(collection) or collection not in self._changes:
            return
        name, changes = name_means(collection), self._changes[collection]
        changes.forget([page for page, each in changes.sums.items() if not each.is_exact])
        self._write_sums(name, changes.sums, is_counted=changes.is_counted)
        unknown = sorted(changes.unknown)
        for start in range(0, len(unknown), _PAGES):
            sums = self._add_up(collection, unknown[start : start + _PAGES])
            self._write_sums(name, sums, is_counted=changes.is_counted)
        self._connection.run(self._client.flush, name, seconds=BUILD_SECONDS)
        self._connection.load(name)
        del self._changes[collection]

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
        self._changes.pop(collection, None)
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

    def _get_rows(self, collection: str, ids: Sequence[str], fields: list[str]) -> list[Any]:
        """Read rows by id as they are now; leave missing ones out."""
        rows: list[Any] = []
        for start in range(0, len(ids), _ROWS):
            rows += self._connection.read(
                self._client.get,
                collection,
                list(ids[start : start + _ROWS]),
                output_fields=fields,
                consistency_level="Strong",  # what was written a moment ago counts
                seconds=SCAN_SECONDS,
            )
        return rows

    def _write_sums(self, name: str, sums: Mapping[PageKey, PageSum], *, is_counted: bool) -> None:
        rows = [
            _build_row(page, each, is_counted=is_counted)
            for page, each in sums.items()
            if each.count
        ]
        gone = [_build_id(page) for page, each in sums.items() if not each.count]
        for start in range(0, len(rows), _ROWS):
            batch = rows[start : start + _ROWS]
            self._connection.run(self._client.upsert, name, batch, seconds=SCAN_SECONDS)
        for start in range(0, len(gone), _ROWS):
            ids = gone[start : start + _ROWS]
            self._connection.run(self._client.delete, name, ids=ids, seconds=SCAN_SECONDS)

    def _add_up(self, collection: str, pages: Sequence[PageKey]) -> dict[PageKey, PageSum]:
        """Add up the stored vectors of each page."""
        sums = {page: PageSum() for page in pages}
        with self._connection.watch_call():
            rows = self._client.query_iterator(
                collection,
                batch_size=_ROWS,
                filter=build_page_filter(pages),
                output_fields=["source", "path", "vector"],
                timeout=self._connection.limit(SCAN_SECONDS),
                consistency_level="Strong",
            )
            try:
                while batch := rows.next():
                    for row in batch:
                        page = row["source"], row["path"]
                        vector = np.asarray(row["vector"], np.float32)
                        sums.setdefault(page, PageSum()).add(vector)
            finally:
                rows.close()
        return sums


def name_means(collection: str) -> str:
    """Return the name of the collection with the means of a version."""
    return f"{collection}_pages"


def _build_id(page: PageKey) -> str:
    return hash_content(*page)


def _build_row(page: PageKey, pages_sum: PageSum, *, is_counted: bool) -> dict[str, Any]:
    """Build the row of a page that has chunks."""
    count = pages_sum.count
    row = {"id": _build_id(page), "vector": (pages_sum.total / count).astype(np.float32)}
    return {**row, "count": count, "rounded": pages_sum.rounded + count} if is_counted else row


def _parse_sum(row: Mapping[str, Any]) -> PageSum:
    count = int(row["count"])
    return PageSum(np.asarray(row["vector"], np.float64) * count, count, int(row["rounded"]))
