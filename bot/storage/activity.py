"""Activity: what was asked lately and how it was liked, counted from what is kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, and_, func, select

from bot.storage.answers import EARLIER_SEPARATOR
from bot.storage.tables import answers, ratings


@dataclass(frozen=True, slots=True)
class RecentQuestion:
    """A question of somebody, as far as texts are kept."""

    question: str
    channel: str
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class ActivityCounts:
    """Questions that were answered, those of them without an answer, and thumbs."""

    questions: int = 0
    not_found: int = 0
    up: int = 0
    down: int = 0


_LATEST = answers.c.ts.not_like(f"%{EARLIER_SEPARATOR}%")
"""Of an edited question only the last answer counts."""


class Activity:
    """Reads the state database; every method blocks.

    Raises:
        StateError: the state database can't be used.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def list_questions(self, user: str, *, limit: int) -> tuple[RecentQuestion, ...]:
        """Somebody's last questions, the latest first."""
        query = (
            select(answers.c.question, answers.c.channel, answers.c.answered_at)
            .where(answers.c.user == user, answers.c.question != "", _LATEST)
            .order_by(answers.c.answered_at.desc())
        )
        with self._engine.connect() as connection:
            rows = connection.execute(query.limit(limit)).all()
        return tuple(RecentQuestion(row.question, row.channel, row.answered_at) for row in rows)

    def count_since(self, moment: datetime) -> ActivityCounts:
        """What was asked and rated since then."""
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
