"""Claims: docent claims a message in the state database before it answers, so it answers once."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import (
    ColumnElement,
    Delete,
    Engine,
    Executable,
    Update,
    and_,
    delete,
    select,
    update,
)

from bot.storage import tables
from bot.types import MessageKey
from ingest.errors import StateError
from ingest.state.database import build_insert
from ingest.state.database_clock import DatabaseMoment

claims = tables.claims

LEASE = timedelta(seconds=45)
"""Shorter than the minute after which Slack delivers again: a retry can take over a dead claim."""

logger = logging.getLogger(__name__)


class Claims:
    """Atomic claims on messages, shared by every process on the same state database.

    Moments are the database's own, so that no machine's clock ends a claim.

    Raises:
        StateError: the tables belong to another version of docent.
    """

    def __init__(self, engine: Engine, *, lease: timedelta = LEASE) -> None:
        tables.ensure_bot_tables(engine)
        self._engine = engine
        self._lease = lease
        self._owner = uuid4().hex

    def take(self, key: MessageKey) -> bool:
        """Claim a message; return True for exactly one caller.

        An unfinished claim expires after the lease; then another caller can take it over.

        Raises:
            StateError: the state database can't be used.
        """
        fresh = {
            "owner": self._owner,
            "status": "processing",
            "claimed_at": DatabaseMoment(),
            "expires_at": self._build_lease_end(),
        }
        row = {"team": key.team, "channel": key.channel, "ts": key.ts, **fresh}
        dead = and_(claims.c.status == "processing", claims.c.expires_at < DatabaseMoment())
        statement = (
            build_insert(self._engine, claims)
            .values(row)
            .on_conflict_do_update(index_elements=list(claims.primary_key), set_=fresh, where=dead)
        )
        return self._count(statement.returning(claims.c.ts)) == 1

    def renew(self, key: MessageKey) -> bool:
        """Renew our claim; return False if another process took it over."""
        renewed = {"expires_at": self._build_lease_end()}
        statement = update(claims).where(self._build_own_filter(key)).values(renewed)
        return self._count(statement.returning(claims.c.ts)) == 1

    def settle(self, key: MessageKey) -> None:
        """Mark a message as answered, so that it is never answered again."""
        self._execute(update(claims).where(self._build_own_filter(key)).values(status="answered"))

    def is_settled(self, key: MessageKey) -> bool:
        """Return True if a message is marked as answered."""
        here = and_(claims.c.team == key.team, claims.c.channel == key.channel)
        query = select(claims.c.status).where(here, claims.c.ts == key.ts)
        with self._engine.connect() as connection:
            return connection.scalar(query) == "answered"

    def release(self, key: MessageKey) -> None:
        """Release an unanswered message, so that its next delivery can be answered."""
        self._execute(delete(claims).where(self._build_own_filter(key)))

    def purge(self, *, older_than: timedelta) -> int:
        """Delete claims made longer than `older_than` ago; return their number."""
        oldest = DatabaseMoment(-older_than.total_seconds())
        old = delete(claims).where(claims.c.claimed_at < oldest)
        return self._count(old.returning(claims.c.ts))

    @contextlib.asynccontextmanager
    async def hold(self, key: MessageKey) -> AsyncIterator[bool]:
        """Hold a claim during a block; yield True if it is ours.

        The claim is renewed meanwhile. A block that ends normally settles it; one that raises
        releases it.
        """
        mine = await asyncio.to_thread(self.take, key)
        if not mine:
            yield False
            return
        keeper = asyncio.create_task(self._renew_regularly(key))
        try:
            yield True
        except BaseException:
            await self._try_update(self.release, key)
            raise
        else:
            await self._try_update(self.settle, key)
        finally:
            keeper.cancel()

    async def _renew_regularly(self, key: MessageKey) -> None:
        while True:
            await asyncio.sleep(self._lease.total_seconds() / 3)
            await self._try_update(self.renew, key)

    async def _try_update(self, step: Callable[[MessageKey], Any], key: MessageKey) -> None:
        """Update the claim, and only log a failure of the database.

        The claim is already won, so a failure must not prevent the answer.
        """
        try:
            await asyncio.to_thread(step, key)
        except StateError:
            logger.warning("The claim of a message could not be updated.", exc_info=True)

    def _build_lease_end(self) -> DatabaseMoment:
        return DatabaseMoment(self._lease.total_seconds())

    def _build_own_filter(self, key: MessageKey) -> ColumnElement[bool]:
        return and_(
            claims.c.team == key.team,
            claims.c.channel == key.channel,
            claims.c.ts == key.ts,
            claims.c.owner == self._owner,
        )

    def _execute(self, statement: Update | Delete) -> None:
        with self._engine.begin() as connection:
            connection.execute(statement)

    def _count(self, statement: Executable) -> int:
        """Execute a statement, and count the rows that it returns.

        The number that a driver gives of itself is no promise: psycopg has none for an INSERT.
        """
        with self._engine.begin() as connection:
            return len(connection.execute(statement).all())
