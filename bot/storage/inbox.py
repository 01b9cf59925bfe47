"""The inbox: every question from its arrival to its end, in the state database.

A process takes a question with a lease and renews it. If the process dies, another one takes the
question again, with all that is known about its answer so far. Moments are the database's own.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any
from uuid import uuid4

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Row,
    and_,
    delete,
    literal,
    or_,
    select,
    update,
)

from bot.storage import tables
from bot.storage.inbox_entry import (
    CALLS,
    DEFAULT_INDEX,
    LINE,
    OPEN,
    PLACED,
    QUICK_TURN,
    Ending,
    InboxEntry,
    Signal,
    Standing,
    build_entry,
    build_key_columns,
    format_message,
    select_abandoned,
)
from bot.storage.line_limits import Limits, find_refusal, select_person
from bot.storage.turns import compute_turn
from bot.types import IncomingMessage, Surface
from ingest.state.database import build_insert
from ingest.state.database_clock import DatabaseMoment
from ingest.state.process_identity import describe_process

inbox = tables.inbox

_SLACK: tuple[Surface, ...] = ("slack",)

LEASE_SECONDS = 20.0
"""A question whose lease was not renewed for so long is taken up again."""


class Inbox:
    """The questions in the state database; every method blocks.

    Args:
        engine: of the state database.
        index: name of the index that this docent answers from; others have lines of their own.
        limits: of the line.
        lease_seconds: the time after which a question of a silent process is taken again.
        process: names this process.

    Raises:
        StateError: the state database can't be used.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        index: str = DEFAULT_INDEX,
        limits: Limits | None = None,
        lease_seconds: float = LEASE_SECONDS,
        process: str = "",
    ) -> None:
        tables.ensure_bot_tables(engine)
        self._engine = engine
        self._index = index
        self._here = inbox.c.index_name == index
        self._limits = limits or Limits()
        self._lease_end = DatabaseMoment(lease_seconds)
        self._process = process or f"{describe_process()} {uuid4().hex[:8]}"

    # Arrival

    def add(
        self,
        entry_id: str,
        message: IncomingMessage,
        *,
        response_url: str = "",
        is_ours: Callable[[], bool] = lambda: False,
    ) -> bool:
        """Add a question; return False if it is there already.

        Args:
            entry_id: id of the new entry.
            message: the question.
            response_url: where a command or shortcut is answered.
            is_ours: asked at the end of the transaction; if it returns True, this process
                answers the question already, and no other takes it from the line.

        Returns:
            True for the first delivery of the message.
        """
        row = {
            **build_key_columns(message),
            "id": entry_id,
            "index_name": self._index,
            "thread_ts": message.thread_ts,
            "user": message.user,
            "user_team": message.user_team,
            "surface": message.surface,
            "message": format_message(message),
            "response_url": response_url,
            "status": "waiting",
            "received_at": DatabaseMoment(),
            "attempts": 0,
            "owner": self._process if message.surface in CALLS else "",
            **dict.fromkeys(("posted", "signal"), ""),
        }
        refused = {**build_key_columns(message), "index_name": self._index}
        refused["ts"] += f"@{message.user_team}/{message.user}"
        with self._engine.begin() as connection:
            if connection.scalar(select(inbox.c.id).filter_by(**refused)) is not None:
                return False  # this person was refused already
            refusal = find_refusal(connection, self._limits, message, here=self._here)
            row["stage"] = refusal
            quick = bool(refusal) or message.kind != "question"
            row["turn"] = QUICK_TURN if quick else compute_turn(select_person(message), self._here)
            statement = build_insert(connection, inbox).values(row).on_conflict_do_nothing()
            added = connection.scalar(statement.returning(inbox.c.id)) is not None
            if added and is_ours():
                self._take_row(connection, inbox.c.id == entry_id)
        return added

    # The line

    def take(
        self, *, quick: bool = False, surfaces: Collection[Surface] = _SLACK
    ) -> InboxEntry | None:
        """Take the next question of the line, or None.

        Args:
            quick: take hints and refusals, which never wait, instead of questions.
            surfaces: take questions of these alone.
        """
        lane = inbox.c.turn == QUICK_TURN if quick else inbox.c.turn != QUICK_TURN
        waiting = and_(
            self._here,
            lane,
            inbox.c.status == "waiting",
            inbox.c.surface.in_(surfaces),
            inbox.c.owner.in_(("", self._process)),
        )
        first = select(inbox.c.id).where(waiting).order_by(*LINE).limit(1)
        if self._engine.dialect.name == "postgresql":
            first = first.with_for_update(skip_locked=True)
        while True:
            with self._engine.begin() as connection:
                entry_id = connection.scalar(first)
                if entry_id is None:
                    return None
                mine = and_(inbox.c.id == entry_id, inbox.c.status == "waiting")
                row = self._take_row(connection, mine)
            if row is not None:  # else another process was quicker
                return build_entry(row)

    def _take_row(self, connection: Connection, where: ColumnElement[bool]) -> Row[Any] | None:
        now = DatabaseMoment()
        statement = (
            update(inbox)
            .where(where)
            .values(
                status="answering",
                owner=self._process,
                leased_until=self._lease_end,
                attempts=inbox.c.attempts + 1,
            )
        )
        return connection.execute(statement.returning(inbox, now.label("now"))).first()

    def renew(self, ids: Collection[str]) -> dict[str, Standing]:
        """Renew the leases of questions; return how each of them stands.

        One that was put back into the line meanwhile is taken again.
        """
        chosen = inbox.c.id.in_(list(ids))
        mine = and_(inbox.c.owner == self._process, inbox.c.status == "answering")
        kept = and_(chosen, or_(mine, inbox.c.status == "waiting"))
        statement = update(inbox).where(kept)
        with self._engine.begin() as connection:
            self._reserve_rows(connection, chosen)
            connection.execute(
                statement.values(
                    status="answering",
                    owner=self._process,
                    leased_until=self._lease_end,
                )
            )
        return self.read_standings(ids)

    def read_standings(self, ids: Collection[str]) -> dict[str, Standing]:
        """Return the signals of questions by id.

        A question that another process has is `lost`; one without a row, as in a new database, is
        `missing`.
        """
        query = select(inbox.c.id, inbox.c.signal, inbox.c.owner).where(inbox.c.id.in_(list(ids)))
        standings: dict[str, Standing] = dict.fromkeys(ids, "missing")
        with self._engine.connect() as connection:
            for row in connection.execute(query):
                standings[row.id] = row.signal if row.owner == self._process else "lost"
        return standings

    def free_abandoned(self, *, keep: Collection[str] = ()) -> int:
        """Put questions of dead processes back into the line; return their number.

        Those with the ids `keep` stay: this process knows them.
        """
        with self._engine.begin() as connection:
            abandoned = select_abandoned(connection, self._here, keep)
            if not self._reserve_rows(connection, abandoned):
                return 0  # so SQLite need not be locked
            statement = update(inbox).where(abandoned).values(status="waiting", owner="")
            return len(connection.execute(statement.returning(inbox.c.id)).all())

    # The answer

    def record_stage(self, entry_id: str, stage: str) -> bool:
        """Record a stage; return False if another process has the question."""
        return self._update_own(entry_id, stage=stage)

    def record_placed(self, entry_id: str) -> bool:
        """Record that a place is shown; return False if taken meanwhile."""
        waiting = and_(inbox.c.id == entry_id, inbox.c.status == "waiting")
        statement = update(inbox).where(waiting).values(stage=PLACED).returning(inbox.c.id)
        with self._engine.begin() as connection:
            return connection.scalar(statement) is not None

    def record_posted(self, entry_id: str, posted: Sequence[str]) -> bool:
        """Record docent's messages; return False unless it is open."""
        statement = update(inbox).where(inbox.c.id == entry_id, inbox.c.status.in_(OPEN))
        posting = statement.values(posted=" ".join(posted)).returning(inbox.c.id)
        with self._engine.begin() as connection:
            return connection.scalar(posting) is not None

    def end(
        self,
        entry_id: str,
        ending: Ending,
        *,
        posted: Sequence[str] | None = None,
        free_key: bool = False,
    ) -> bool:
        """End a question; return False if another process has it.

        Its text is deleted: answers keep what may be kept.

        Args:
            entry_id: id of the question.
            ending: how it ended.
            posted: time stamps of docent's messages; None for those recorded before.
            free_key: let other people ask about the same message.

        Returns:
            True if the question was still that of this process.
        """
        values: dict[str, Any] = dict.fromkeys(("message", "response_url", "owner"), "")
        values |= {"status": ending, "ended_at": DatabaseMoment()}
        if posted is not None:
            values["posted"] = " ".join(posted)
        if free_key:
            person = inbox.c.user_team + literal("/") + inbox.c.user
            values["ts"] = inbox.c.ts + literal("@") + person
        return self._update_own(entry_id, **values)

    def postpone(self, entry_id: str, seconds: float) -> bool:
        """Give a question back for some seconds; return False if not ours."""
        return self._update_own(entry_id, owner="", leased_until=DatabaseMoment(seconds))

    def hand_back_all(self) -> None:
        """Give all questions of this process back, for any process to take."""
        mine = and_(inbox.c.owner == self._process, inbox.c.status.in_(OPEN))
        with self._engine.begin() as connection:
            self._reserve_rows(connection, mine)
            connection.execute(update(inbox).where(mine).values(status="waiting", owner=""))

    def forget(self, entry_id: str) -> None:
        """Delete an entry that turned out not to be a question."""
        with self._engine.begin() as connection:
            connection.execute(delete(inbox).where(inbox.c.id == entry_id))

    def _update_own(self, entry_id: str, **values: Any) -> bool:
        mine = and_(inbox.c.owner == self._process, inbox.c.status == "answering")
        if "ended_at" in values:  # its lease may be over, and the question free
            mine = or_(mine, inbox.c.status == "waiting")
        statement = update(inbox).where(inbox.c.id == entry_id, mine).values(values)
        with self._engine.begin() as connection:
            return connection.scalar(statement.returning(inbox.c.id)) is not None

    # Signals

    def send(
        self, signal: Signal, where: ColumnElement[bool]
    ) -> tuple[tuple[InboxEntry, ...], int]:
        """Send a signal to open questions.

        Those that still wait end at once.

        Returns:
            The latter, and the number of all.
        """
        where = and_(self._here, where)
        with self._engine.begin() as connection:
            self._reserve_rows(connection, and_(inbox.c.status.in_(OPEN), where))
            waiting = update(inbox).where(inbox.c.status == "waiting", where)
            ended = connection.execute(
                waiting.values(
                    status="given_up", signal=signal, ended_at=DatabaseMoment()
                ).returning(inbox, DatabaseMoment().label("now"))
            ).all()
            at_work = update(inbox).where(inbox.c.status == "answering", where)
            told = connection.execute(at_work.values(signal=signal).returning(inbox.c.id)).all()
            entries = tuple(build_entry(row) for row in ended)
            cleared = inbox.c.id.in_([entry.id for entry in entries])
            connection.execute(update(inbox).where(cleared).values(message="", response_url=""))
        return entries, len(entries) + len(told)

    def _reserve_rows(self, connection: Connection, where: ColumnElement[bool]) -> list[str]:
        """Lock rows of PostgreSQL in one order, and return their ids.

        Processes that changed them in different orders would wait for each other in a circle.
        """
        query = select(inbox.c.id).where(where).order_by(inbox.c.id)
        if self._engine.dialect.name == "postgresql":
            query = query.with_for_update()
        return list(connection.scalars(query))

    def purge(self, *, older_than: float) -> None:
        """Delete questions that ended more than `older_than` seconds ago."""
        with self._engine.begin() as connection:
            connection.execute(delete(inbox).where(inbox.c.ended_at < DatabaseMoment(-older_than)))
