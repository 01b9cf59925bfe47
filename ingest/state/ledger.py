"""The ledger: the contents that each version should have, and the result of every sync."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sqlalchemy import Engine, Select, exists, func, insert, select, update

from ingest.report import IngestReport
from ingest.state import tables
from ingest.state.contents import ContentsRecord
from ingest.state.database import build_insert, delete_row, read_row, replace_row
from ingest.state.version_claims import (
    VersionClaims,
    VersionRecord,
    build_columns,
    build_version,
)
from ingest.types import KnownChunk, KnownPage, parse_version_number
from rag_core.types import LiveIndex, PageKey

if TYPE_CHECKING:
    # The modules that read sources import a lot, and a rollback does not need them.
    from ingest.sources import Source

_FAILURES = 1_000  # lines of a report that are kept
_FORGOTTEN = "forgotten"  # in place of a lease's token, which is never this word


@dataclass(frozen=True, slots=True)
class SyncRun:
    """One sync; it has a `report` or an `error` once it has finished."""

    started_at: datetime
    finished_at: datetime | None
    report: dict[str, Any] | None
    error: str | None


class Ledger:
    """The ledger of one index.

    Args:
        engine: from `ingest.state.database.open_state`.
        index: the index's name, `DOCENT_COLLECTION`.

    Raises:
        StateError: the tables were made by a newer version of docent.
    """

    def __init__(self, engine: Engine, *, index: str) -> None:
        self.engine = engine
        self.index = index
        self.contents = ContentsRecord(engine)
        self.claims = VersionClaims(engine, index=index)
        tables.ensure_ingest_tables(engine)

    @cached_property
    def identity(self) -> str:
        """A name of the state database, which Milvus keeps beside each version."""
        row = {"name": "state", "identity": uuid4().hex}
        with self.engine.begin() as connection:
            made = build_insert(connection, tables.identities).values(row)
            connection.execute(made.on_conflict_do_nothing())
            return str(connection.scalar(select(tables.identities.c.identity)))

    # Versions

    def list_versions(self) -> list[VersionRecord]:
        """Return every recorded version, the oldest first."""
        rows = select(tables.versions).where(tables.versions.c.index_name == self.index)
        with self.engine.connect() as connection:
            ordered = connection.execute(rows.order_by(tables.versions.c.created_at))
            return [build_version(row) for row in ordered]

    def read_live_version(self) -> VersionRecord | None:
        """Return the live version of the last sync; None before the first."""
        return self._read_marked(live=True)

    def read_previous_version(self) -> VersionRecord | None:
        """Return the version to roll back to; None if there is none."""
        return self._read_marked(previous=True)

    def read_standby(self) -> VersionRecord | None:
        """Return the version that the next sync may change; None without one.

        It is the previous one, or after a rollback the one that was left. A version that was not
        written to its end is none.
        """
        resting = [one for one in self.list_versions() if not one.live and not one.writer]
        return max(resting, key=lambda one: (one.previous, one.number), default=None)

    def read_version(self, collection: str) -> VersionRecord | None:
        """Return the version in this collection; None if the ledger has none."""
        row = read_row(self.engine, tables.versions, collection=collection)
        return build_version(row) if row else None

    def adopt_version(self, live: LiveIndex, chunks: Iterable[KnownChunk]) -> None:
        """Record a version as Milvus has it.

        Its pages have no hash, so that the next sync reads them again. The records of other
        versions are deleted, as Milvus need not have them as they say.

        Args:
            live: the live version.
            chunks: all of its chunks.
        """
        self.forget([live.collection, *(one.collection for one in self.list_versions())])
        counts: Counter[PageKey] = Counter()

        def count_chunks() -> Iterator[KnownChunk]:
            for chunk in chunks:
                counts[chunk.page] += 1
                yield chunk

        self.contents.add_chunks(live.collection, count_chunks())
        pages = [KnownPage(*key, "", "", count) for key, count in sorted(counts.items())]
        self.contents.add_pages(live.collection, pages)
        with self.engine.begin() as connection:
            connection.execute(
                insert(tables.versions).values(
                    collection=live.collection,
                    index_name=self.index,
                    **build_columns(live.spec),
                    documents=len(pages),
                    chunks=counts.total(),
                    created_at=datetime.now(UTC),
                    number=parse_version_number(self.index, live.collection),
                )
            )
        self.mark_live(live.collection)

    def mark_live(self, collection: str) -> None:
        """Record a version as live, and the one before as previous."""
        columns = tables.versions.c
        with self.engine.begin() as connection:
            is_live = select(columns.live).where(columns.collection == collection)
            if connection.scalar(is_live):
                return
            connection.execute(
                update(tables.versions)
                .where(columns.index_name == self.index)
                .values(previous=columns.live, live=False)
            )
            connection.execute(
                update(tables.versions)
                .where(columns.collection == collection)
                .values(live=True, previous=False, writer="", switched_at=datetime.now(UTC))
            )

    def mark_rolled_back(self, collection: str) -> None:
        """Record that an older version is live again, without a previous one."""
        columns = tables.versions.c
        with self.engine.begin() as connection:
            # Questions may search the version that was left from now on for a while.
            connection.execute(
                update(tables.versions)
                .where(columns.collection == collection, columns.live.is_(False))
                .values(switched_at=datetime.now(UTC))
            )
            connection.execute(
                update(tables.versions)
                .where(columns.index_name == self.index)
                .values(live=columns.collection == collection, previous=False)
            )

    def remove_marks(self) -> None:
        """Record that no version is known to be live."""
        with self.engine.begin() as connection:
            connection.execute(
                update(tables.versions)
                .where(tables.versions.c.index_name == self.index)
                .values(live=False, previous=False)
            )

    def forget(self, collections: Iterable[str]) -> None:
        """Delete the records of versions that are gone.

        The version's own row goes last, so that contents always belong to one. Without its
        revision nothing takes it for a version of Milvus meanwhile.
        """
        columns = tables.versions.c
        for collection in collections:
            with self.engine.begin() as connection:
                connection.execute(
                    update(tables.versions)
                    .where(columns.collection == collection)
                    .values(live=False, previous=False, writer=_FORGOTTEN, revision="")
                )
            self.contents.clear(collection)
            with self.engine.begin() as connection:
                delete_row(connection, tables.versions, collection=collection)

    def _read_marked(self, **mark: bool) -> VersionRecord | None:
        row = read_row(self.engine, tables.versions, index_name=self.index, **mark)
        return build_version(row) if row else None

    # Sources

    def list_configured_sources(self) -> frozenset[str]:
        """Return the sources that the settings named since leftovers were last removed."""
        query = select(tables.configured.c.name).where(tables.configured.c.index_name == self.index)
        with self.engine.connect() as connection:
            return frozenset(connection.scalars(query))

    def remember_configured(self, names: Iterable[str]) -> None:
        """Record which sources are in the settings."""
        with self.engine.begin() as connection:
            delete_row(connection, tables.configured, index_name=self.index)
            rows = [{"index_name": self.index, "name": name} for name in sorted(set(names))]
            if rows:
                connection.execute(insert(tables.configured), rows)

    def list_sources(self, collection: str) -> tuple[str, ...]:
        """Return the names of a version's sources, sorted."""
        columns = tables.pages.c
        query = select(columns.source).where(columns.collection == collection).distinct()
        with self.engine.connect() as connection:
            return tuple(sorted(connection.scalars(query)))

    def read_source_uris(self) -> dict[str, str]:
        """Return the URI of each source that was ever indexed, by name."""
        columns = tables.sources.c
        query = select(columns.name, columns.uri).where(columns.index_name == self.index)
        with self.engine.connect() as connection:
            return {row.name: row.uri for row in connection.execute(query)}

    def remember_sources(self, sources: Sequence[Source], *, unread: Collection[str] = ()) -> None:
        """Record the URIs of sources, and that they were read now.

        Args:
            sources: the sources of a sync.
            unread: names of those that could not be read.
        """
        now = datetime.now(UTC)
        with self.engine.begin() as connection:
            for source in sources:
                reading = {} if source.name in unread else {"read_at": now}
                replace_row(
                    connection,
                    tables.sources,
                    index_name=self.index,
                    name=source.name,
                    uri=source.redacted_uri,
                    **reading,
                )

    # Syncs

    def start_sync(self) -> int:
        """Record that a sync began; return its number."""
        with self.engine.begin() as connection:
            query = insert(tables.syncs).values(index_name=self.index, started_at=datetime.now(UTC))
            number = connection.scalar(query.returning(tables.syncs.c.id))
        return int(number or 0)

    def finish_sync(
        self, number: int, *, report: IngestReport | None = None, error: str | None = None
    ) -> None:
        """Record how a sync ended.

        Args:
            number: of the sync, from `start_sync`.
            report: the result, if it succeeded.
            error: a sentence, if it failed.
        """
        values = {
            "finished_at": datetime.now(UTC),
            "report": json.dumps(report.limit_failures(_FAILURES).as_json()) if report else None,
            "error": error,
        }
        with self.engine.begin() as connection:
            connection.execute(
                update(tables.syncs).where(tables.syncs.c.id == number).values(values)
            )

    def read_last_sync(self) -> SyncRun | None:
        """Return the last sync that ended; None before the first."""
        columns = tables.syncs.c
        query = select(tables.syncs).where(
            columns.index_name == self.index, columns.finished_at.is_not(None)
        )
        with self.engine.connect() as connection:
            row = connection.execute(query.order_by(columns.id.desc()).limit(1)).first()
        if row is None:
            return None
        report = json.loads(row.report) if row.report else None
        return SyncRun(row.started_at, row.finished_at, report, row.error)

    def read_last_success_time(self, sources: Collection[str] = ()) -> datetime | None:
        """Return since when the documentation is as it was read.

        Args:
            sources: names of the sources that matter; none for all of the live version.

        Returns:
            The time of the last reading of the source that was read the longest time ago. Without
            pages, the end of the last sync that succeeded; None before the first.
        """
        with self.engine.connect() as connection:
            moment: datetime | None = connection.scalar(self._select_oldest_reading(sources))
            if moment is None and not sources:
                moment = connection.scalar(self._select_last_success())
        return moment

    def _select_oldest_reading(self, names: Collection[str]) -> Select[Any]:
        sources, pages, versions = tables.sources.c, tables.pages.c, tables.versions.c
        has_pages = exists().where(
            versions.index_name == self.index,
            versions.live,
            pages.collection == versions.collection,
            pages.source == sources.name,
        )
        query = select(func.min(sources.read_at)).where(sources.index_name == self.index)
        return query.where(sources.name.in_(names) if names else has_pages)

    def _select_last_success(self) -> Select[Any]:
        columns = tables.syncs.c
        return select(func.max(columns.finished_at)).where(
            columns.index_name == self.index, columns.report.is_not(None)
        )

    def read_next_sync_time(self) -> datetime | None:
        """Return when the schedule starts the next sync; None for never."""
        query = select(func.min(tables.jobs.c.next_run)).where(
            tables.jobs.c.index_name == self.index
        )
        with self.engine.connect() as connection:
            moment: datetime | None = connection.scalar(query)
        return moment
