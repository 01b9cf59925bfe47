from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, MetaData, inspect, text
from sqlalchemy.exc import OperationalError

from bot.storage import tables as bot_tables
from bot.storage.claims import Claims
from bot.types import MessageKey
from ingest.errors import StateError
from ingest.state import migration, tables
from ingest.state.database import open_state
from ingest.state.ledger import Ledger
from ingest.state.migration import Schema, ensure_schema

ROOT = Path(__file__).parents[3]
SCHEMAS = [(tables.SCHEMA, tables.metadata), (bot_tables.SCHEMA, bot_tables.metadata)]
ROOMS = [schema.room for schema, _ in SCHEMAS]


def find_differences(engine: Engine, metadata: MetaData) -> list[Any]:
    """Return what differs between the tables in the database and those in the code."""
    # SQLite checks no lengths, and writes the default of a column in another way.
    is_exact = engine.dialect.name != "sqlite"
    options = {
        "compare_type": is_exact,
        "compare_server_default": is_exact,
        "include_name": lambda name, kind, _: kind != "table" or name in metadata.tables,
    }
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=options)
        return list(compare_metadata(context, metadata))


@pytest.mark.parametrize(("schema", "metadata"), SCHEMAS, ids=ROOMS)
def test_the_migrations_make_the_tables_of_the_code(
    engine: Engine, schema: Schema, metadata: MetaData
):
    ensure_schema(engine, schema)
    assert find_differences(engine, metadata) == []


@pytest.mark.parametrize(("schema", "metadata"), SCHEMAS, ids=ROOMS)
def test_the_code_names_the_newest_migration(schema: Schema, metadata: MetaData):
    del metadata
    config = Config()
    config.set_main_option("script_location", "ingest.state:migrations")
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", schema.migrations)
    assert ScriptDirectory.from_config(config).get_heads() == [schema.newest]


def test_the_rooms_share_a_database_and_have_a_history_each(engine: Engine):
    for schema, metadata in SCHEMAS:
        ensure_schema(engine, schema)
        ensure_schema(engine, schema)
        assert set(metadata.tables) <= set(inspect(engine).get_table_names())
    with engine.connect() as connection:
        for schema, _ in SCHEMAS:
            query = text(f"SELECT version_num FROM {schema.room}_migration")
            assert list(connection.scalars(query)) == [schema.newest]


@pytest.mark.parametrize("room", ROOMS)
def test_a_docent_from_before_the_migrations_refuses_the_tables(engine: Engine, room: str):
    """It reads the number of the tables of a room, and refuses one above its own."""
    for schema, _ in SCHEMAS:
        ensure_schema(engine, schema)
    query = text("SELECT version FROM schema_versions WHERE room = :room")
    with engine.connect() as connection:
        assert connection.scalar(query, {"room": room}) > 5


@pytest.mark.parametrize(("schema", "metadata"), SCHEMAS, ids=ROOMS)
@pytest.mark.parametrize("change", ["a migration", "a version"])
def test_tables_of_a_newer_docent_are_refused_and_left_alone(
    engine: Engine, schema: Schema, metadata: MetaData, change: str
):
    del metadata
    if change == "a migration":
        ensure_schema(engine, schema)
        statement = f"UPDATE {schema.version_table} SET version_num = '9999'"
    else:
        statement = (
            "CREATE TABLE schema_versions (room VARCHAR(32) PRIMARY KEY, version INTEGER); "
            f"INSERT INTO schema_versions VALUES ('{schema.room}', {schema.last_version + 1})"
        )
    with engine.begin() as connection:
        for part in statement.split(";"):
            connection.exec_driver_sql(part)
    before = set(inspect(engine).get_table_names())
    with pytest.raises(StateError, match=r"was written by a newer version of docent: use that"):
        ensure_schema(engine, schema)
    assert set(inspect(engine).get_table_names()) == before


def test_an_upgrade_that_fails_leaves_nothing(engine: Engine, monkeypatch: pytest.MonkeyPatch):
    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(migration, "_seal", fail)
    with pytest.raises(RuntimeError):
        ensure_schema(engine, tables.SCHEMA)
    assert inspect(engine).get_table_names() == []
    monkeypatch.undo()
    ensure_schema(engine, tables.SCHEMA)
    assert find_differences(engine, tables.metadata) == []


def test_threads_that_upgrade_at_once(state_url: str):
    def start(_: int) -> str:
        engine = open_state(state_url)
        try:
            Ledger(engine, index="docent")
            return "claimed" if Claims(engine) else ""
        finally:
            engine.dispose()

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(start, range(6))) == ["claimed"] * 6


STARTS = """
import sys
from bot.storage.database import BotDatabase
from ingest.state.database import open_state
from ingest.state.ledger import Ledger
from bot.types import MessageKey
print("ready", flush=True)
sys.stdin.readline()
engine = open_state(sys.argv[1])
ledger = Ledger(engine, index="docent")
database = BotDatabase.open(engine, keep_days=90, read_last_success_time=lambda *_: None)
ledger.finish_sync(ledger.start_sync(), error="none")
print(database.claims.take(MessageKey("T1", "C1", "1.0")), flush=True)
"""


@pytest.fixture
def starts(state_url: str) -> Iterator[list[subprocess.Popen[str]]]:
    """Five processes that wait for a line, and then start on the database."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    command = [sys.executable, "-c", STARTS, state_url]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with ExitStack() as stack:
        processes = [
            stack.enter_context(subprocess.Popen(command, env=environment, text=True, **pipes))
            for _ in range(5)
        ]
        for process in processes:
            stack.callback(process.kill)
        yield processes


@pytest.mark.parametrize("attempt", range(3))
def test_five_processes_that_start_at_once_on_an_empty_database(
    starts: list[subprocess.Popen[str]], attempt: int
):
    del attempt
    for process in starts:
        assert process.stdout.readline() == "ready\n"
    for process in starts:
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = [process.communicate() for process in starts]
    assert [process.returncode for process in starts] == [0] * 5, answers
    assert sorted(output for output, _ in answers) == ["False\n"] * 4 + ["True\n"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "docent.sqlite"


def open_both(file: Path) -> tuple[Ledger, Claims]:
    engine = open_state(f"sqlite:///{file}")
    return Ledger(engine, index="docent"), Claims(engine)


def test_threads_that_meet_a_deleted_file_at_once_share_the_new_one(file: Path):
    ledger, claims = open_both(file)
    file.unlink()
    start = Barrier(6)

    def work(number: int) -> tuple[bool, int]:
        start.wait()
        key = MessageKey("T1", "C1", f"{number % 2}.0")
        return claims.take(key), ledger.start_sync()

    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(work, range(6)))
    assert sum(is_taken for is_taken, _ in results) == 2
    assert sorted(number for _, number in results) == [1, 2, 3, 4, 5, 6]


def test_a_new_file_that_can_not_get_its_tables_is_a_state_error(
    file: Path, monkeypatch: pytest.MonkeyPatch
):
    ledger, _ = open_both(file)
    file.unlink()

    def fail(_connection: Connection, _schema: Schema) -> None:
        raise OperationalError("CREATE", {}, Exception("database or disk is full"))

    monkeypatch.setattr(migration, "upgrade_schema", fail)
    with pytest.raises(StateError, match=r"docent\.sqlite can't be used: database or disk is full"):
        ledger.start_sync()
    monkeypatch.undo()
    assert ledger.start_sync() == 1


def test_a_database_in_memory_gets_its_tables():
    engine = open_state("sqlite:///:memory:")
    assert Ledger(engine, index="docent").start_sync() == 1
    engine.dispose()
