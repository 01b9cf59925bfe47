"""The bot's tables, opened together."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, select, text

from bot.storage import tables
from bot.storage.answers import Answers
from bot.storage.claims import Claims
from bot.storage.database import CLAIM_RETENTION, BotDatabase
from bot.storage.ratings import Ratings
from ingest.errors import StateError
from rag_core.types import Scope
from tests.bot.storage.test_answers import KEPT, KEY

LONG_AGO = datetime.now(UTC) - timedelta(days=365)


def open_database(engine: Engine) -> BotDatabase:
    return BotDatabase.open(engine, keep_days=90, read_last_success_time=lambda *_: None)


def test_what_is_too_old_is_forgotten(engine: Engine):
    old = Claims(engine, clock=lambda: LONG_AGO)
    old.take(KEY)
    old.take(replace(KEY, ts="2.0"))
    Answers(engine, days=90, clock=lambda: LONG_AGO).add(KEPT)
    recent = Claims(engine, clock=lambda: datetime.now(UTC) - CLAIM_RETENTION + timedelta(days=1))
    recent.take(replace(KEY, ts="3.0"))
    database = open_database(engine)
    assert database.answers.find(KEPT.id) is None
    with engine.connect() as connection:
        assert list(connection.scalars(select(tables.claims.c.ts))) == ["3.0"]


def test_what_grows_old_is_forgotten_later(engine: Engine):
    database = open_database(engine)
    Claims(engine, clock=lambda: LONG_AGO).take(KEY)
    Answers(engine, days=90, clock=lambda: LONG_AGO).add(KEPT)
    Ratings(engine).rate(KEPT.id, "U1", "up")
    database.purge()
    with engine.connect() as connection:
        for table in (tables.claims, tables.answers, tables.ratings):
            assert connection.execute(select(table)).all() == []


def test_tables_of_the_first_docent_are_completed(engine: Engine):
    with engine.begin() as connection:
        tables.claims.create(connection)
    tables.ensure_bot_tables(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE schema_versions SET version = 1 WHERE room = 'bot'"))
        tables.answers.drop(connection)
    database = open_database(engine)
    database.answers.add(KEPT)
    assert database.answers.find(KEPT.id) is not None


def test_answers_of_an_earlier_docent_are_read(engine: Engine):
    """It did not keep of which part of the documentation, and of when, an answer was."""
    database = open_database(engine)
    database.answers.add(KEPT)
    with engine.begin() as connection:
        connection.execute(text("UPDATE schema_versions SET version = 2 WHERE room = 'bot'"))
        for column in ("scope", "as_of"):
            connection.execute(text(f"ALTER TABLE bot_answers DROP COLUMN {column}"))
    database = open_database(engine)
    old = database.answers.find(KEPT.id)
    assert old is not None
    assert (old.question, old.scope, old.as_of) == (KEPT.question, Scope(), None)
    database.answers.add(replace(KEPT, id="new", scope=Scope(version="2.6"), as_of=LONG_AGO))
    new = database.answers.find("new")
    assert new is not None
    assert (new.scope, new.as_of) == (Scope(version="2.6"), LONG_AGO)
    open_database(engine)


def test_tables_of_a_newer_docent_are_left_alone(engine: Engine):
    tables.ensure_bot_tables(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE schema_versions SET version = 99 WHERE room = 'bot'"))
    with pytest.raises(StateError, match="a newer version of docent"):
        open_database(engine)
