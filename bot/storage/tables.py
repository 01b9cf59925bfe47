"""The bot's own tables, in the state database."""

from __future__ import annotations

from sqlalchemy import Column, Engine, Index, Integer, MetaData, String, Table, Text

from ingest.state.database import UtcDateTime, ensure_tables

ROOM = "bot"
VERSION = 4
OLDEST_VERSION = 1
"""Versions from this one on only lack tables and columns, which docent adds when it starts."""

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

answers = Table(
    "bot_answers",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("team", String(32), nullable=False),
    Column("channel", String(32), nullable=False),
    Column("ts", String(32), nullable=False),  # of the question
    Column("thread_ts", String(32), nullable=False),
    Column("user", String(32), nullable=False),
    Column("answered_at", UtcDateTime, nullable=False),
    Column("posted", Text, nullable=False),  # time stamps of docent's messages, by spaces
    Column("question", Text, nullable=False),
    Column("answer", Text),  # JSON; null if texts are not stored
    # JSON: the part of the documentation that was searched.
    Column("scope", Text, nullable=False, server_default="{}"),
    Column("as_of", UtcDateTime),  # when the documentation was last read
    Column("passed_on_at", UtcDateTime),  # to the help channel
)

ratings = Table(
    "bot_ratings",
    metadata,
    Column("answer", String(32), primary_key=True),
    Column("user", String(32), primary_key=True),
    Column("verdict", String(8), nullable=False),
    Column("reason", String(32), nullable=False),
    Column("comment", Text, nullable=False),
    Column("rated_at", UtcDateTime, nullable=False),
)

scopes = Table(
    "bot_scopes",
    metadata,
    Column("team", String(32), primary_key=True),
    Column("channel", String(32), primary_key=True),
    Column("scope", Text, nullable=False),  # JSON
    Column("user", String(32), nullable=False),  # who set it
    Column("set_at", UtcDateTime, nullable=False),
)

instructions = Table(
    "bot_instructions",
    metadata,
    Column("team", String(32), primary_key=True),
    Column("channel", String(32), primary_key=True),
    Column("text", Text, nullable=False),
    Column("user", String(32), nullable=False),  # who set them
    Column("set_at", UtcDateTime, nullable=False),
)

audit = Table(
    "bot_audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("user", String(32), nullable=False),
    Column("channel", String(32), nullable=False),
    Column("command", Text, nullable=False),
    Column("result", Text, nullable=False),
)

Index("bot_answers_thread", answers.c.channel, answers.c.thread_ts)
Index("bot_answers_time", answers.c.answered_at)


def ensure_bot_tables(engine: Engine) -> None:
    """Create the missing tables and columns.

    Raises:
        StateError: the tables belong to another version of docent, or can't be created.
    """
    ensure_tables(engine, metadata, room=ROOM, version=VERSION, oldest=OLDEST_VERSION)
