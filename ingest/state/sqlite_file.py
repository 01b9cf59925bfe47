"""The file of a SQLite database: how it is opened, and what happens if it is replaced."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, event
from sqlalchemy.exc import DisconnectionError
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random


def has_file(url: URL) -> bool:
    """Return False for a database in memory, or a URI of SQLite."""
    return bool(url.database) and not str(url.database).startswith((":memory:", "file:"))


def prepare_sqlite(engine: Engine, *, busy_seconds: float) -> None:
    """Prepare each connection, and notice if the file is replaced."""

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {int(busy_seconds * 1000)}")
        _switch_to_wal(cursor, busy_seconds)
        cursor.execute("PRAGMA synchronous = NORMAL")
        cursor.execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten
        cursor.execute("SELECT 1 FROM sqlite_master").fetchone()  # opens the journal
        cursor.close()

    if has_file(engine.url):
        _watch_file(engine, Path(str(engine.url.database)).absolute())


def clear_journal(engine: Engine) -> None:
    """Empty the journal of SQLite, where deleted texts still stand."""
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


def _switch_to_wal(cursor: sqlite3.Cursor, busy_seconds: float) -> None:
    # Of several that switch a new file at once, SQLite refuses some without waiting.
    retrying = Retrying(
        retry=retry_if_exception(_is_busy),
        stop=stop_after_delay(busy_seconds),
        wait=wait_random(0.005, 0.05),
        reraise=True,
    )
    retrying(cursor.execute, "PRAGMA journal_mode = WAL")


def _is_busy(error: BaseException) -> bool:
    return isinstance(error, sqlite3.Error) and error.sqlite_errorcode == sqlite3.SQLITE_BUSY


def _watch_file(engine: Engine, path: Path) -> None:
    """Open the file anew once it was deleted or replaced.

    SQLite would go on in a file that has no name any more.
    """

    @event.listens_for(engine, "do_connect")
    def _create_folder(*_: Any) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)

    @event.listens_for(engine, "connect")
    def _remember_files(_connection: Any, record: Any) -> None:
        record.info["file"] = _identify_file(path)
        record.info["wal"] = _identify_file(_name_beside(path, "wal"))

    @event.listens_for(engine, "checkout")
    def _check_file(_connection: Any, record: Any, _proxy: Any) -> None:
        if record.info.get("file") != _identify_file(path):
            _delete_journal(path, record.info.get("wal"))
            raise DisconnectionError("Another file is in the place of the state database.")


def _delete_journal(path: Path, wal: tuple[int, int] | None) -> None:
    """Delete a lost file's journal: SQLite would apply it to the next."""
    with _hold_folder(path.parent):
        if wal is not None and _identify_file(_name_beside(path, "wal")) == wal:
            for ending in ("wal", "shm"):
                _name_beside(path, ending).unlink(missing_ok=True)


@contextmanager
def _hold_folder(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder while its journal is deleted.

    Without it, two processes could delete each other's new journal.

    Windows has no such lock and needs none: a file that is open can't be deleted there.
    """
    try:
        import fcntl
    except ImportError:
        with suppress(PermissionError):
            yield
        return
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        yield
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _name_beside(path: Path, ending: str) -> Path:
    return path.with_name(f"{path.name}-{ending}")


def _identify_file(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
