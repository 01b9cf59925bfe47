"""The state database: one SQLAlchemy engine for the data that docent keeps between runs."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Row, Table, create_engine, delete, event, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import ExceptionContext
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError

from ingest.errors import StateError
from ingest.state.sqlite_file import has_file, prepare_sqlite

BUSY_SECONDS = 10.0
"""The time for which docent waits for the lock of another process, by default."""

_DRIVERS = {
    "sqlite": "sqlite",
    "sqlite+pysqlite": "sqlite",
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}


def open_state(url: str, *, busy_seconds: float = BUSY_SECONDS) -> Engine:
    """Connect to the state database; create a SQLite file if needed.

    Args:
        url: `sqlite:///path` or `postgresql://...`.
        busy_seconds: time for which to wait for the lock of another process, or for a server.

    Returns:
        The engine; each of its errors but a violated constraint is a StateError.

    Raises:
        StateError: the database can't be used.
    """
    parsed = _parse_url(url)
    safe_url = redact_url(parsed)
    try:
        engine = _create_engine(parsed, busy_seconds)
        with engine.connect():
            pass
        _translate_errors(engine, safe_url)
    except (DBAPIError, OSError) as error:
        raise _build_error(safe_url, getattr(error, "orig", error)) from error
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        raise StateError(
            f"The state database {safe_url} needs a driver ({error}): run `pip install "
            "'docent-bot[postgres]'`."
        ) from error
    return engine


def has_state_database(url: str) -> bool:
    """Return False if the SQLite file is missing, else True.

    Raises:
        StateError: the URL is not a database URL.
    """
    parsed = _parse_url(url)
    is_file = parsed.get_backend_name() == "sqlite" and has_file(parsed)
    return not is_file or Path(str(parsed.database)).exists()


def redact_url(url: URL | str) -> str:
    """Return a URL without its password.

    Its options are left out as well: a driver takes passwords there too.
    """
    return make_url(url).set(query={}).render_as_string(hide_password=True)


def read_row(engine: Engine, table: Table, **key: Any) -> Row[Any] | None:
    """Return the row with these values; None if there is none."""
    with engine.connect() as connection:
        return connection.execute(select(table).filter_by(**key)).first()


def replace_row(connection: Connection, table: Table, **values: Any) -> None:
    """Write a row; replace the one with the same primary key."""
    key = list(table.primary_key)
    names = {column.name for column in key}
    others = {name: value for name, value in values.items() if name not in names}
    statement = build_insert(connection, table).values(values)
    connection.execute(statement.on_conflict_do_update(index_elements=key, set_=others))


def delete_row(connection: Connection, table: Table, **key: Any) -> None:
    """Delete the rows with these values."""
    connection.execute(delete(table).filter_by(**key))


def build_insert(bind: Engine | Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """Build an INSERT that can have ON CONFLICT, in the dialect's class."""
    insert = postgresql.insert if bind.dialect.name == "postgresql" else sqlite.insert
    return insert(table)


def _parse_url(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StateError("DOCENT_STATE_URL is not a database URL.") from error
    except ValueError as error:  # SQLAlchemy reads the port with int()
        raise StateError("DOCENT_STATE_URL has a port that is not a number.") from error
    if "@" in (parsed.host or ""):  # the end of a password, which errors would quote
        raise StateError("DOCENT_STATE_URL has a password with an `@`: write it as `%40`.")
    driver = _DRIVERS.get(parsed.drivername)
    if driver is None:
        raise StateError(
            f"The state database can't be {parsed.drivername}: set DOCENT_STATE_URL to "
            "sqlite:///... or postgresql+psycopg://..."
        )
    return parsed.set(drivername=driver)


def _create_engine(url: URL, busy_seconds: float) -> Engine:
    # Threads may be many and are short: each has a connection at once, without a queue.
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, **({"max_overflow": -1} if has_file(url) else {}))
        prepare_sqlite(engine, busy_seconds=busy_seconds)
        return engine
    waits = {
        "connect_timeout": max(math.ceil(busy_seconds), 2),  # less would be none
        "tcp_user_timeout": int(max(busy_seconds, 2) * 1000),  # for a server that is frozen
        "options": f"-c lock_timeout={int(busy_seconds * 1000)}",
    }
    given = {name: value for name, value in waits.items() if name not in url.query}
    return create_engine(url, pool_pre_ping=True, max_overflow=-1, connect_args=given)


def _translate_errors(engine: Engine, safe_url: str) -> None:
    """Raise a StateError for each later database error, except for violated constraints."""

    @event.listens_for(engine, "handle_error")
    def _translate(context: ExceptionContext) -> None:
        # A connection that does not answer its ping is replaced: that is not an error yet.
        if context.is_pre_ping or isinstance(context.sqlalchemy_exception, IntegrityError):
            return
        raise _build_error(safe_url, context.original_exception) from context.original_exception


def _build_error(safe_url: str, cause: BaseException | None) -> StateError:
    # PostgreSQL's messages have several lines, of which the first says it.
    line = str(cause).strip().partition("\n")[0].removesuffix(".")
    return StateError(f"The state database {safe_url} can't be used: {line}.")
