from __future__ import annotations

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, delete, insert, select

from benchmarks.sync.state_watch import StateWatch
from ingest.state.database import open_state

ROWS = Table("rows", MetaData(), Column("number", Integer, primary_key=True))


@pytest.fixture
def engine(tmp_path):
    engine = open_state(f"sqlite:///{tmp_path / 'state.sqlite'}")
    ROWS.metadata.create_all(engine)
    yield engine
    engine.dispose()


def test_rows_and_transactions_are_counted(engine):
    watch = StateWatch(engine)
    with engine.begin() as connection:
        connection.execute(insert(ROWS), [{"number": number} for number in range(7)])
    with engine.connect() as connection:
        assert len(connection.execute(select(ROWS).where(ROWS.c.number < 5)).all()) == 5
    with engine.begin() as connection:
        connection.execute(delete(ROWS).where(ROWS.c.number < 2))
    assert watch.written["rows"] == 9
    assert watch.read["rows"] == 5
    assert len(watch.transactions) == 2


def test_counting_begins_anew(engine):
    watch = StateWatch(engine)
    with engine.begin() as connection:
        connection.execute(insert(ROWS), [{"number": 1}])
    watch.clear()
    assert (watch.written.total(), watch.longest_ms) == (0, 0)
