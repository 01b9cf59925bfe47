"""The bot's own tables, in the state database."""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Engine,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from ingest.state.database import UtcDateTime, ensure_tables

ROOM = "bot"
VERSION = 5
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

inbox = Table(
    "bot_inbox",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("team", String(32), nullable=False),
    Column("channel", String(32), nullable=False),
    Column("ts", String(64), nullable=False),  # of the question; an edit appends a digest
    Column("thread_ts", String(64), nullable=False),
    Column("user", String(32), nullable=False),
    Column("message", Text, nullable=False),  # JSON; empty once the question has ended
    Column("response_url", Text, nullable=False),  # empty but for commands and shortcuts
    Column("status", String(16), nullable=False),
    Column("turn", Integer, nullable=False),  # its round in the line
    Column("received_at", UtcDateTime, nullable=False),
    Column("owner", String(255), nullable=False),  # the process that answers; empty for none
    Column("leased_until", UtcDateTime),  # by the database's clock
    Column("attempts", Integer, nullable=False),
    Column("stage", String(16), nullable=False),  # how far the answer is, or why it is refused
    Column("posted", Text, nullable=False),  # time stamps of docent's messages, by spaces
    Column("signal", String(16), nullable=False),  # what the owner is to do: stop, delete, replace
    Column("ended_at", UtcDateTime),
    UniqueConstraint("team", "channel", "ts", name="bot_inbox_message"),
)

problems = Table(
    "bot_problems",
    metadata,
    Column("service", String(32), primary_key=True),  # llm, reranker, embedder, milvus, state
    Column("text", Text, nullable=False),  # one sentence, with what to do
    Column("since", UtcDateTime, nullable=False),
    Column("told_at", UtcDateTime),  # when the admins' channel got it
)

Index("bot_inbox_line", inbox.c.status, inbox.c.turn, inbox.c.received_at)
Index("bot_inbox_thread", inbox.c.channel, inbox.c.thread_ts)
Index("bot_inbox_user", inbox.c.user, inbox.c.received_at)
Index("bot_answers_thread", answers.c.channel, answers.c.thread_ts)
Index("bot_answers_time", answers.c.answered_at)


def ensure_bot_tables(engine: Engine) -> None:
    """Create the missing tables and columns.

    Raises:
        StateError: the tables belong to another version of docent, or can't be created.
    """
    ensure_tables(engine, metadata, room=ROOM, version=VERSION, oldest=OLDEST_VERSION)
