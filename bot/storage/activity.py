"""Activity: recent questions, and counts of questions and ratings, from stored answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, and_, func, select

from bot.storage.answers import EARLIER_SEPARATOR
from bot.storage.tables import answers, ratings


@dataclass(frozen=True, slots=True)
class RecentQuestion:
    """A recent question of one user, with its channel and time."""

    question: str
    channel: str
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class ActivityCounts:
    """Counts: questions, those not found in the documentation, thumbs up and down."""

    questions: int = 0
    not_found: int = 0
    up: int = 0
    down: int = 0


_LATEST = answers.c.ts.not_like(f"%{EARLIER_SEPARATOR}%")
"""Selects the last answer to an edited question."""


class Activity:
    """Reads the state database; every method blocks.

    Raises:
        StateError: the state database can't be used.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def list_questions(self, user: str, *, limit: int) -> tuple[RecentQuestion, ...]:
        """Return the last questions of a user, latest first."""
        query = (
            select(answers.c.question, answers.c.channel, answers.c.answered_at)
            .where(answers.c.user == user, answers.c.question != "", _LATEST)
            .order_by(answers.c.answered_at.desc())
        )
        with self._engine.connect() as connection:
            rows = connection.execute(query.limit(limit)).all()
        return tuple(RecentQuestion(row.question, row.channel, row.answered_at) for row in rows)

    def count_since(self, moment: datetime) -> ActivityCounts:
        """Count the questions and ratings since a moment."""
        recent = and_(answers.c.answered_at >= moment, _LATEST)
        empty = answers.c.answer.contains('"status":"not_found"', autoescape=True)
        verdict = ratings.c.verdict
        rated = select(verdict, func.count()).where(ratings.c.rated_at >= moment).group_by(verdict)
        count = select(func.count()).select_from(answers)
        with self._engine.connect() as connection:
            thumbs = {row[0]: int(row[1]) for row in connection.execute(rated)}
            asked = connection.scalar(count.where(recent)) or 0
            not_found = connection.scalar(count.where(recent, empty)) or 0
        return ActivityCounts(asked, not_found, thumbs.get("up", 0), thumbs.get("down", 0))
