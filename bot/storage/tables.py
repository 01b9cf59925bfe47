"""The bot's own tables, in the state database."""

from __future__ import annotations

import json
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Column, Engine, Index, Integer, MetaData, Table, UniqueConstraint

from ingest.state.column_types import CleanText, UtcDateTime, clean_text
from ingest.state.migration import Schema, ensure_schema

SCHEMA = Schema("bot", newest="0005", migrations="bot.storage:migrations", last_version=5)
"""The history of these tables: a change of them is a migration there."""

metadata = MetaData()

claims = Table(
    "bot_claims",
    metadata,
    Column("team", CleanText, primary_key=True),
    Column("channel", CleanText, primary_key=True),
    Column("ts", CleanText, primary_key=True),
    Column("owner", CleanText, nullable=False),
    Column("status", CleanText, nullable=False),
    Column("claimed_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
)

answers = Table(
    "bot_answers",
    metadata,
    Column("id", CleanText, primary_key=True),
    Column("team", CleanText, nullable=False),
    Column("channel", CleanText, nullable=False),
    Column("ts", CleanText, nullable=False),  # of the question
    Column("thread_ts", CleanText, nullable=False),
    Column("user", CleanText, nullable=False),
    # The workspace of the user; empty in rows of earlier versions, which knew docent's own alone.
    Column("user_team", CleanText, nullable=False, server_default=""),
    Column("answered_at", UtcDateTime, nullable=False),
    Column("posted", CleanText, nullable=False),  # time stamps of docent's messages, by spaces
    Column("question", CleanText, nullable=False),
    Column("answer", CleanText),  # JSON; null if texts are not stored
    # JSON: the part of the documentation that was searched.
    Column("scope", CleanText, nullable=False, server_default="{}"),
    Column("as_of", UtcDateTime),  # when the documentation was last read
    Column("passed_on_at", UtcDateTime),  # to the help channel
    # Ids of other people whose words it may hold, each between spaces.
    Column("authors", CleanText, nullable=False, server_default=""),
    Column("surface", CleanText, nullable=False, server_default="slack"),
)

ratings = Table(
    "bot_ratings",
    metadata,
    Column("answer", CleanText, primary_key=True),
    Column("user", CleanText, primary_key=True),
    Column("user_team", CleanText, primary_key=True, server_default=""),
    Column("verdict", CleanText, nullable=False),
    Column("reason", CleanText, nullable=False),
    Column("comment", CleanText, nullable=False),
    Column("rated_at", UtcDateTime, nullable=False),
)

scopes = Table(
    "bot_scopes",
    metadata,
    Column("team", CleanText, primary_key=True),
    Column("channel", CleanText, primary_key=True),
    Column("scope", CleanText, nullable=False),  # JSON
    Column("user", CleanText, nullable=False),  # who set it
    Column("set_at", UtcDateTime, nullable=False),
)

instructions = Table(
    "bot_instructions",
    metadata,
    Column("team", CleanText, primary_key=True),
    Column("channel", CleanText, primary_key=True),
    Column("text", CleanText, nullable=False),
    Column("user", CleanText, nullable=False),  # who set them
    Column("set_at", UtcDateTime, nullable=False),
)

audit = Table(
    "bot_audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("user", CleanText, nullable=False),
    Column("user_team", CleanText, nullable=False, server_default=""),
    Column("channel", CleanText, nullable=False),
    Column("command", CleanText, nullable=False),
    Column("result", CleanText, nullable=False),
)

inbox = Table(
    "bot_inbox",
    metadata,
    Column("id", CleanText, primary_key=True),
    Column("index_name", CleanText, nullable=False),  # of the docent that was asked
    Column("team", CleanText, nullable=False),
    Column("channel", CleanText, nullable=False),
    Column("ts", CleanText, nullable=False),  # of the question; an edit appends a digest
    Column("thread_ts", CleanText, nullable=False),
    Column("user", CleanText, nullable=False),
    Column("user_team", CleanText, nullable=False, server_default=""),
    Column("message", CleanText, nullable=False),  # JSON; empty once the question has ended
    Column("response_url", CleanText, nullable=False),  # empty but for commands and shortcuts
    Column("status", CleanText, nullable=False),
    Column("turn", Integer, nullable=False),  # its round in the line
    Column("received_at", UtcDateTime, nullable=False),
    Column("owner", CleanText, nullable=False),  # the process that answers; empty for none
    Column("leased_until", UtcDateTime),  # by the database's clock
    Column("attempts", Integer, nullable=False),
    Column("stage", CleanText, nullable=False),  # how far the answer is, or why it is refused
    Column("posted", CleanText, nullable=False),  # time stamps of docent's messages, by spaces
    Column("signal", CleanText, nullable=False),  # what the owner is to do: stop, delete, replace
    Column("ended_at", UtcDateTime),
    Column("surface", CleanText, nullable=False, server_default="slack"),
    UniqueConstraint("index_name", "team", "channel", "ts", name="bot_inbox_message"),
)

problems = Table(
    "bot_problems",
    metadata,
    Column("service", CleanText, primary_key=True),  # llm, reranker, embedder, milvus, state
    Column("text", CleanText, nullable=False),  # one sentence, with what to do
    Column("since", UtcDateTime, nullable=False),
    Column("told_at", UtcDateTime),  # when the admins' channel got it
)

Index("bot_inbox_line", inbox.c.index_name, inbox.c.status, inbox.c.turn, inbox.c.received_at)
Index("bot_inbox_thread", inbox.c.channel, inbox.c.thread_ts)
Index("bot_inbox_user", inbox.c.user, inbox.c.received_at)
Index("bot_answers_thread", answers.c.channel, answers.c.thread_ts)
Index("bot_answers_time", answers.c.answered_at)


def ensure_bot_tables(engine: Engine) -> None:
    """Bring the tables up to date; create missing ones.

    Raises:
        StateError: the tables belong to a newer version of docent, or can't be created.
    """
    ensure_schema(engine, SCHEMA)


def encode_json(adapter: TypeAdapter[Any], value: object) -> str:
    """Return a value as JSON without spaces or lone surrogates."""
    plain = adapter.dump_python(value)
    return clean_text(json.dumps(plain, ensure_ascii=False, separators=(",", ":")))
