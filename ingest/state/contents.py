"""The pages and chunks that each version should have, changed in short transactions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Engine, Table, delete, insert, select, tuple_

from ingest.state import tables
from ingest.types import KnownChunk, KnownPage
from rag_core.types import PageKey

_BATCH = 1_000
"""Rows of a transaction: while one is written, the bot can't write to SQLite."""

_KEYS = 300  # of a query: SQLite takes 999 values in its oldest form


class ContentsRecord:
    """The contents of versions, by collection.

    Args:
        engine: the state database.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def read_pages(self, collection: str) -> tuple[KnownPage, ...]:
        """Return the pages of a version."""
        columns = tables.pages.c
        query = select(
            columns.source, columns.path, columns.content_hash, columns.recipe, columns.chunks
        )
        with self._engine.connect() as connection:
            rows = connection.execute(query.where(columns.collection == collection))
            return tuple(KnownPage(*row) for row in rows)

    def read_chunks(
        self, collection: str, pages: Iterable[PageKey] | None = None
    ) -> Iterator[KnownChunk]:
        """Yield the chunks of a version.

        Args:
            collection: its collection.
            pages: the pages whose chunks are read; None for all.
        """
        columns = tables.chunks.c
        query = select(
            columns.id, columns.source, columns.path, columns.embedding_hash, columns.row_hash
        ).where(columns.collection == collection)
        key = tuple_(columns.source, columns.path)
        batches = [None] if pages is None else _split(pages, _KEYS)
        with self._engine.connect() as connection:
            for batch in batches:
                some = query if batch is None else query.where(key.in_(batch))
                for row in connection.execute(some):
                    yield KnownChunk(*row)

    def find_vectors(self, collection: str, hashes: Collection[str]) -> dict[str, str]:
        """Find chunks with these embedded texts; return an id by each hash."""
        columns = tables.chunks.c
        query = select(columns.embedding_hash, columns.id).where(columns.collection == collection)
        found: dict[str, str] = {}
        with self._engine.connect() as connection:
            for batch in _split(sorted(hashes), _KEYS):
                rows = connection.execute(query.where(columns.embedding_hash.in_(batch)))
                found.update((row.embedding_hash, row.id) for row in rows)
        return found

    def add_pages(self, collection: str, pages: Iterable[KnownPage]) -> None:
        """Record pages of a version."""
        self._insert(tables.pages, collection, pages)

    def add_chunks(self, collection: str, chunks: Iterable[KnownChunk]) -> None:
        """Record chunks of a version."""
        self._insert(tables.chunks, collection, chunks)

    def remove_pages(self, collection: str, pages: Iterable[PageKey]) -> None:
        """Delete the records of pages, without those of their chunks."""
        columns = tables.pages.c
        key = tuple_(columns.source, columns.path)
        for batch in _split(pages, _KEYS):
            self._run(delete(tables.pages).where(columns.collection == collection, key.in_(batch)))

    def remove_chunks(self, collection: str, ids: Iterable[str]) -> None:
        """Delete the records of chunks."""
        columns = tables.chunks.c
        for batch in _split(ids, _KEYS):
            self._run(
                delete(tables.chunks).where(columns.collection == collection, columns.id.in_(batch))
            )

    def clear(self, collection: str) -> None:
        """Delete all records of a version's contents."""
        columns = tables.pages.c
        keys = select(columns.source, columns.path).where(columns.collection == collection)
        with self._engine.connect() as connection:
            pages = [(row.source, row.path) for row in connection.execute(keys)]
            ids = list(
                connection.scalars(
                    select(tables.chunks.c.id).where(tables.chunks.c.collection == collection)
                )
            )
        self.remove_chunks(collection, ids)
        self.remove_pages(collection, pages)

    def _insert(
        self, table: Table, collection: str, rows: Iterable[KnownPage] | Iterable[KnownChunk]
    ) -> None:
        names = [column.name for column in table.columns if column.name != "collection"]
        for batch in _split(rows, _BATCH):
            values = [
                {"collection": collection, **{name: getattr(row, name) for name in names}}
                for row in batch
            ]
            self._run(insert(table), values)

    def _run(self, statement: Any, values: Sequence[dict[str, Any]] | None = None) -> None:
        with self._engine.begin() as connection:
            _execute(connection, statement, values)


def _execute(connection: Connection, statement: Any, values: Any) -> None:
    connection.execute(statement, values) if values else connection.execute(statement)


def _split(rows: Iterable[Any], size: int) -> Iterator[list[Any]]:
    iterator = iter(rows)
    while batch := list(islice(iterator, size)):
        yield batch
