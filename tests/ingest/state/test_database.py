from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import (
    Column,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    insert,
    inspect,
    select,
    text,
)

from ingest.errors import StateError
from ingest.state.database import (
    UtcDateTime,
    delete_row,
    ensure_tables,
    open_state,
    read_row,
    replace_row,
)


def test_the_folder_is_made_and_the_journal_is_wal(tmp_path: Path):
    engine = open_state(f"sqlite:///{tmp_path / 'a' / 'b' / 'state.sqlite'}")
    with engine.connect() as connection:
        assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
        assert connection.scalar(text("PRAGMA busy_timeout")) == 10_000


def test_a_file_that_is_no_database(tmp_path: Path):
    path = tmp_path / "state.sqlite"
    path.write_text("These are notes, not a database. " * 100)
    with pytest.raises(StateError, match=r"state\.sqlite can't be used: file is not a database"):
        open_state(f"sqlite:///{path}")
    assert path.read_text().startswith("These are notes")


def test_a_folder_that_can_not_be_made(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StateError, match="can't be used"):
        open_state(f"sqlite:///{tmp_path / 'file' / 'state.sqlite'}")


def test_a_url_that_is_none():
    with pytest.raises(StateError, match="DOCENT_STATE_URL"):
        open_state("data/state.sqlite")


def test_a_database_without_driver_hides_the_password():
    with pytest.raises(StateError, match="driver") as caught:
        open_state("nosuchdb://me:secret@host/docent")
    assert "secret" not in str(caught.value)


def test_each_room_has_tables_and_a_version_of_its_own(engine: Engine):
    rooms = {name: MetaData() for name in ("ingest", "bot")}
    for name, tables in rooms.items():
        Table(f"{name}_things", tables, Column("id", Integer, primary_key=True))
    ensure_tables(engine, rooms["ingest"], room="ingest", version=1)
    ensure_tables(engine, rooms["bot"], room="bot", version=7)
    ensure_tables(engine, rooms["bot"], room="bot", version=7)
    assert {"ingest_things", "bot_things"} <= set(inspect(engine).get_table_names())


@pytest.mark.parametrize(("written", "age"), [(2, "a newer"), (0, "an older")])
def test_tables_of_another_version(engine: Engine, written: int, age: str):
    ensure_tables(engine, MetaData(), room="ingest", version=written)
    with pytest.raises(StateError, match=age):
        ensure_tables(engine, MetaData(), room="ingest", version=1)


def test_tables_that_only_lack_some_are_brought_up_to_date(engine: Engine):
    ensure_tables(engine, MetaData(), room="bot", version=1)
    more = MetaData()
    Table("bot_more", more, Column("id", Integer, primary_key=True))
    ensure_tables(engine, more, room="bot", version=3, oldest=1)
    assert "bot_more" in inspect(engine).get_table_names()
    with pytest.raises(StateError, match="a newer"):
        ensure_tables(engine, more, room="bot", version=2, oldest=1)
    with pytest.raises(StateError, match="an older"):
        ensure_tables(engine, more, room="bot", version=5, oldest=4)


def test_columns_that_lack_are_added_once(engine: Engine):
    first, more = MetaData(), MetaData()
    Table("bot_things", first, Column("id", Integer, primary_key=True))
    ensure_tables(engine, first, room="bot", version=1)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO bot_things VALUES (1)"))
    things = Table(
        "bot_things",
        more,
        Column("id", Integer, primary_key=True),
        Column("order", String(8), nullable=False, server_default="it's"),
        Column("at", UtcDateTime),
    )
    for _ in range(2):
        ensure_tables(engine, more, room="bot", version=2, oldest=1)
    with engine.connect() as connection:
        assert list(connection.execute(select(things))) == [(1, "it's", None)]


def test_a_row_is_replaced_by_its_whole_key(engine: Engine):
    tables = MetaData()
    notes = Table(
        "notes",
        tables,
        Column("index", String(8), primary_key=True),
        Column("job", String(8), primary_key=True),
        Column("text", String(8)),
    )
    tables.create_all(engine)
    with engine.begin() as connection:
        replace_row(connection, notes, index="a", job="x", text="old")
        replace_row(connection, notes, index="a", job="y", text="other")
        replace_row(connection, notes, index="a", job="x", text="new")
    assert read_row(engine, notes, index="a", job="x").text == "new"
    assert read_row(engine, notes, index="a", job="y").text == "other"
    with engine.begin() as connection:
        delete_row(connection, notes, index="a", job="x")
    assert read_row(engine, notes, index="a", job="x") is None
    assert read_row(engine, notes, index="a") == ("a", "y", "other")


def test_moments_are_aware(engine: Engine):
    tables = MetaData()
    moments = Table("moments", tables, Column("at", UtcDateTime))
    tables.create_all(engine)
    berlin = datetime(2026, 7, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    with engine.begin() as connection:
        connection.execute(insert(moments).values(at=berlin))
        connection.execute(insert(moments).values(at=None))
        assert list(connection.scalars(select(moments.c.at))) == [
            datetime(2026, 7, 1, 10, tzinfo=UTC),
            None,
        ]


def test_what_the_database_refuses_later_is_a_state_error(tmp_path):
    engine = open_state(f"sqlite:///{tmp_path / 'docent.sqlite'}")
    with (
        pytest.raises(StateError, match=r"docent\.sqlite can't be used: no such table"),
        engine.begin() as connection,
    ):
        connection.exec_driver_sql("SELECT * FROM nowhere")
