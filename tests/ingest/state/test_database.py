from __future__ import annotations

import os
import sqlite3
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Column, Engine, Integer, MetaData, String, Table, event, select, text
from sqlalchemy.engine import make_url

from ingest.errors import StateError
from ingest.state.database import (
    delete_row,
    has_state_database,
    open_state,
    read_row,
    redact_url,
    replace_row,
)
from ingest.state.ledger import Ledger
from tests.servers import postgres


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


@pytest.mark.parametrize(
    "scheme", ["mysql", "postgresql+asyncpg", "postgresql+psycopg2", "sqlite+aiosqlite"]
)
def test_another_kind_of_database_is_refused_without_its_password(scheme: str):
    with pytest.raises(StateError, match=r"set DOCENT_STATE_URL to sqlite.* or postg") as caught:
        open_state(f"{scheme}://me:secret@host/docent")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_a_server_that_is_not_there_is_one_sentence(scheme: str):
    url = f"{scheme}://me:secret@127.0.0.1:1/docent?password=secret&sslpassword=secret"
    with pytest.raises(StateError, match=r"can't be used: .*refused") as caught:
        open_state(url, busy_seconds=1)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert has_state_database(url)


@pytest.mark.parametrize("port", ["notaport", "54e2", "-1", "99999"])
def test_a_port_that_is_none_is_one_sentence_without_the_password(port: str):
    with pytest.raises(StateError) as caught:
        open_state(f"postgresql://me:secret@127.0.0.1:{port}/docent", busy_seconds=1)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_driver_is_named_with_the_command(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StateError, match=r"needs a driver .*pip install 'docent-bot\[postgres\]'"):
        open_state("postgresql://host/docent")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://me:secret@host:5/docent", "postgresql://me:***@host:5/docent"),
        ("postgresql://host/docent?user=me&password=secret", "postgresql://host/docent"),
        ("postgresql:///docent?host=/run&sslpassword=secret", "postgresql:///docent"),
        ("sqlite:////data/state.sqlite", "sqlite:////data/state.sqlite"),
        ("sqlite:///state.sqlite?key=secret", "sqlite:///state.sqlite"),
    ],
)
def test_a_url_is_shown_without_what_may_be_secret(url: str, shown: str):
    assert redact_url(make_url(url)) == shown


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


def test_a_row_that_several_replace_at_once_is_there_once(engine: Engine):
    tables = MetaData()
    notes = Table("notes", tables, Column("id", Integer, primary_key=True), Column("n", Integer))
    tables.create_all(engine)
    start = threading.Barrier(4)

    def replace(number: int) -> None:
        start.wait()
        for _ in range(10):
            with engine.begin() as connection:
                replace_row(connection, notes, id=1, n=number)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(replace, range(4)))
    with engine.connect() as connection:
        assert len(connection.execute(select(notes)).all()) == 1


def test_what_the_database_refuses_later_is_a_state_error(engine: Engine):
    with (
        pytest.raises(StateError, match=r"can't be used: .*(no such table|does not exist)"),
        engine.begin() as connection,
    ):
        connection.exec_driver_sql("SELECT * FROM nowhere")


def test_more_threads_than_the_pool_keeps_get_a_connection_at_once(engine: Engine):
    everyone = threading.Barrier(20)

    def connect(_: int) -> int:
        with engine.connect() as connection:
            everyone.wait(timeout=30)  # twenty are open at the same time
            return int(connection.scalar(text("SELECT 1")) or 0)

    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(connect, range(20))) == 20


# Faults of a SQLite file


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "docent.sqlite"


@pytest.fixture
def ledger(path: Path) -> Ledger:
    return Ledger(open_state(f"sqlite:///{path}", busy_seconds=0.05), index="docent")


def test_a_locked_file_is_a_state_error_after_a_short_wait_and_then_works(
    ledger: Ledger, path: Path
):
    other = sqlite3.connect(path)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StateError, match="database is locked"):
        ledger.start_sync()
    assert ledger.read_last_sync() is None  # reading waits for nobody
    other.rollback()
    other.close()
    assert ledger.start_sync()


def test_a_full_file_is_a_state_error_and_works_again(ledger: Ledger):
    engine, limit = ledger.engine, 0

    @event.listens_for(engine, "checkout")
    def set_limit(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {limit or 2**31}")

    with engine.connect() as connection:
        limit = connection.scalar(text("PRAGMA page_count"))
    with pytest.raises(StateError, match="database or disk is full"):
        ledger.finish_sync(ledger.start_sync(), error="x" * 100_000)
    limit = 0
    ledger.finish_sync(ledger.start_sync(), error="x" * 100_000)
    assert ledger.read_last_sync().error == "x" * 100_000


def test_a_file_that_may_only_be_read_is_read(ledger: Ledger):
    ledger.finish_sync(ledger.start_sync(), error="It failed.")

    @event.listens_for(ledger.engine, "checkout")
    def forbid(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute("PRAGMA query_only = 1")

    with pytest.raises(StateError, match="attempt to write a readonly database"):
        ledger.start_sync()
    assert ledger.read_last_sync().error == "It failed."


@pytest.mark.parametrize("system", ["posix", "windows"])
@pytest.mark.parametrize("with_journal", [True, False])
def test_a_deleted_file_is_opened_anew_with_its_tables(
    ledger: Ledger,
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    with_journal: bool,
    system: str,
):
    if system == "windows":  # which has no locks of folders
        monkeypatch.setitem(sys.modules, "fcntl", None)
    ledger.finish_sync(ledger.start_sync(), error="Before.")
    for file in path.parent.iterdir() if with_journal else [path]:
        file.unlink()
    assert ledger.read_last_sync() is None
    ledger.finish_sync(ledger.start_sync(), error="After.")
    assert path.exists()
    assert ledger.read_last_sync().error == "After."
    again = Ledger(open_state(f"sqlite:///{path}"), index="docent")
    assert again.read_last_sync().error == "After."


def test_a_deleted_folder_is_created_anew(ledger: Ledger, path: Path):
    for file in path.parent.iterdir():
        file.unlink()
    path.parent.rmdir()
    assert ledger.start_sync()
    assert path.exists()


def test_a_file_that_takes_the_place_of_another_is_used(ledger: Ledger, tmp_path: Path, path: Path):
    ledger.finish_sync(ledger.start_sync(), error="Before.")
    backup = Ledger(open_state(f"sqlite:///{tmp_path / 'backup.sqlite'}"), index="docent")
    backup.finish_sync(backup.start_sync(), error="From the backup.")
    backup.engine.dispose()
    (tmp_path / "backup.sqlite").replace(path)
    assert ledger.read_last_sync().error == "From the backup."


# Faults of a server


@pytest.mark.skipif(not os.environ.get(postgres.URL_VARIABLE), reason="make test-postgres runs it")
def test_a_server_that_restarts_costs_one_error_at_most():
    with postgres.PostgresServer.run() as server:
        ledger = Ledger(open_state(server.url), index="docent")
        ledger.finish_sync(ledger.start_sync(), error="Before.")
        server.stop("fast")
        with pytest.raises(StateError, match="can't be used"):
            ledger.read_last_sync()
        server.start()
        assert ledger.read_last_sync().error == "Before."
        with ledger.engine.connect() as connection:
            server.stop("fast")
            server.start()
            with pytest.raises(StateError, match="can't be used"):
                connection.scalar(text("SELECT 1"))
        ledger.finish_sync(ledger.start_sync(), error="After.")
        assert ledger.read_last_sync().error == "After."
