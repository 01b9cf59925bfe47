from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, Engine, MetaData, Table, insert, select

from ingest.state.column_types import CleanText, UtcDateTime, clean_text

TABLES = MetaData()
NOTES = Table("notes", TABLES, Column("text", CleanText), Column("at", UtcDateTime))


def test_moments_are_aware(engine: Engine):
    TABLES.create_all(engine)
    berlin = datetime(2026, 7, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    with engine.begin() as connection:
        connection.execute(insert(NOTES).values(at=berlin))
        assert connection.scalar(select(NOTES.c.at)) == datetime(2026, 7, 1, 10, tzinfo=UTC)
        connection.execute(NOTES.update().values(at=None))
        assert connection.scalar(select(NOTES.c.at)) is None


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("a\0b", "a\ufffdb"),
        ("é\0", "é\ufffd"),
        ("a\ud800b", "a\ufffdb"),
        ("\udcffx", "\ufffdx"),
        ("\ud83d\ude00", "😀"),
        ("日本語 😀\n", "日本語 😀\n"),
        ("", ""),
    ],
)
def test_what_no_database_takes_is_replaced(text: str, clean: str):
    assert clean_text(text) == clean


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=40))
def test_any_text_is_stored_and_found_again(engine: Engine, text: str):
    TABLES.create_all(engine)
    with engine.begin() as connection:
        connection.execute(NOTES.delete())
        connection.execute(insert(NOTES).values(text=text))
        stored = connection.scalar(select(NOTES.c.text).where(NOTES.c.text == text))
    assert stored == clean_text(text)
    assert stored == text or set(text) & {"\0", *map(chr, range(0xD800, 0xE000))}


def test_a_text_has_any_length(engine: Engine):
    TABLES.create_all(engine)
    with engine.begin() as connection:
        connection.execute(insert(NOTES).values(text="ß" * 100_000))
        assert connection.scalar(select(NOTES.c.text)) == "ß" * 100_000
