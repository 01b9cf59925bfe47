"""Syncs and sources belong to an index; texts of any length, on PostgreSQL too."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from alembic import op
from sqlalchemy import Column, Connection, DateTime, MetaData, Row, Table, Text, insert, text

from ingest.state.migration import remove_length_limits
from ingest.state.migrations.versions.r0001_released_tables import tables as released

revision = "0002"
down_revision = "0001"

sources = Table(
    "sources",
    MetaData(),
    Column("index_name", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("uri", Text, nullable=False),
    Column("read_at", DateTime),
)

_INDEXES = (
    "SELECT index_name FROM index_versions UNION SELECT index_name FROM configured_sources "
    "UNION SELECT index_name FROM scheduled_jobs"
)
_USED = (
    "SELECT DISTINCT v.index_name, p.source FROM index_versions v "
    "JOIN pages p ON p.collection = v.collection"
)
_SYNCS = text("SELECT id, finished_at, report FROM syncs ORDER BY id").columns(finished_at=DateTime)
_REVISIONS = "SELECT revision, index_name FROM index_versions"


def upgrade() -> None:
    """Add the index to syncs and sources, as far as known."""
    connection = op.get_bind()
    remove_length_limits(connection, released)
    op.drop_index("syncs_finished", "syncs")
    op.add_column("syncs", Column("index_name", Text, nullable=False, server_default=""))
    op.create_index("syncs_finished", "syncs", ["index_name", "finished_at"])
    indexes = set(connection.scalars(text(_INDEXES)))
    owners = _assign_syncs(connection, indexes)
    _split_sources(connection, indexes, owners)


def _assign_syncs(connection: Connection, indexes: set[str]) -> dict[str, list[Row[Any]]]:
    """Give each sync to its index, and return the syncs by index.

    The sync of a database with several indexes is known by the revision that it published. A sync
    that can't be told stays without an index and is shown for none.
    """
    revisions = {row.revision: row.index_name for row in connection.execute(text(_REVISIONS))}
    owned: dict[str, list[Row[Any]]] = {}
    for sync in connection.execute(_SYNCS).all():
        report = json.loads(sync.report) if sync.report else {}
        index = next(iter(indexes)) if len(indexes) == 1 else revisions.get(report.get("revision"))
        if index is not None:
            owned.setdefault(index, []).append(sync)
            values = {"index": index, "id": sync.id}
            connection.execute(text("UPDATE syncs SET index_name = :index WHERE id = :id"), values)
    return owned


def _split_sources(
    connection: Connection, indexes: set[str], syncs: Mapping[str, Iterable[Row[Any]]]
) -> None:
    """Give each source to the indexes with pages of it."""
    earlier = connection.execute(text("SELECT name, uri FROM sources")).all()
    used = {(row.index_name, row.source) for row in connection.execute(text(_USED))}
    op.drop_table("sources")
    sources.create(connection)
    rows = [
        {
            "index_name": index,
            "name": source.name,
            "uri": source.uri,
            "read_at": _find_reading(syncs.get(index, ()), source.name),
        }
        for index in sorted(indexes)
        for source in earlier
        if len(indexes) == 1 or (index, source.name) in used
    ]
    if rows:
        connection.execute(insert(sources), rows)


def _find_reading(syncs: Iterable[Row[Any]], source: str) -> datetime | None:
    """Return when a source was last read; None for never."""
    moments = [
        sync.finished_at
        for sync in syncs
        if sync.report and source not in json.loads(sync.report).get("unread", ())
    ]
    return max(moments, default=None)
