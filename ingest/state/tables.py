"""The tables of `ingest` in the state database."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, Index, Integer, MetaData, String, Table, Text

from ingest.state.database import UtcDateTime

ROOM = "ingest"
VERSION = 1

metadata = MetaData()

versions = Table(
    "index_versions",
    metadata,
    Column("collection", String(255), primary_key=True),
    Column("index_name", String(255), nullable=False),
    Column("model", String(255), nullable=False),
    Column("dimension", Integer, nullable=False),
    Column("chunker", String(64), nullable=False),
    Column("schema", Integer, nullable=False),
    Column("revision", String(64), nullable=False),
    Column("documents", Integer, nullable=False),
    Column("chunks", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("live", Boolean, nullable=False, default=False),
    Column("previous", Boolean, nullable=False, default=False),
)

pages = Table(
    "pages",
    metadata,
    Column("collection", String(255), primary_key=True),
    Column("source", String(255), primary_key=True),
    Column("path", String(1024), primary_key=True),
    Column("content_hash", String(32), nullable=False),
    Column("recipe", String(512), nullable=False),
)

chunks = Table(
    "chunks",
    metadata,
    Column("collection", String(255), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("source", String(255), nullable=False),
    Column("path", String(1024), nullable=False),
    Column("embedding_hash", String(32), nullable=False),
)

sources = Table(
    "sources",
    metadata,
    Column("name", String(255), primary_key=True),
    Column("uri", Text, nullable=False),
)

syncs = Table(
    "syncs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("started_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("report", Text),
    Column("error", Text),
)

leases = Table(
    "leases",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("token", String(32), nullable=False),
    Column("process", String(32), nullable=False),
    Column("host", String(255), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("acquired_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
)

configured = Table(
    "configured_sources",
    metadata,
    Column("index_name", String(255), primary_key=True),
    Column("name", String(255), primary_key=True),
)

pins = Table(
    "pins",
    metadata,
    Column("index_name", String(255), primary_key=True),
    Column("collection", String(255), nullable=False),
    Column("pinned_at", UtcDateTime, nullable=False),
)

recalls = Table(
    "golden_recalls",
    metadata,
    Column("revision", String(64), primary_key=True),
    Column("questions", String(32), primary_key=True),  # hash of them and their source
    Column("recall", Float, nullable=False),
)

durations = Table(
    "paces",  # an earlier name, which stays on disk
    metadata,
    Column("name", String(300), primary_key=True),
    Column("seconds", Float, nullable=False),  # for one unit of work
)

embedders = Table(
    "embedders",
    metadata,
    Column("settings", String(32), primary_key=True),  # hash of what chooses the embedder
    Column("model", String(255), nullable=False),
    Column("dimension", Integer, nullable=False),
    Column("max_tokens", Integer, nullable=False),
)

fingerprints = Table(
    "resting_indexes",  # an earlier name, which stays on disk
    metadata,
    Column("index_name", String(255), primary_key=True),
    Column("collection", String(255), nullable=False),
    Column("files", String(32), nullable=False),  # hash over the names and sizes of its files
)

jobs = Table(
    "scheduled_jobs",
    metadata,
    Column("index_name", String(255), primary_key=True),
    Column("job", String(255), primary_key=True),
    Column("schedule", String(255), nullable=False),
    Column("last_run", UtcDateTime),
    Column("next_run", UtcDateTime),
    Column("problems", Text, nullable=False),  # a JSON list: those reported that still exist
)

Index("syncs_finished", syncs.c.finished_at)
