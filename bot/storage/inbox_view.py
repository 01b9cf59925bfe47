"""Reading the inbox: what is open, where it stands in the line, what is known of a thread."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, Engine, and_, func, select

from bot.storage import tables
from bot.storage.inbox_entry import LINE, OPEN, QUICK_TURN, InboxEntry, build_entry, match_message
from bot.types import MessageKey
from ingest.state.database_clock import DatabaseMoment

inbox = tables.inbox


class InboxView:
    """Reads the inbox; every method blocks.

    Raises:
        StateError: the state database can't be used.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def find_places(self, ids: Collection[str]) -> dict[str, int]:
        """Return the places in the line of those questions that still wait, from 1."""
        waiting = and_(inbox.c.status == "waiting", inbox.c.turn != QUICK_TURN)
        line = select(inbox.c.id).where(waiting).order_by(*LINE)
        with self._engine.connect() as connection:
            places = {row.id: place for place, row in enumerate(connection.execute(line), 1)}
        return {each: places[each] for each in ids if each in places}

    def count_open(self) -> dict[str, int]:
        """Return how many questions are waiting and how many are being answered."""
        query = select(inbox.c.status, func.count()).where(inbox.c.status.in_(OPEN))
        with self._engine.connect() as connection:
            counts = {row[0]: row[1] for row in connection.execute(query.group_by(inbox.c.status))}
        return {status: counts.get(status, 0) for status in OPEN}

    def list_open(self, where: ColumnElement[bool]) -> tuple[InboxEntry, ...]:
        """Return the open questions that fit, in the order of their arrival."""
        query = select(inbox, DatabaseMoment().label("now")).where(inbox.c.status.in_(OPEN), where)
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(inbox.c.received_at, inbox.c.id)).all()
        return tuple(build_entry(row) for row in rows)

    def has_message(self, key: MessageKey) -> bool:
        """Return True if a message was ever taken into the inbox, in any version."""
        with self._engine.connect() as connection:
            return (
                connection.scalar(select(inbox.c.id).where(match_message(key)).limit(1)) is not None
            )

    def has_thread(self, team: str, channel: str, thread_ts: str) -> bool:
        """Return True if docent was asked or has answered in a thread.

        Args:
            team: id of docent's workspace.
            channel: id of the channel.
            thread_ts: time stamp of the thread.
        """
        with self._engine.connect() as connection:
            for table in (tables.answers, inbox):
                here = and_(table.c.channel == channel, table.c.thread_ts == thread_ts)
                query = select(table.c.id).where(here, table.c.team == team).limit(1)
                if connection.scalar(query) is not None:
                    return True
        return False

    def list_posted(self, channel: str, thread_ts: str) -> frozenset[str]:
        """Return the time stamps of docent's known messages in a thread."""
        known: set[str] = set()
        with self._engine.connect() as connection:
            for table in (tables.answers, inbox):
                here = and_(table.c.channel == channel, table.c.thread_ts == thread_ts)
                for posted in connection.scalars(select(table.c.posted).where(here)):
                    known.update(posted.split())
        return frozenset(known)
