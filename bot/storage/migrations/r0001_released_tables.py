"""The tables as they were released before there were migrations."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, DateTime, Index, Integer, MetaData, String, Table, Text

from ingest.state.migration import complete_tables

revision = "0001"
down_revision = None

tables = MetaData()

claims = Table(
    "bot_claims",
    tables,
    Column("team", String(32), primary_key=True),
    Column("channel", String(32), primary_key=True),
    Column("ts", String(32), primary_key=True),
    Column("owner", String(32), nullable=False),
    Column("status", String(16), nullable=False),
    Column("claimed_at", DateTime, nullable=False),
    Column("expires_at", DateTime, nullable=False),
)

answers = Table(
    "bot_answers",
    tables,
    Column("id", String(32), primary_key=True),
    Column("team", String(32), nullable=False),
    Column("channel", String(32), nullable=False),
    Column("ts", String(32), nullable=False),
    Column("thread_ts", String(32), nullable=False),
    Column("user", String(32), nullable=False),
    Column("answered_at", DateTime, nullable=False),
    Column("posted", Text, nullable=False),
    Column("question", Text, nullable=False),
    Column("answer", Text),
    Column("scope", Text, nullable=False, server_default="{}"),
    Column("as_of", DateTime),
    Column("passed_on_at", DateTime),
)

ratings = Table(
    "bot_ratings",
    tables,
    Column("answer", String(32), primary_key=True),
    Column("user", String(32), primary_key=True),
    Column("verdict", String(8), nullable=False),
    Column("reason", String(32), nullable=False),
    Column("comment", Text, nullable=False),
    Column("rated_at", DateTime, nullable=False),
)

scopes = Table(
    "bot_scopes",
    tables,
    Column("team", String(32), primary_key=True),
    Column("channel", String(32), primary_key=True),
    Column("scope", Text, nullable=False),
    Column("user", String(32), nullable=False),
    Column("set_at", DateTime, nullable=False),
)

instructions = Table(
    "bot_instructions",
    tables,
    Column("team", String(32), primary_key=True),
    Column("channel", String(32), primary_key=True),
    Column("text", Text, nullable=False),
    Column("user", String(32), nullable=False),
    Column("set_at", DateTime, nullable=False),
)

audit = Table(
    "bot_audit",
    tables,
    Column("id", Integer, primary_key=True),
    Column("at", DateTime, nullable=False),
    Column("user", String(32), nullable=False),
    Column("channel", String(32), nullable=False),
    Column("command", Text, nullable=False),
    Column("result", Text, nullable=False),
)

Index("bot_answers_thread", answers.c.channel, answers.c.thread_ts)
Index("bot_answers_time", answers.c.answered_at)


def upgrade() -> None:
    """Create what a new database or an earlier version lacks."""
    complete_tables(op.get_bind(), tables)
