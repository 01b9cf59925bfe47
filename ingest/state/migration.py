"""Migration: the tables of a room are brought up to date, by Alembic."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import (
    Connection,
    Engine,
    Index,
    MetaData,
    String,
    create_engine,
    event,
    inspect,
    text,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool
from sqlalchemy.schema import CreateColumn

from ingest.errors import StateError
from ingest.state.database import redact_url
from ingest.state.sqlite_file import has_file

_LOCK = 7_106_230_412
"""The number of the advisory lock on PostgreSQL: docent's own, otherwise of no meaning."""

_SEALED = 1_000
"""Stored as the version of a room for releases before Alembic, which refuse newer ones."""

_BUSY_SECONDS = 60
"""The time for which an upgrade waits for another one, which may have many rows to change."""

# Alembic keeps the migration that runs in a global. A thread that holds the lock takes it again
# if the connection that it opens for an upgrade is the first one to a new file.
_upgrading = threading.RLock()
_schemas: WeakKeyDictionary[Engine, set[Schema]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Schema:
    """The tables of a room, which has a history of its own.

    Attributes:
        room: the package that owns the tables.
        newest: name of the newest migration.
        migrations: their folder, as `package:folder`.
        last_version: the newest version of the tables from before there were migrations.
    """

    room: str
    newest: str
    migrations: str
    last_version: int

    @property
    def version_table(self) -> str:
        """Name of the table with the last migration that was carried out."""
        return f"{self.room}_migration"


def ensure_schema(engine: Engine, schema: Schema) -> None:
    """Bring the tables of a room up to date; create missing ones.

    Of several processes that do so at once, one does, and the others wait for it.

    Raises:
        StateError: the tables were made by a newer docent, or can't be created.
    """
    _ensure_on_new_files(engine, schema)
    with engine.connect() as connection:
        last = _select_last(connection, schema)
    if last != schema.newest:
        _upgrade(engine, schema)


def _upgrade(engine: Engine, schema: Schema) -> None:
    with _upgrading, _reserve_database(engine) as connection:
        upgrade_schema(connection, schema)


def _ensure_on_new_files(engine: Engine, schema: Schema) -> None:
    """Create the tables also in SQLite files that come later."""
    schemas = _schemas.setdefault(engine, set())
    if engine.dialect.name != "sqlite" or not has_file(engine.url) or schema in schemas:
        return
    schemas.add(schema)

    @event.listens_for(engine, "connect")
    def _ensure(connection: Any, _record: Any) -> None:
        query = "SELECT 1 FROM sqlite_master WHERE name = ?"
        if connection.execute(query, (schema.version_table,)).fetchone() is None:
            _upgrade_apart(engine, schema)


def _upgrade_apart(engine: Engine, schema: Schema) -> None:
    """Upgrade on a connection beside the pool."""
    apart = create_engine(engine.url, poolclass=NullPool)
    try:
        _upgrade(apart, schema)
    except DBAPIError as error:
        url = redact_url(engine.url)
        raise StateError(f"The state database {url} can't be used: {error.orig}.") from error


def upgrade_schema(connection: Connection, schema: Schema) -> None:
    """Run the missing migrations in the transaction of a connection.

    Raises:
        StateError: the tables were made by a newer docent.
    """
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config(attributes={"connection": connection, "version_table": schema.version_table})
    config.set_main_option("script_location", "ingest.state:migrations")
    config.set_main_option("version_locations", schema.migrations)
    config.set_main_option("path_separator", "newline")
    last = _select_last(connection, schema)
    known = {each.revision for each in ScriptDirectory.from_config(config).walk_revisions()}
    too_new = last not in known if last else _is_version_newer(connection, schema)
    if too_new:
        url = redact_url(connection.engine.url)
        raise StateError(
            f"The state database {url} was written by a newer version of docent: use that "
            "version, or set DOCENT_STATE_URL."
        )
    command.upgrade(config, "head")
    _seal(connection, schema)


def complete_tables(connection: Connection, tables: MetaData) -> None:
    """Create the tables, columns and indexes that are missing.

    Earlier versions of docent only lack some, and differ in nothing else.
    """
    tables.create_all(connection)
    quoted = connection.dialect.identifier_preparer.format_table
    for table in tables.sorted_tables:
        existing = {column["name"] for column in inspect(connection).get_columns(table.name)}
        for column in table.columns:
            if column.name not in existing:
                clause = CreateColumn(column).compile(dialect=connection.dialect)
                connection.exec_driver_sql(f"ALTER TABLE {quoted(table)} ADD COLUMN {clause}")
        _create_indexes(connection, table.indexes)


def remove_length_limits(connection: Connection, tables: MetaData) -> None:
    """Let columns take texts of any length, as on SQLite."""
    if connection.dialect.name == "sqlite":
        return
    preparer = connection.dialect.identifier_preparer
    for table in tables.sorted_tables:
        limited = [c for c in table.columns if isinstance(c.type, String) and c.type.length]
        for column in limited:
            connection.exec_driver_sql(
                f"ALTER TABLE {preparer.format_table(table)} "
                f"ALTER COLUMN {preparer.format_column(column)} TYPE TEXT"
            )


def _create_indexes(connection: Connection, indexes: set[Index]) -> None:
    for index in sorted(indexes, key=lambda each: str(each.name)):
        index.create(connection, checkfirst=True)


@contextmanager
def _reserve_database(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that only one process has at a time.

    It is committed at the end. It waits longer for another upgrade than the engine's other
    transactions may wait.
    """
    if engine.dialect.name != "sqlite":
        with engine.begin() as connection:
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_BUSY_SECONDS}s'")
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            yield connection
        return
    # The driver begins no transaction of its own here: it would begin too late for CREATE TABLE.
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        usual = connection.exec_driver_sql("PRAGMA busy_timeout").scalar()
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {_BUSY_SECONDS * 1000}")
        try:
            with _begin_exclusively(connection):
                yield connection
        finally:
            connection.exec_driver_sql(f"PRAGMA busy_timeout = {usual}")


@contextmanager
def _begin_exclusively(connection: Connection) -> Iterator[None]:
    connection.exec_driver_sql("BEGIN EXCLUSIVE")
    try:
        yield
    except BaseException:
        connection.exec_driver_sql("ROLLBACK")
        raise
    connection.exec_driver_sql("COMMIT")


def _select_last(connection: Connection, schema: Schema) -> str | None:
    """Return the last migration; None before there were any."""
    if not inspect(connection).has_table(schema.version_table):
        return None
    query = f"SELECT version_num FROM {schema.version_table}"  # noqa: S608 (our own name)
    return connection.exec_driver_sql(query).scalar()


def _is_version_newer(connection: Connection, schema: Schema) -> bool:
    """Return True for tables of a version that docent does not know."""
    if not inspect(connection).has_table("schema_versions"):
        return False
    query = text("SELECT version FROM schema_versions WHERE room = :room")
    version: Any = connection.scalar(query, {"room": schema.room})
    return version is not None and int(version) > schema.last_version


def _seal(connection: Connection, schema: Schema) -> None:
    """Let docents from before the migrations refuse the tables."""
    connection.exec_driver_sql(
        "CREATE TABLE IF NOT EXISTS schema_versions "
        "(room VARCHAR(32) PRIMARY KEY, version INTEGER NOT NULL)"
    )
    row = {"room": schema.room, "version": _SEALED}
    connection.execute(text("DELETE FROM schema_versions WHERE room = :room"), row)
    connection.execute(text("INSERT INTO schema_versions VALUES (:room, :version)"), row)
