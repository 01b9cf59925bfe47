"""Problems: what does not work at the moment, and whether the admins have been told of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Row, and_, delete, select, update

from bot.storage.tables import problems
from ingest.state.database import build_insert
from ingest.state.database_clock import DatabaseMoment

# A status of HTTP from 400 to 499 says what is wrong; other numbers only say how often or how long.
_NUMBER = re.compile(r"\b(?!4\d\d\b)\d[\d.,]*")


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem of a service that goes on.

    Attributes:
        service: the service: `llm`, `reranker`, `embedder`, `milvus` or `state`.
        text: one sentence, with what to do about it.
        since: when it began.
        is_told: True if the admins were told of it.
    """

    service: str
    text: str
    since: datetime
    is_told: bool = False


class Problems:
    """The problems of all processes on the state database; every method blocks.

    Raises:
        StateError: the state database can't be used.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def list_current(self) -> tuple[Problem, ...]:
        """Return the problems that go on, the oldest first."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(problems).order_by(problems.c.since)).all()
        return tuple(map(_build_problem, rows))

    def record(self, service: str, text: str) -> None:
        """Record a problem.

        One that is known already, but for numbers in its sentence, counts as told.
        """
        row = {"service": service, "text": text, "since": DatabaseMoment(), "told_at": None}
        here = problems.c.service == service
        with self._engine.begin() as connection:
            statement = build_insert(connection, problems).values(row).on_conflict_do_nothing()
            if connection.scalar(statement.returning(problems.c.service)) is not None:
                return
            known = connection.scalar(select(problems.c.text).where(here)) or ""
            changes: dict[str, Any] = {"text": text}
            if normalise_text(known) != normalise_text(text):
                changes["told_at"] = None
            same = and_(here, problems.c.text == known)
            connection.execute(update(problems).where(same).values(changes))

    def take_untold(self, service: str) -> bool:
        """Mark a problem as told; return True for exactly one caller."""
        untold = and_(problems.c.service == service, problems.c.told_at.is_(None))
        statement = update(problems).where(untold).values(told_at=DatabaseMoment())
        with self._engine.begin() as connection:
            return connection.scalar(statement.returning(problems.c.service)) is not None

    def mark_untold(self, service: str) -> None:
        """Mark a problem as not told: the message did not get through."""
        here = problems.c.service == service
        with self._engine.begin() as connection:
            connection.execute(update(problems).where(here).values(told_at=None))

    def end(self, service: str) -> Problem | None:
        """Delete a problem that is over; return it to exactly one caller."""
        statement = delete(problems).where(problems.c.service == service).returning(problems)
        with self._engine.begin() as connection:
            row = connection.execute(statement).first()
        return None if row is None else _build_problem(row)


def normalise_text(text: str) -> str:
    """Return a sentence without the numbers that vary from time to time."""
    return _NUMBER.sub("", text)


def _build_problem(row: Row[Any]) -> Problem:
    return Problem(row.service, row.text, row.since, is_told=row.told_at is not None)
