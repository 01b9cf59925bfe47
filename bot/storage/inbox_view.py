"""Reading the inbox: what is open, where it stands in the line, what is known of a thread."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Engine, and_, func, select

from bot.storage import tables
from bot.storage.answers import EARLIER_SEPARATOR
from bot.storage.inbox_entry import DEFAULT_INDEX, LINE, OPEN, QUICK_TURN, InboxEntry, build_entry
from bot.storage.question_filter import QuestionFilter
from bot.types import MessageKey
from ingest.state.database_clock import DatabaseMoment

inbox = tables.inbox


class InboxView:
    """Reads the inbox; every method blocks.

    Raises:
        StateError: the state database can't be used.
    """

    def __init__(self, engine: Engine, *, index: str = DEFAULT_INDEX) -> None:
        """Read the questions to the docent that answers from an index."""
        self._engine = engine
        self._here = inbox.c.index_name == index

    def find_places(self, ids: Collection[str]) -> dict[str, int]:
        """Return the places of questions that still wait, from 1."""
        waiting = and_(self._here, inbox.c.status == "waiting", inbox.c.turn != QUICK_TURN)
        line = select(inbox.c.id).where(waiting).order_by(*LINE)
        with self._engine.connect() as connection:
            places = {row.id: place for place, row in enumerate(connection.execute(line), 1)}
        return {each: places[each] for each in ids if each in places}

    def count_open(self) -> dict[str, int]:
        """Return how many questions are waiting and how many are being answered."""
        query = select(inbox.c.status, func.count()).where(self._here, inbox.c.status.in_(OPEN))
        with self._engine.connect() as connection:
            counts = {row[0]: row[1] for row in connection.execute(query.group_by(inbox.c.status))}
        return {status: counts.get(status, 0) for status in OPEN}

    def list_open(self, where: QuestionFilter) -> tuple[InboxEntry, ...]:
        """Return the open questions that fit, in the order of their arrival."""
        query = select(inbox, DatabaseMoment().label("now")).where(
            self._here, inbox.c.status.in_(OPEN), where.build()
        )
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(inbox.c.received_at, inbox.c.id)).all()
        return tuple(build_entry(row) for row in rows)

    def find_last_posted(self, where: QuestionFilter, *, but: str) -> tuple[str, ...]:
        """Return docent's messages for the last of these questions that has any.

        The question with the id `but` is left out.
        """
        query = select(inbox.c.posted).where(self._here, where.build(but), inbox.c.posted != "")
        with self._engine.connect() as connection:
            posted = connection.scalar(query.order_by(inbox.c.received_at.desc()).limit(1))
        return tuple(posted.split()) if posted else ()

    def read_statuses(self, ids: Collection[str]) -> dict[str, str]:
        """Return the statuses of those questions that have a row."""
        query = select(inbox.c.id, inbox.c.status).where(inbox.c.id.in_(list(ids)))
        with self._engine.connect() as connection:
            return {row.id: row.status for row in connection.execute(query)}

    def find_latest_version(self, key: MessageKey, *, but: str) -> str:
        """Return the latest version of an edited message; empty for none.

        The question with the id `but` is left out.
        """
        versions = QuestionFilter.of_message(key).build(but)
        query = select(func.max(inbox.c.ts)).where(self._here, versions)
        with self._engine.connect() as connection:
            latest = connection.scalar(query) or ""
        return latest.partition(EARLIER_SEPARATOR)[2]

    def has_message(self, key: MessageKey, *, but: str = "") -> bool:
        """Return True if docent was asked by a message, in any version.

        The question with the id `but` is left out.
        """
        # What was given up in silence counts as never asked.
        same = QuestionFilter.of_message(key).build(but)
        asked = and_(self._here, same, inbox.c.status != "given_up")
        with self._engine.connect() as connection:
            return connection.scalar(select(inbox.c.id).where(asked).limit(1)) is not None

    def has_thread(self, team: str, channel: str, thread_ts: str) -> bool:
        """Return True if docent answered in a thread or is asked there.

        Args:
            team: id of docent's workspace.
            channel: id of the channel.
            thread_ts: time stamp of the thread.

        Returns:
            True if a message there may be a follow-up.
        """
        answers = tables.answers
        stored = select(answers.c.id).where(
            answers.c.channel == channel,
            answers.c.thread_ts == thread_ts,
            answers.c.team == team,
        )
        here = QuestionFilter(channel, thread_ts=thread_ts).build()
        # A question of a channel that got no answer begins no conversation.
        asked = select(inbox.c.id).where(
            self._here, here, inbox.c.team == team, inbox.c.status.in_(OPEN)
        )
        with self._engine.connect() as connection:
            found = (connection.scalar(query.limit(1)) for query in (stored, asked))
            return any(each is not None for each in found)

    def list_posted(self, channel: str, thread_ts: str, *, but: str = "") -> frozenset[str]:
        """Return the time stamps of docent's known messages in a thread.

        Args:
            channel: id of the channel.
            thread_ts: time stamp of the thread.
            but: id of a question whose own messages are left out.

        Returns:
            The time stamps.
        """
        known: set[str] = set()
        with self._engine.connect() as connection:
            for table in (tables.answers, inbox):
                here = and_(
                    table.c.channel == channel, table.c.thread_ts == thread_ts, table.c.id != but
                )
                for posted in connection.scalars(select(table.c.posted).where(here)):
                    known.update(posted.split())
        return frozenset(known)
