"""The state database: one SQLAlchemy engine for the data that docent keeps between runs."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    DateTime,
    Dialect,
    Engine,
    Integer,
    MetaData,
    Row,
    String,
    Table,
    create_engine,
    delete,
    event,
    insert,
    inspect,
    select,
    update,
)
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import ExceptionContext
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError
from sqlalchemy.schema import CreateColumn
from sqlalchemy.types import TypeDecorator

from ingest.errors import StateError

_BUSY_MS = 10_000  # wait for the lock of another process

_schema_versions = Table(
    "schema_versions",
    MetaData(),
    Column("room", String(32), primary_key=True),  # the package that owns the tables
    Column("version", Integer, nullable=False),
)


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in time: aware in Python, UTC without a zone in the database."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert a moment for the database."""
        del dialect
        return value.astimezone(UTC).replace(tzinfo=None) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert a moment from the database."""
        del dialect
        return value.replace(tzinfo=UTC) if value else None


def open_state(url: str) -> Engine:
    """Connect to the state database; create a SQLite file if needed.

    Raises:
        StateError: the database can't be used.
    """
    parsed = _parse_url(url)
    safe_url = parsed.render_as_string(hide_password=True)
    try:
        engine = create_engine(parsed)
        if engine.dialect.name == "sqlite":
            _prepare_sqlite(engine, parsed)
        _schema_versions.create(engine, checkfirst=True)
        _translate_errors(engine, safe_url)
    except (DBAPIError, OSError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        raise StateError(f"The state database {safe_url} can't be used: {cause}.") from error
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        raise StateError(f"The state database {safe_url} needs a driver: {error}.") from error
    return engine


def has_state_database(url: str) -> bool:
    """Return False if the SQLite file is missing, else True.

    Raises:
        StateError: the URL is not a database URL.
    """
    parsed = _parse_url(url)
    file = parsed.database if parsed.get_backend_name() == "sqlite" else None
    return not file or file.startswith((":memory:", "file:")) or Path(file).exists()


def ensure_tables(
    engine: Engine, tables: MetaData, *, room: str, version: int, oldest: int | None = None
) -> None:
    """Create the missing tables of a room, which has its own version.

    Args:
        engine: the state database.
        tables: the tables of the room.
        room: the room's name.
        version: of these tables.
        oldest: the oldest version that can be brought up to date, because it lacks tables or
            columns and differs in nothing else; `version` by default. A column that was added
            later may be null or has a default in the database.

    Raises:
        StateError: the tables were made by a newer docent, or by one too old to be read.
    """
    with engine.begin() as connection:
        stored = connection.scalar(
            select(_schema_versions.c.version).where(_schema_versions.c.room == room)
        )
        if stored is not None and not (oldest or version) <= stored <= version:
            age = "a newer" if stored > version else "an older"
            raise StateError(
                f"The state database {engine.url.render_as_string(hide_password=True)} was written "
                f"by {age} version of docent: use that version, or set DOCENT_STATE_URL."
            )
        tables.create_all(connection)
        if stored is None:
            connection.execute(insert(_schema_versions).values(room=room, version=version))
        elif stored < version:
            # This comes first: any other process that starts now has to wait for it.
            statement = update(_schema_versions).where(
                _schema_versions.c.room == room, _schema_versions.c.version == stored
            )
            if connection.execute(statement.values(version=version)).rowcount:
                _add_columns(connection, tables)


def read_row(engine: Engine, table: Table, **key: Any) -> Row[Any] | None:
    """Return the row with these values; None if there is none."""
    with engine.connect() as connection:
        return connection.execute(select(table).filter_by(**key)).first()


def replace_row(connection: Connection, table: Table, **values: Any) -> None:
    """Write a row; replace the one with the same primary key."""
    delete_row(connection, table, **{key.name: values[key.name] for key in table.primary_key})
    connection.execute(insert(table).values(values))


def delete_row(connection: Connection, table: Table, **key: Any) -> None:
    """Delete the rows with these values."""
    connection.execute(delete(table).filter_by(**key))


def _add_columns(connection: Connection, tables: MetaData) -> None:
    quoted = connection.dialect.identifier_preparer.format_table
    for table in tables.sorted_tables:
        existing = {column["name"] for column in inspect(connection).get_columns(table.name)}
        for column in table.columns:
            if column.name not in existing:
                clause = CreateColumn(column).compile(dialect=connection.dialect)
                connection.exec_driver_sql(f"ALTER TABLE {quoted(table)} ADD COLUMN {clause}")


def _parse_url(url: str) -> URL:
    try:
        return make_url(url)
    except ArgumentError as error:
        raise StateError("DOCENT_STATE_URL is not a database URL.") from error


def _translate_errors(engine: Engine, safe_url: str) -> None:
    """Raise a StateError for each later database error, except for violated constraints."""

    @event.listens_for(engine, "handle_error")
    def _translate(context: ExceptionContext) -> None:
        if isinstance(context.sqlalchemy_exception, IntegrityError):
            return
        raise StateError(
            f"The state database {safe_url} can't be used: {context.original_exception}."
        ) from context.original_exception


def _prepare_sqlite(engine: Engine, url: URL) -> None:
    if url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        # The timeout comes first: changing the journal mode needs the lock for a moment.
        cursor.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = NORMAL")
        cursor.close()
