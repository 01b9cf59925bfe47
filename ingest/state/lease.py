"""The sync lease: one sync at a time, across all processes."""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Engine, Executable, and_, delete, update

from ingest.errors import StateError, SyncRunningError
from ingest.state.database import build_insert, read_row
from ingest.state.database_clock import DatabaseMoment
from ingest.state.process_identity import describe_process, is_process_gone
from ingest.state.tables import leases

logger = logging.getLogger(__name__)

TTL = timedelta(seconds=60)


class SyncLease:
    """A lease that one sync holds at a time; the state database keeps it.

    A holder that died loses it: at once if its process is seen to be gone, otherwise when the
    lease expires.

    Args:
        engine: the state database.
        name: of the lease; the holders of different names do not meet.
        ttl: time after which a lease that is not renewed expires, by the database's clock.
    """

    def __init__(self, engine: Engine, *, name: str, ttl: timedelta = TTL) -> None:
        self._engine = engine
        self._name = name
        self._ttl = ttl

    @contextmanager
    def hold(self) -> Iterator[HeldLease]:
        """Hold the lease during a `with` block; a thread renews it meanwhile.

        Raises:
            SyncRunningError: another sync holds it; the message says which one and since when.
        """
        held = HeldLease(self._engine, self._name, uuid4().hex, self._ttl)
        self._acquire(held)
        stop = threading.Event()
        renewer = threading.Thread(
            target=held.keep_alive, args=(stop,), name="sync-lease", daemon=True
        )
        renewer.start()
        try:
            yield held
        finally:
            stop.set()
            renewer.join()
            _release_quietly(held)

    def _acquire(self, held: HeldLease) -> None:
        row = held.build_row()
        statement = (
            build_insert(self._engine, leases)
            .values(name=self._name, **row)
            .on_conflict_do_update(
                index_elements=["name"], set_=row, where=leases.c.expires_at <= DatabaseMoment()
            )
            .returning(leases.c.token)
        )
        # The primary key decides: of two that insert or replace at once, one gets the row.
        if not _execute(self._engine, statement):
            self._take_over(held)

    def _take_over(self, held: HeldLease) -> None:
        """Take the lease of a holder that is gone.

        Raises:
            SyncRunningError: the holder is not seen to be gone.
        """
        row = read_row(self._engine, leases, name=self._name)
        if row is not None and not is_process_gone(row.process):
            raise SyncRunningError(
                f"A sync has been running since {row.acquired_at:%Y-%m-%d %H:%M} UTC (process "
                f"{row.pid} on {row.host}): wait until it is done."
            )
        # The update asks for the old token: of two that come at once, one gets the lease.
        is_the_same = and_(
            leases.c.name == self._name, leases.c.token == (row.token if row else "")
        )
        statement = update(leases).where(is_the_same).values(held.build_row())
        if not _execute(self._engine, statement.returning(leases.c.token)):
            raise SyncRunningError("A sync has just begun: wait until it is done.")


@dataclass(frozen=True, slots=True)
class HeldLease:
    """A lease that is held, by its token."""

    engine: Engine
    name: str
    token: str
    ttl: timedelta

    def build_row(self) -> dict[str, Any]:
        """Return the row of a lease that begins now, without its name."""
        return {
            "token": self.token,
            "process": describe_process(),
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "acquired_at": DatabaseMoment(),
            "expires_at": DatabaseMoment(after=self.ttl.total_seconds()),
        }

    def confirm(self) -> None:
        """Renew the lease, and make sure that it is still ours.

        Raises:
            SyncRunningError: another sync took it, because this one did not renew it in time.
        """
        if not self._renew():
            raise SyncRunningError("Another sync took over because this one had stalled.")

    def keep_alive(self, stop: threading.Event) -> None:
        """Renew the lease until `stop` is set or the lease is lost."""
        while not stop.wait(self.ttl.total_seconds() / 4):
            try:
                if not self._renew():
                    return
            except StateError as error:
                # The next try may succeed; if none does, the lease expires and `confirm` raises.
                logger.warning("The lease of the sync could not be renewed: %s", error)

    def release(self) -> None:
        """Give the lease back, if it is still ours."""
        with self.engine.begin() as connection:
            connection.execute(delete(leases).where(leases.c.token == self.token))

    def _renew(self) -> bool:
        expires_at = DatabaseMoment(after=self.ttl.total_seconds())
        statement = update(leases).where(leases.c.token == self.token).values(expires_at=expires_at)
        return _execute(self.engine, statement.returning(leases.c.token))


def _execute(engine: Engine, statement: Executable) -> bool:
    """Execute a statement; return True if it returned a row."""
    with engine.begin() as connection:
        return connection.execute(statement).first() is not None


def _release_quietly(held: HeldLease) -> None:
    """Give the lease back, and only log a failure.

    An error must not hide how the sync ended, and the lease expires anyway.
    """
    try:
        held.release()
    except StateError as error:
        logger.warning("The lease of the sync could not be given back: %s", error)
