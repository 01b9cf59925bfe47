"""The inbox and the problems; texts of any length, on PostgreSQL too."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from alembic import op
from sqlalchemy import (
    Column,
    Connection,
    DateTime,
    Index,
    Integer,
    MetaData,
    Row,
    Table,
    Text,
    UniqueConstraint,
    insert,
    text,
)

from bot.storage.migrations.r0001_released_tables import tables as released
from ingest.state.migration import complete_tables, remove_length_limits

revision = "0002"
down_revision = "0001"

tables = MetaData()

inbox = Table(
    "bot_inbox",
    tables,
    Column("id", Text, primary_key=True),
    Column("index_name", Text, nullable=False),
    Column("team", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("ts", Text, nullable=False),
    Column("thread_ts", Text, nullable=False),
    Column("user", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("response_url", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("turn", Integer, nullable=False),
    Column("received_at", DateTime, nullable=False),
    Column("owner", Text, nullable=False),
    Column("leased_until", DateTime),
    Column("attempts", Integer, nullable=False),
    Column("stage", Text, nullable=False),
    Column("posted", Text, nullable=False),
    Column("signal", Text, nullable=False),
    Column("ended_at", DateTime),
    UniqueConstraint("index_name", "team", "channel", "ts", name="bot_inbox_message"),
)

problems = Table(
    "bot_problems",
    tables,
    Column("service", Text, primary_key=True),
    Column("text", Text, nullable=False),
    Column("since", DateTime, nullable=False),
    Column("told_at", DateTime),
)

Index("bot_inbox_line", inbox.c.index_name, inbox.c.status, inbox.c.turn, inbox.c.received_at)
Index("bot_inbox_thread", inbox.c.channel, inbox.c.thread_ts)
Index("bot_inbox_user", inbox.c.user, inbox.c.received_at)

_ANSWERED = text(
    "SELECT team, channel, ts, claimed_at FROM bot_claims WHERE status = 'answered' AND NOT EXISTS "
    "(SELECT 1 FROM bot_inbox WHERE bot_inbox.team = bot_claims.team "
    "AND bot_inbox.channel = bot_claims.channel AND bot_inbox.ts = bot_claims.ts)"
).columns(claimed_at=DateTime)


def upgrade() -> None:
    """Create the tables; put the questions that were answered into the inbox."""
    connection = op.get_bind()
    complete_tables(connection, tables)
    remove_length_limits(connection, released)
    _put_answered(connection)


def _put_answered(connection: Connection) -> None:
    """Put answered questions into the inbox, so none is answered again."""
    rows = [_build_row(claim) for claim in connection.execute(_ANSWERED)]
    if rows:
        connection.execute(insert(inbox), rows)


def _build_row(claim: Row[Any]) -> dict[str, Any]:
    empty = dict.fromkeys(
        ("user", "message", "response_url", "owner", "posted", "signal", "stage"), ""
    )
    return empty | {
        "id": uuid4().hex,
        "index_name": "docent",  # the default: claims did not say whose they were
        "team": claim.team,
        "channel": claim.channel,
        "ts": claim.ts,
        "thread_ts": claim.ts,
        "status": "answered",
        "turn": 0,
        "received_at": claim.claimed_at,
        "attempts": 1,
        "ended_at": claim.claimed_at,
    }
