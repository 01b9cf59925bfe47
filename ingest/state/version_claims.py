"""Versions that are being written: who writes, and what they hold when that is done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, Row, exists, insert, select, update

from ingest.state import tables
from ingest.state.database_clock import DatabaseMoment
from ingest.types import KnownPage
from rag_core.types import IndexSpec


@dataclass(frozen=True, slots=True)
class VersionRecord:
    """A version of the index.

    Attributes:
        collection: its collection in Milvus.
        spec: how it was built.
        documents: number of its pages with text.
        chunks: number of its chunks.
        created_at: when it was written.
        live: True if it answers.
        previous: True for the version to go back to.
        number: counts the versions of an index.
        dead: rows that were deleted from the collection since it was built.
        writer: token of the sync that is writing it; empty if it is complete.
        switched_at: when it went live.
    """

    collection: str
    spec: IndexSpec
    documents: int
    chunks: int
    created_at: datetime
    live: bool = False
    previous: bool = False
    number: int = 0
    dead: int = 0
    writer: str = ""
    switched_at: datetime | None = None


class VersionClaims:
    """The claims of syncs on the versions of one index.

    Each change asks for a lease that is valid at this moment. So a sync that stalled, and whose
    lease another one took, changes nothing any more.

    Args:
        engine: the state database.
        index: the index's name.
    """

    def __init__(self, engine: Engine, *, index: str) -> None:
        self._engine = engine
        self._index = index

    def begin(self, collection: str, spec: IndexSpec, *, number: int, writer: str) -> None:
        """Record a new collection that a sync is about to write.

        Args:
            collection: its name in Milvus.
            spec: how it is built.
            number: of the version that it will hold.
            writer: token of the sync's lease.
        """
        with self._engine.begin() as connection:
            connection.execute(
                insert(tables.versions).values(
                    collection=collection,
                    index_name=self._index,
                    **build_columns(spec),
                    documents=0,
                    chunks=0,
                    created_at=datetime.now(UTC),
                    number=number,
                    writer=writer,
                )
            )

    def claim(self, collection: str, writer: str) -> bool:
        """Mark a version as being written.

        It is allowed to the holder of a valid lease, if no other sync writes it.

        Args:
            collection: its collection.
            writer: token of the sync's lease.

        Returns:
            False if it is not allowed.
        """
        return self._update(collection, "", writer, writer=writer)

    def complete(  # noqa: PLR0913  (the columns of a row)
        self,
        collection: str,
        spec: IndexSpec,
        *,
        number: int,
        pages: Sequence[KnownPage],
        dead: int,
        writer: str,
    ) -> bool:
        """Record the contents of a version that was written.

        It stays marked until it is live.

        Args:
            collection: its collection.
            spec: how it is built.
            number: of the version.
            pages: all of its pages.
            dead: rows that were deleted from the collection since it was built.
            writer: token of the sync's lease.

        Returns:
            False if the lease is lost.
        """
        return self._update(
            collection,
            writer,
            writer,
            **build_columns(spec),
            number=number,
            dead=dead,
            documents=sum(page.chunks > 0 for page in pages),
            chunks=sum(page.chunks for page in pages),
            created_at=datetime.now(UTC),
        )

    def restore(self, version: VersionRecord, *, writer: str) -> None:
        """Record a version as it was before this sync wrote it."""
        self._update(
            version.collection,
            writer,
            writer,
            **build_columns(version.spec),
            number=version.number,
            dead=version.dead,
            documents=version.documents,
            chunks=version.chunks,
            created_at=version.created_at,
            writer="",
        )

    def is_held(self, version: VersionRecord) -> bool:
        """Return whether a sync is writing a version at this moment."""
        leases = tables.leases.c
        query = select(leases.name).where(
            leases.token == version.writer, leases.expires_at > DatabaseMoment()
        )
        with self._engine.connect() as connection:
            return bool(version.writer) and connection.execute(query).first() is not None

    def _update(self, collection: str, marked: str, lease: str, **values: Any) -> bool:
        columns, leases = tables.versions.c, tables.leases.c
        holds = exists().where(leases.token == lease, leases.expires_at > DatabaseMoment())
        statement = (
            update(tables.versions)
            .where(columns.collection == collection, columns.writer == marked, holds)
            .values(**values)
            .returning(columns.collection)
        )
        with self._engine.begin() as connection:
            return connection.execute(statement).first() is not None


def build_columns(spec: IndexSpec) -> dict[str, Any]:
    """Return the columns of how a version is built."""
    return {
        "model": spec.model,
        "dimension": spec.dimension,
        "chunker": spec.chunker,
        "schema": spec.schema,
        "revision": spec.revision,
    }


def build_version(row: Row[Any]) -> VersionRecord:
    """Return the record in a row of the versions."""
    spec = IndexSpec(row.model, row.dimension, row.chunker, row.schema, row.revision)
    return VersionRecord(
        row.collection,
        spec,
        row.documents,
        row.chunks,
        row.created_at,
        live=row.live,
        previous=row.previous,
        number=row.number,
        dead=row.dead,
        writer=row.writer,
        switched_at=row.switched_at,
    )
