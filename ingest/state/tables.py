"""The tables of `ingest` in the state database."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Engine, Float, Index, Integer, MetaData, Table

from ingest.state.column_types import CleanText, UtcDateTime
from ingest.state.migration import Schema, ensure_schema

SCHEMA = Schema(
    "ingest", newest="0004", migrations="ingest.state:migrations/versions", last_version=1
)
"""The history of these tables: a change of them is a migration there."""

metadata = MetaData()

versions = Table(
    "index_versions",
    metadata,
    Column("collection", CleanText, primary_key=True),
    Column("index_name", CleanText, nullable=False),
    Column("model", CleanText, nullable=False),
    Column("dimension", Integer, nullable=False),
    Column("chunker", CleanText, nullable=False),
    Column("schema", Integer, nullable=False),
    Column("revision", CleanText, nullable=False),
    Column("documents", Integer, nullable=False),
    Column("chunks", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("live", Boolean, nullable=False, default=False),
    Column("previous", Boolean, nullable=False, default=False),
    Column("number", Integer, nullable=False, server_default="0"),
    Column("dead", Integer, nullable=False, server_default="0"),  # rows deleted since it was built
    Column("writer", CleanText, nullable=False, server_default=""),  # token of a sync's lease
    Column("switched_at", UtcDateTime),  # when it went live
)

pages = Table(
    "pages",
    metadata,
    Column("collection", CleanText, primary_key=True),
    Column("source", CleanText, primary_key=True),
    Column("path", CleanText, primary_key=True),
    Column("content_hash", CleanText, nullable=False),
    Column("recipe", CleanText, nullable=False),
    Column("chunks", Integer, nullable=False, server_default="0"),
)

chunks = Table(
    "chunks",
    metadata,
    Column("collection", CleanText, primary_key=True),
    Column("id", CleanText, primary_key=True),
    Column("source", CleanText, nullable=False),
    Column("path", CleanText, nullable=False),
    Column("embedding_hash", CleanText, nullable=False),
    Column("row_hash", CleanText, nullable=False, server_default=""),
)

sources = Table(
    "sources",
    metadata,
    Column("index_name", CleanText, primary_key=True),
    Column("name", CleanText, primary_key=True),
    Column("uri", CleanText, nullable=False),
    Column("read_at", UtcDateTime),  # when it was last read without an error
)

syncs = Table(
    "syncs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("started_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("report", CleanText),
    Column("error", CleanText),
    Column("index_name", CleanText, nullable=False, server_default=""),
)

leases = Table(
    "leases",
    metadata,
    Column("name", CleanText, primary_key=True),
    Column("token", CleanText, nullable=False),
    Column("process", CleanText, nullable=False),  # from `describe_process`
    Column("host", CleanText, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("acquired_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
)

configured = Table(
    "configured_sources",
    metadata,
    Column("index_name", CleanText, primary_key=True),
    Column("name", CleanText, primary_key=True),
)

pins = Table(
    "pins",
    metadata,
    Column("index_name", CleanText, primary_key=True),
    Column("collection", CleanText, nullable=False),
    Column("pinned_at", UtcDateTime, nullable=False),
)

recalls = Table(
    "golden_recalls",
    metadata,
    Column("revision", CleanText, primary_key=True),
    Column("questions", CleanText, primary_key=True),  # hash of them and their source
    Column("recall", Float, nullable=False),
)

durations = Table(
    "paces",  # an earlier name, which stays on disk
    metadata,
    Column("name", CleanText, primary_key=True),
    Column("seconds", Float, nullable=False),  # for one unit of work
)

embedders = Table(
    "embedders",
    metadata,
    Column("settings", CleanText, primary_key=True),  # hash of what chooses the embedder
    Column("model", CleanText, nullable=False),
    Column("dimension", Integer, nullable=False),
    Column("max_tokens", Integer, nullable=False),
)

fingerprints = Table(
    "resting_indexes",  # an earlier name, which stays on disk
    metadata,
    Column("index_name", CleanText, primary_key=True),
    Column("collection", CleanText, nullable=False),
    Column("files", CleanText, nullable=False),  # hash over the names and sizes of its files
)

identities = Table(
    "identities",
    metadata,
    Column("name", CleanText, primary_key=True),
    Column("identity", CleanText, nullable=False),  # names this database to others
)

hard_pages = Table(
    "hard_pages",
    metadata,
    Column("index_name", CleanText, primary_key=True),
    Column("source", CleanText, primary_key=True),
    Column("content_hash", CleanText, primary_key=True),
    Column("reason", CleanText, nullable=False),
    Column("docent", CleanText, nullable=False),  # the version that could not read the page
)

jobs = Table(
    "scheduled_jobs",
    metadata,
    Column("index_name", CleanText, primary_key=True),
    Column("job", CleanText, primary_key=True),
    Column("schedule", CleanText, nullable=False),
    Column("last_run", UtcDateTime),
    Column("next_run", UtcDateTime),
    Column("problems", CleanText, nullable=False),  # a JSON list: those reported that still exist
)

Index("chunks_by_page", chunks.c.collection, chunks.c.source, chunks.c.path)
Index("chunks_by_text", chunks.c.collection, chunks.c.embedding_hash)
Index("syncs_finished", syncs.c.index_name, syncs.c.finished_at)


def ensure_ingest_tables(engine: Engine) -> None:
    """Bring the tables up to date; create missing ones.

    Raises:
        StateError: the tables belong to a newer version of docent, or can't be created.
    """
    ensure_schema(engine, SCHEMA)
