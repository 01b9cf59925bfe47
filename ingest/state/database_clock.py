"""The database's clock: moments that all processes agree on, however wrong their own clocks."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import ColumnElement

from ingest.state.column_types import UtcDateTime


class DatabaseMoment(ColumnElement[datetime]):
    """A moment by the database's clock, `after` seconds from now, in UTC."""

    inherit_cache = False  # the seconds are written into the statement
    type = UtcDateTime()

    def __init__(self, after: float = 0.0) -> None:
        self.after = float(after)


@compiles(DatabaseMoment, "sqlite")
def _compile_for_sqlite(element: DatabaseMoment, compiler: SQLCompiler, **_: Any) -> str:
    del compiler
    # SQLite compares moments as texts: three digits of seconds are padded to SQLAlchemy's six.
    return f"strftime('%Y-%m-%d %H:%M:%f000', 'now', '{element.after:+.3f} seconds')"


@compiles(DatabaseMoment, "postgresql")
def _compile_for_postgresql(element: DatabaseMoment, compiler: SQLCompiler, **_: Any) -> str:
    del compiler
    # clock_timestamp, unlike now(), goes on within a transaction that waits for a lock.
    return f"timezone('UTC', clock_timestamp() + interval '{element.after:.3f} seconds')"
