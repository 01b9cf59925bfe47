"""Ratings: thumbs on answers, and the reasons for thumbs down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Engine, and_, select, update

from bot.storage import tables
from bot.storage.answers import AnswerRecord, Answers
from ingest.state.database import build_insert

Verdict = Literal["up", "down"]
ratings = tables.ratings


def _get_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Rating:
    """One person's rating of one answer; `reason` and `comment` may be empty."""

    answer_id: str
    user: str
    verdict: str
    reason: str = ""
    comment: str = ""
    user_team: str = ""


@dataclass(frozen=True, slots=True)
class RatedAnswer:
    """A rating with its time and its answer."""

    rating: Rating
    rated_at: datetime
    record: AnswerRecord


class Ratings:
    """The ratings in the state database; every method blocks, and each change is one statement.

    Raises:
        StateError: the state database can't be used.
    """

    def __init__(self, engine: Engine, *, clock: Callable[[], datetime] = _get_now) -> None:
        tables.ensure_bot_tables(engine)
        self._engine = engine
        self._clock = clock

    def rate(self, answer_id: str, user: str, verdict: Verdict, *, user_team: str = "") -> None:
        """Store a thumb; a changed one replaces the earlier and its reason.

        Args:
            answer_id: id of the answer.
            user: id of the person who rates it.
            verdict: thumb up or down.
            user_team: id of the person's team.
        """
        values = {"verdict": verdict, "reason": "", "comment": "", "rated_at": self._clock()}
        statement = build_insert(self._engine, ratings).values(
            answer=answer_id, user=user, user_team=user_team, **values
        )
        change = statement.on_conflict_do_update(
            index_elements=list(ratings.primary_key),
            set_=values,
            where=ratings.c.verdict != verdict,
        )
        with self._engine.begin() as connection:
            connection.execute(change)

    def explain(
        self, answer_id: str, user: str, *, reason: str, comment: str, user_team: str = ""
    ) -> None:
        """Store the reason for a thumb down, unless it has changed since.

        Args:
            answer_id: id of the answer.
            user: id of the person who rated it.
            reason: one of `bot.texts.button_labels.REASONS`; may be empty.
            comment: the person's own words; may be empty.
            user_team: id of the person's team.
        """
        if not (reason or comment):
            return
        still_down = and_(
            ratings.c.answer == answer_id,
            ratings.c.user == user,
            ratings.c.user_team == user_team,
            ratings.c.verdict == "down",
        )
        values = {"reason": reason, "comment": comment, "rated_at": self._clock()}
        with self._engine.begin() as connection:
            connection.execute(update(ratings).where(still_down).values(values))

    def list_since(self, moment: datetime, answers: Answers) -> tuple[RatedAnswer, ...]:
        """Return ratings since a moment, latest first, whose answers are still stored."""
        query = select(ratings).where(ratings.c.rated_at >= moment)
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(ratings.c.rated_at.desc())).all()
        pairs = ((row, answers.find(row.answer)) for row in rows)
        return tuple(
            RatedAnswer(_build_rating(row), row.rated_at, record)
            for row, record in pairs
            if record is not None
        )


def _build_rating(row: Any) -> Rating:
    return Rating(row.answer, row.user, row.verdict, row.reason, row.comment, row.user_team)
