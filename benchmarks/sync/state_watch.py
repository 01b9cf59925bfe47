"""What the statements of a state database in SQLite cost: transactions and rows."""

from __future__ import annotations

import re
import sqlite3
import time
from collections import Counter
from typing import Any

from sqlalchemy import Connection, Engine, event

_TABLE = re.compile(r"\b(?:FROM|INTO|UPDATE)\s+(\w+)", re.IGNORECASE)


class StateWatch:
    """Watches all connections of an engine from now on.

    Args:
        engine: the engine of a SQLite file, with no connection in use.

    Attributes:
        transactions: seconds of each transaction that was committed.
        written: rows that statements inserted, changed or deleted, by table.
        read: rows that were fetched, by table.
    """

    def __init__(self, engine: Engine) -> None:
        self.transactions: list[float] = []
        self.written: Counter[str] = Counter()
        self.read: Counter[str] = Counter()
        self._tables: dict[int, str] = {}
        engine.dispose()  # so that each connection is seen from its start
        event.listen(engine, "connect", self._on_connect)
        event.listen(engine, "begin", self._on_begin)
        event.listen(engine, "commit", self._on_commit)
        event.listen(engine, "before_cursor_execute", self._on_execute)
        event.listen(engine, "after_cursor_execute", self._on_executed)

    def clear(self) -> None:
        """Count from 0 again."""
        self.transactions.clear()
        self.written.clear()
        self.read.clear()

    @property
    def longest_ms(self) -> float:
        """The longest transaction."""
        return round(max(self.transactions, default=0.0) * 1000, 1)

    def _on_connect(self, connection: sqlite3.Connection, _record: Any) -> None:
        def count(cursor: sqlite3.Cursor, row: tuple[Any, ...]) -> tuple[Any, ...]:
            self.read[self._tables.get(id(cursor), "")] += 1
            return row

        connection.row_factory = count

    def _on_begin(self, connection: Connection) -> None:
        connection.info["began"] = time.perf_counter()

    def _on_commit(self, connection: Connection) -> None:
        self.transactions.append(time.perf_counter() - connection.info["began"])

    def _on_execute(self, _connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        found = _TABLE.search(statement)
        self._tables[id(cursor)] = found[1] if found else ""

    def _on_executed(self, _connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if not statement.lstrip().upper().startswith(("SELECT", "PRAGMA", "WITH")):
            self.written[self._tables[id(cursor)]] += max(cursor.rowcount, 0)
