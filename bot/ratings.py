"""What people think of answers: thumbs, and why one was no good."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Engine, and_, insert, select, update
from sqlalchemy.exc import IntegrityError

from bot import tables
from bot.answers import Answers, KeptAnswer

Verdict = Literal["up", "down"]
ratings = tables.ratings


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Rating:
    """What one person thinks of one answer; `reason` and `comment` may be empty."""

    answer_id: str
    user: str
    verdict: str
    reason: str = ""
    comment: str = ""


@dataclass(frozen=True, slots=True)
class RatedAnswer:
    """A rating, when it was given, and the answer it is about."""

    rating: Rating
    rated_at: datetime
    kept: KeptAnswer


class Ratings:
    """The ratings in the state database; every method blocks.

    Raises:
        StateError: the state database can't be used.
    """

    def __init__(self, engine: Engine, *, clock: Callable[[], datetime] = _now) -> None:
        tables.ensure(engine)
        self._engine = engine
        self._clock = clock

    def rate(self, answer_id: str, user: str, verdict: Verdict) -> None:
        """Keep a thumb. Another one than before takes its place, and that of its reason."""
        before = self._find(answer_id, user)
        if before is not None and before.verdict == verdict:
            return
        self._write(Rating(answer_id, user, verdict))

    def explain(self, answer_id: str, user: str, *, reason: str, comment: str) -> None:
        """Keep why an answer was no good, unless they have changed their mind since."""
        before = self._find(answer_id, user)
        if (reason or comment) and before is not None and before.verdict == "down":
            self._write(Rating(answer_id, user, "down", reason, comment))

    def since(self, moment: datetime, answers: Answers) -> tuple[RatedAnswer, ...]:
        """What was rated since then, the latest first, as far as the answers are still kept."""
        query = select(ratings).where(ratings.c.rated_at >= moment)
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(ratings.c.rated_at.desc())).all()
        found = ((row, answers.find(row.answer)) for row in rows)
        return tuple(
            RatedAnswer(_rating(row), row.rated_at, kept) for row, kept in found if kept is not None
        )

    def _find(self, answer_id: str, user: str) -> Rating | None:
        with self._engine.connect() as connection:
            row = connection.execute(select(ratings).where(_is(answer_id, user))).first()
        return _rating(row) if row is not None else None

    def _write(self, rating: Rating) -> None:
        values = {
            "verdict": rating.verdict,
            "reason": rating.reason,
            "comment": rating.comment,
            "rated_at": self._clock(),
        }
        key = {"answer": rating.answer_id, "user": rating.user}
        change = update(ratings).where(_is(rating.answer_id, rating.user)).values(values)
        try:
            with self._engine.begin() as connection:
                if connection.execute(change).rowcount == 0:
                    connection.execute(insert(ratings).values(key | values))
        except IntegrityError:  # another click of the same person was a moment quicker
            with self._engine.begin() as connection:
                connection.execute(change)


def _is(answer_id: str, user: str) -> Any:
    return and_(ratings.c.answer == answer_id, ratings.c.user == user)


def _rating(row: Any) -> Rating:
    return Rating(row.answer, row.user, row.verdict, row.reason, row.comment)
