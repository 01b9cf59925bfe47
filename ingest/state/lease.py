"""The sync lease: one sync at a time, across all processes."""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from uuid import uuid4

from sqlalchemy import Engine, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from ingest.errors import StateError, SyncRunningError
from ingest.state.tables import leases

logger = logging.getLogger(__name__)

TTL = timedelta(seconds=60)


def _get_now() -> datetime:
    return datetime.now(UTC)


class SyncLease:
    """A lease that one sync holds at a time; the state database keeps it.

    A holder that died loses it: at once if its process is seen to be gone, otherwise when the
    lease expires.

    Args:
        engine: the state database.
        name: of the lease; the holders of different names do not meet.
        ttl: time after which a lease that is not renewed expires.
        now: reads the clock.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        name: str,
        ttl: timedelta = TTL,
        now: Callable[[], datetime] = _get_now,
    ) -> None:
        self._engine = engine
        self._name = name
        self._ttl = ttl
        self._now = now

    @contextmanager
    def hold(self) -> Iterator[HeldLease]:
        """Hold the lease during a `with` block; a thread renews it meanwhile.

        Raises:
            SyncRunningError: another sync holds it; the message says which one and since when.
        """
        held = HeldLease(self._engine, self._name, uuid4().hex, self._ttl, self._now)
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
        # The primary key decides: of two inserts, one fails.
        values = {"name": self._name, **held.build_row()}
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(leases).values(values))
        except IntegrityError:
            self._take_over(held)

    def _take_over(self, held: HeldLease) -> None:
        is_this_lease = leases.c.name == self._name
        with self._engine.begin() as connection:
            row = connection.execute(select(leases).where(is_this_lease)).first()
            if row is not None and not self._is_over(row):
                raise SyncRunningError(
                    f"A sync has been running since {row.acquired_at:%Y-%m-%d %H:%M} UTC (process "
                    f"{row.pid} on {row.host}): wait until it is done."
                )
            taken = connection.execute(
                # The update asks for the old token: of two that come at once, one gets the lease.
                update(leases)
                .where(is_this_lease, leases.c.token == (row.token if row else ""))
                .values(held.build_row())
            )
        if taken.rowcount != 1:
            raise SyncRunningError("A sync has just begun: wait until it is done.")

    def _is_over(self, row: Row[Any]) -> bool:
        return bool(row.expires_at <= self._now()) or _is_dead(row)


@dataclass(frozen=True, slots=True)
class HeldLease:
    """A lease that is held, by its token."""

    engine: Engine
    name: str
    token: str
    ttl: timedelta
    now: Callable[[], datetime]

    def build_row(self) -> dict[str, Any]:
        """Return the row of a lease that begins now, without its name."""
        moment = self.now()
        return {
            "token": self.token,
            "process": _get_process_token(),
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "acquired_at": moment,
            "expires_at": moment + self.ttl,
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
        with self.engine.begin() as connection:
            renewed = connection.execute(
                update(leases)
                .where(leases.c.token == self.token)
                .values(expires_at=self.now() + self.ttl)
            )
        return renewed.rowcount == 1


def _release_quietly(held: HeldLease) -> None:
    """Give the lease back, and only log a failure.

    An error must not hide how the sync ended, and the lease expires anyway.
    """
    try:
        held.release()
    except StateError as error:
        logger.warning("The lease of the sync could not be given back: %s", error)


@cache
def _get_process_token() -> str:
    """Return a token of this process.

    An earlier process may have had the same number, as in a restarted container.
    """
    return uuid4().hex


def _is_dead(row: Row[Any]) -> bool:
    if row.host != socket.gethostname() or os.name != "posix":
        return False
    if row.pid == os.getpid():
        return bool(row.process != _get_process_token())
    try:
        os.kill(row.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
