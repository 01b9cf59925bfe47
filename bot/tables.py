"""The bot's own tables, in the state database."""

from __future__ import annotations

from sqlalchemy import Column, MetaData, String, Table

from ingest.state import UtcDateTime

ROOM = "bot"
VERSION = 1

metadata = MetaData()

claims = Table(
    "bot_claims",
    metadata,
    Column("team", String(32), primary_key=True),
    Column("channel", String(32), primary_key=True),
    Column("ts", String(32), primary_key=True),
    Column("owner", String(32), nullable=False),
    Column("status", String(16), nullable=False),
    Column("claimed_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
)
