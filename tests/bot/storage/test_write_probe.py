"""A state database that can't be written is noticed, and none is changed."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from bot.storage import tables
from bot.storage.problems import Problems
from bot.storage.write_probe import probe_writing
from ingest.errors import StateError
from ingest.state.database import open_state


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    engine = open_state(f"sqlite:///{tmp_path / 'state.sqlite'}")
    tables.ensure_bot_tables(engine)
    return engine


def set_pragma(engine: Engine, pragma: str) -> None:
    """Set a pragma on each connection that is opened from now on."""

    @event.listens_for(engine, "connect")
    def _set(connection, _record) -> None:
        connection.execute(pragma)

    engine.dispose()


def test_a_database_that_works_stays_as_it_was(engine: Engine):
    probe_writing(engine)
    probe_writing(engine)
    assert Problems(engine).list_current() == ()


def test_a_database_that_is_read_only_is_noticed(engine: Engine):
    set_pragma(engine, "PRAGMA query_only = ON")
    with pytest.raises(StateError, match="readonly"):
        probe_writing(engine)


def test_a_database_that_is_locked_is_noticed(engine: Engine):
    set_pragma(engine, "PRAGMA busy_timeout = 1")
    holder = sqlite3.connect(engine.url.database)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(StateError, match="locked"):
        probe_writing(engine)
    holder.rollback()
    holder.close()
    probe_writing(engine)
