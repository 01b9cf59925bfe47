from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Column, Engine, Integer, MetaData, Table, insert, select, update

from ingest.state.column_types import UtcDateTime
from ingest.state.database_clock import DatabaseMoment

TABLES = MetaData()
MOMENTS = Table(
    "moments", TABLES, Column("id", Integer, primary_key=True), Column("at", UtcDateTime)
)


def read(engine: Engine, after: float) -> datetime:
    with engine.connect() as connection:
        moment = connection.scalar(select(DatabaseMoment(after)))
    assert moment is not None
    return moment


def test_it_is_now_in_utc(engine: Engine):
    began = datetime.now(UTC)
    moment = read(engine, 0)
    # The server is this machine; SQLite has milliseconds only.
    assert began - timedelta(milliseconds=2) <= moment <= datetime.now(UTC)


@pytest.mark.parametrize("after", [20, -20, 0.25, -86_400, 90_000.5])
def test_it_is_some_seconds_away(engine: Engine, after: float):
    before, moment, behind = read(engine, 0), read(engine, after), read(engine, 0)
    slack = timedelta(milliseconds=2)
    assert before - slack <= moment - timedelta(seconds=after) <= behind + slack


@pytest.mark.parametrize("after", [-0.5, 0.5, -60, 60])
def test_it_compares_with_moments_of_columns(engine: Engine, after: float):
    """A moment of Python has six digits of seconds, one of SQLite three."""
    TABLES.create_all(engine)
    with engine.begin() as connection:
        connection.execute(insert(MOMENTS).values(id=1, at=DatabaseMoment(after)))
        connection.execute(
            insert(MOMENTS).values(id=2, at=datetime.now(UTC) + timedelta(seconds=after))
        )
        is_past = select(MOMENTS.c.id).where(MOMENTS.c.at <= DatabaseMoment())
        past = list(connection.scalars(is_past.order_by(MOMENTS.c.id)))
    assert past == ([1, 2] if after < 0 else [])


def test_each_statement_has_its_own_seconds(engine: Engine):
    TABLES.create_all(engine)
    with engine.begin() as connection:
        connection.execute(insert(MOMENTS).values(id=1, at=DatabaseMoment(3600)))
        first = connection.scalar(select(MOMENTS.c.at))
        connection.execute(update(MOMENTS).values(at=DatabaseMoment(-3600)))
        second = connection.scalar(select(MOMENTS.c.at))
    assert first - second > timedelta(minutes=119)
