"""The tables of the bot, and how those of earlier versions become them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, Engine, insert, inspect, select, text

from bot.storage import tables
from bot.storage.activity import Activity
from bot.storage.answers import Answers
from bot.storage.migrations import r0001_released_tables as released
from bot.storage.ratings import Ratings
from rag_core.types import Scope
from tests.bot.storage.test_answers import KEPT
from tests.ingest.state.test_migration import find_differences

NOW = datetime(2026, 7, 1, 12)  # noqa: DTZ001  (as the old tables have it)
LATER = {1: ["answers", "ratings", "scopes", "instructions", "audit"], 2: ["instructions"]} | {
    3: ["instructions"],
    4: [],
    5: [],
}
"""The tables that a version lacks."""
CLAIM = {"team": "T1", "owner": "me", "claimed_at": NOW, "expires_at": NOW}
ANSWER = {
    "id": "a1",
    "team": "T1",
    "channel": "C1",
    "ts": "1.1",
    "thread_ts": "1.0",
    "user": "U1",
    "answered_at": NOW,
    "posted": "2.0 2.1",
    "question": "how?",
}


def create_released(engine: Engine, version: int) -> None:
    """Create the tables of an earlier version, with rows in them."""
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE schema_versions (room VARCHAR(32) PRIMARY KEY, version INTEGER)"
        )
        connection.execute(text("INSERT INTO schema_versions VALUES ('bot', :v)"), {"v": version})
        released.tables.create_all(connection)
        for name in LATER[version]:
            getattr(released, name).drop(connection)
        if version == 2:
            for column in ("scope", "as_of"):
                connection.exec_driver_sql(f"ALTER TABLE bot_answers DROP COLUMN {column}")
        if version == 5:  # between two releases
            tables.inbox.create(connection)
        fill(connection, version)


def fill(connection: Connection, version: int) -> None:
    for channel, ts, status in (
        ("C1", "1.1", "answered"),
        ("C1", "1.2@U1", "answered"),
        ("C2", "1.1", "processing"),
    ):
        row = CLAIM | {"channel": channel, "ts": ts, "status": status}
        connection.execute(insert(released.claims).values(row))
    if version > 1:
        connection.execute(insert(released.answers).values(ANSWER))
        verdict = {"answer": "a1", "user": "U2", "verdict": "up", "reason": "", "comment": ""}
        connection.execute(insert(released.ratings).values(verdict | {"rated_at": NOW}))


@pytest.mark.parametrize("version", LATER)
def test_every_released_version_becomes_the_newest_with_its_data(engine: Engine, version: int):
    create_released(engine, version)
    tables.ensure_bot_tables(engine)
    assert find_differences(engine, tables.metadata) == []
    indexes = {index["name"] for index in inspect(engine).get_indexes("bot_answers")}
    assert indexes == {"bot_answers_thread", "bot_answers_time"}
    with engine.connect() as connection:
        statuses = connection.scalars(select(tables.claims.c.status))
        assert sorted(statuses) == ["answered", "answered", "processing"]
    if version > 1:
        old = Answers(engine, days=90).find("a1")
        assert old is not None
        assert (old.question, old.scope, old.as_of) == ("how?", Scope(), None)
        assert old.posted == ("2.0", "2.1")
        assert Activity(engine).count_since(NOW.replace(tzinfo=UTC)).up == 1


@pytest.mark.parametrize("version", LATER)
def test_what_was_answered_before_is_not_answered_again(engine: Engine, version: int):
    create_released(engine, version)
    for _ in range(2):
        tables.ensure_bot_tables(engine)
    with engine.connect() as connection:
        rows = connection.execute(select(tables.inbox).order_by(tables.inbox.c.ts)).all()
    keys = [(row.team, row.channel, row.ts) for row in rows]
    assert keys == [("T1", "C1", "1.1"), ("T1", "C1", "1.2@U1")]
    assert {(row.status, row.message, row.owner) for row in rows} == {("answered", "", "")}
    assert {row.ended_at for row in rows} == {NOW.replace(tzinfo=UTC)}
    assert len({row.id for row in rows}) == 2


def test_texts_have_any_length_after_an_upgrade(engine: Engine):
    """A private question has a key of 36 characters, of which PostgreSQL took 32."""
    create_released(engine, 4)
    answers = Answers(engine, days=90)
    long = "ask-" + "f" * 300
    answers.add(replace(KEPT, id=long, key=replace(KEPT.key, ts=long), thread_ts=long))
    Ratings(engine).rate(long, "U" * 300, "up")
    stored = answers.find(long)
    assert stored is not None
    assert stored.thread_ts == long


def test_the_same_texts_are_refused_by_no_database(engine: Engine):
    answers = Answers(engine, days=90)
    odd = "a\0b\ud800c\U0001f600"
    assert KEPT.answer is not None
    record = replace(
        KEPT,
        question=odd,
        answer=replace(KEPT.answer, text=odd),
        scope=Scope(version=odd),
        as_of=datetime.now(UTC) - timedelta(days=1),
    )
    answers.add(record)
    stored = answers.find(KEPT.id)
    assert stored is not None
    assert stored.question == "a\ufffdb\ufffdc\U0001f600"
    assert stored.answer is not None
    assert stored.answer.text == "a\0b\ufffdc\U0001f600"
    assert stored.scope.version == stored.answer.text
