"""A mark that changes when another version goes live, so that questions need not ask Milvus."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from sqlalchemy import select

from ingest.errors import StateError
from ingest.state import tables
from ingest.state.ledger import Ledger

MAX_AGE = 0.4
"""Seconds that a mark is believed, and once more while another one is read.

So a switch by another process is seen within a second.
"""

_PAUSE = 10.0  # seconds without a mark, after the state database failed


class LiveMark:
    """The mark of an index's live version.

    Args:
        ledger: the ledger of the index.
        clock: returns seconds.
    """

    def __init__(self, ledger: Ledger, clock: Callable[[], float] = time.monotonic) -> None:
        self._ledger = ledger
        self._clock = clock
        self._lock = threading.Lock()
        self._mark: str | None = None
        self._read_again = clock()

    def read(self) -> str | None:
        """Return the mark; None if the state database does not say it.

        One thread reads it; the others take the last one meanwhile, unless that takes long.
        """
        late = self._clock() - self._read_again
        if late >= 0 and self._lock.acquire(blocking=False):
            try:
                self._mark, age = self._select_mark(), MAX_AGE
            except StateError:
                self._mark, age = None, _PAUSE
            finally:
                self._lock.release()
            self._read_again = self._clock() + age
        elif late >= MAX_AGE:
            return None  # the database is locked, and there may have been a switch
        return self._mark

    def _select_mark(self) -> str | None:
        columns = tables.versions.c
        query = select(columns.collection, columns.revision, columns.switched_at).where(
            columns.index_name == self._ledger.index, columns.live
        )
        with self._ledger.engine.connect() as connection:
            row = connection.execute(query).first()
        return "|".join(map(str, row)) if row else None
