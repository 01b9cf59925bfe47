"""The tables as they were released before there were migrations."""

from __future__ import annotations

from alembic import op
from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

from ingest.state.migration import complete_tables

revision = "0001"
down_revision = None

tables = MetaData()

versions = Table(
    "index_versions",
    tables,
    Column("collection", String(255), primary_key=True),
    Column("index_name", String(255), nullable=False),
    Column("model", String(255), nullable=False),
    Column("dimension", Integer, nullable=False),
    Column("chunker", String(64), nullable=False),
    Column("schema", Integer, nullable=False),
    Column("revision", String(64), nullable=False),
    Column("documents", Integer, nullable=False),
    Column("chunks", Integer, nullable=False),
    Column("created_at", DateTime, nullable=False),
    Column("live", Boolean, nullable=False, default=False),
    Column("previous", Boolean, nullable=False, default=False),
)

pages = Table(
    "pages",
    tables,
    Column("collection", String(255), primary_key=True),
    Column("source", String(255), primary_key=True),
    Column("path", String(1024), primary_key=True),
    Column("content_hash", String(32), nullable=False),
    Column("recipe", String(512), nullable=False),
)

chunks = Table(
    "chunks",
    tables,
    Column("collection", String(255), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("source", String(255), nullable=False),
    Column("path", String(1024), nullable=False),
    Column("embedding_hash", String(32), nullable=False),
)

sources = Table(
    "sources",
    tables,
    Column("name", String(255), primary_key=True),
    Column("uri", Text, nullable=False),
)

syncs = Table(
    "syncs",
    tables,
    Column("id", Integer, primary_key=True),
    Column("started_at", DateTime, nullable=False),
    Column("finished_at", DateTime),
    Column("report", Text),
    Column("error", Text),
)

leases = Table(
    "leases",
    tables,
    Column("name", String(64), primary_key=True),
    Column("token", String(32), nullable=False),
    Column("process", String(32), nullable=False),
    Column("host", String(255), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("acquired_at", DateTime, nullable=False),
    Column("expires_at", DateTime, nullable=False),
)

configured = Table(
    "configured_sources",
    tables,
    Column("index_name", String(255), primary_key=True),
    Column("name", String(255), primary_key=True),
)

pins = Table(
    "pins",
    tables,
    Column("index_name", String(255), primary_key=True),
    Column("collection", String(255), nullable=False),
    Column("pinned_at", DateTime, nullable=False),
)

recalls = Table(
    "golden_recalls",
    tables,
    Column("revision", String(64), primary_key=True),
    Column("questions", String(32), primary_key=True),
    Column("recall", Float, nullable=False),
)

durations = Table(
    "paces",
    tables,
    Column("name", String(300), primary_key=True),
    Column("seconds", Float, nullable=False),
)

embedders = Table(
    "embedders",
    tables,
    Column("settings", String(32), primary_key=True),
    Column("model", String(255), nullable=False),
    Column("dimension", Integer, nullable=False),
    Column("max_tokens", Integer, nullable=False),
)

fingerprints = Table(
    "resting_indexes",
    tables,
    Column("index_name", String(255), primary_key=True),
    Column("collection", String(255), nullable=False),
    Column("files", String(32), nullable=False),
)

jobs = Table(
    "scheduled_jobs",
    tables,
    Column("index_name", String(255), primary_key=True),
    Column("job", String(255), primary_key=True),
    Column("schedule", String(255), nullable=False),
    Column("last_run", DateTime),
    Column("next_run", DateTime),
    Column("problems", Text, nullable=False),
)

Index("syncs_finished", syncs.c.finished_at)


def upgrade() -> None:
    """Create what a new database or an earlier version lacks."""
    complete_tables(op.get_bind(), tables)
