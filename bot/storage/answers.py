"""What docent has answered: question, answer and where it stands, kept for a while."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from pydantic import TypeAdapter
from sqlalchemy import Engine, Row, Select, and_, delete, func, insert, select, update

from bot.storage import tables
from bot.types import MessageKey
from rag_core.types import Answer, Scope

ID_RETENTION = timedelta(days=30)
"""Where texts are not kept: how long docent knows which threads it answered in."""

PRIVATE_TS_PREFIX = "ask-"
"""Begins the key and the thread of what was asked privately: there is no such message."""

EARLIER_SEPARATOR = "#"
"""Parts the time stamp of a question from what tells its earlier answers apart."""

_ANSWER: TypeAdapter[Answer] = TypeAdapter(Answer)
_SCOPE: TypeAdapter[Scope] = TypeAdapter(Scope)

answers, ratings = tables.answers, tables.ratings


def _get_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class AnswerRecord:
    """An answer as it was given.

    Attributes:
        id: what buttons carry.
        key: the question's message.
        thread_ts: the thread of the answer.
        user: who asked.
        posted: time stamps of docent's messages.
        question: its text; empty where texts are not kept.
        answer: None where texts are not kept.
        answered_at: when.
        scope: which part of the documentation was asked.
        as_of: when that had been read.
    """

    id: str
    key: MessageKey
    thread_ts: str
    user: str
    posted: tuple[str, ...] = ()
    question: str = ""
    answer: Answer | None = None
    answered_at: datetime | None = None
    scope: Scope = field(default_factory=Scope)
    as_of: datetime | None = None

    @property
    def permalink_ts(self) -> str:
        """A message that others can open: the question, or a shared answer; empty for none."""
        if not self.key.ts.startswith(PRIVATE_TS_PREFIX):
            return self.key.ts.partition(EARLIER_SEPARATOR)[0]
        return self.posted[0] if self.posted else ""


class Answers:
    """The answers in the state database; every method blocks.

    Raises:
        StateError: the state database can't be used.
    """

    def __init__(
        self, engine: Engine, *, days: int, clock: Callable[[], datetime] = _get_now
    ) -> None:
        """`days` is how long texts are kept; 0 keeps none."""
        tables.ensure_bot_tables(engine)
        self._engine = engine
        self._days = days
        self._clock = clock

    @property
    def keeps_texts(self) -> bool:
        """Whether what was asked and answered can be looked up afterwards."""
        return self._days > 0

    def add(self, kept: AnswerRecord) -> None:
        """Remember an answer. An earlier one to the same message stays, for its ratings."""
        same = and_(
            answers.c.team == kept.key.team,
            answers.c.channel == kept.key.channel,
            answers.c.ts == kept.key.ts,
        )
        texts = self.keeps_texts and kept.answer is not None
        row = {
            "id": kept.id,
            "team": kept.key.team,
            "channel": kept.key.channel,
            "ts": kept.key.ts,
            "thread_ts": kept.thread_ts,
            "user": kept.user,
            "answered_at": self._clock(),
            "posted": " ".join(kept.posted),
            "question": kept.question if texts else "",
            "answer": _ANSWER.dump_json(kept.answer).decode() if texts and kept.answer else None,
            "scope": _SCOPE.dump_json(kept.scope).decode(),
            "as_of": kept.as_of,
        }
        with self._engine.begin() as connection:
            earlier = answers.c.ts + EARLIER_SEPARATOR + func.substr(answers.c.id, 1, 12)
            connection.execute(update(answers).where(same).values(ts=earlier))
            connection.execute(insert(answers).values(row))

    def record_messages(self, answer_id: str, posted: tuple[str, ...]) -> None:
        """Remember where an answer stands."""
        statement = update(answers).where(answers.c.id == answer_id)
        with self._engine.begin() as connection:
            connection.execute(statement.values(posted=" ".join(posted)))

    def record_shared(self, answer_id: str, thread_ts: str, posted: tuple[str, ...]) -> None:
        """Remember that a private answer stands in a thread now."""
        statement = update(answers).where(answers.c.id == answer_id)
        with self._engine.begin() as connection:
            connection.execute(statement.values(thread_ts=thread_ts, posted=" ".join(posted)))

    def find(self, answer_id: str) -> AnswerRecord | None:
        """The answer that a button belongs to."""
        return self._find_first(select(answers).where(answers.c.id == answer_id))

    def find_by_message(self, key: MessageKey) -> AnswerRecord | None:
        """The answer to a message."""
        return self._find_first(
            select(answers).where(
                answers.c.team == key.team, answers.c.channel == key.channel, answers.c.ts == key.ts
            )
        )

    def find_last_in_thread(self, team: str, channel: str, thread_ts: str) -> AnswerRecord | None:
        """The last answer in a thread."""
        found = select(answers).where(
            answers.c.channel == channel,
            answers.c.thread_ts == thread_ts,
            answers.c.team == team,
        )
        return self._find_first(found.order_by(answers.c.answered_at.desc()))

    def find_last_by_user(self, user: str, channel: str) -> AnswerRecord | None:
        """The last answer to somebody's questions in a channel, in whichever thread."""
        found = select(answers).where(answers.c.channel == channel, answers.c.user == user)
        return self._find_first(found.order_by(answers.c.answered_at.desc()))

    def mark_escalated(self, answer_id: str) -> bool:
        """Note that people are asked instead; True for the first caller only."""
        statement = update(answers).where(
            answers.c.id == answer_id, answers.c.passed_on_at.is_(None)
        )
        with self._engine.begin() as connection:
            return connection.execute(statement.values(passed_on_at=self._clock())).rowcount == 1

    def unmark_escalated(self, answer_id: str) -> None:
        """People could not be asked: it may be tried again."""
        statement = update(answers).where(answers.c.id == answer_id)
        with self._engine.begin() as connection:
            connection.execute(statement.values(passed_on_at=None))

    def purge(self) -> None:
        """Forget answers, and their ratings, that are older than they may be kept."""
        kept = timedelta(days=self._days) if self.keeps_texts else ID_RETENTION
        rated = select(answers.c.id).scalar_subquery()
        with self._engine.begin() as connection:
            connection.execute(delete(answers).where(answers.c.answered_at < self._clock() - kept))
            if not self.keeps_texts:
                connection.execute(update(answers).values(question="", answer=None))
            connection.execute(delete(ratings).where(ratings.c.answer.not_in(rated)))

    def _find_first(self, query: Select[tuple[object, ...]]) -> AnswerRecord | None:
        with self._engine.connect() as connection:
            row = connection.execute(query.limit(1)).first()
        return _build_record(row) if row is not None else None


def _build_record(row: Row[tuple[object, ...]]) -> AnswerRecord:
    return AnswerRecord(
        id=row.id,
        key=MessageKey(row.team, row.channel, row.ts),
        thread_ts=row.thread_ts,
        user=row.user,
        posted=tuple(row.posted.split()),
        question=row.question,
        answer=_ANSWER.validate_json(row.answer) if row.answer else None,
        answered_at=row.answered_at,
        scope=_SCOPE.validate_json(row.scope),
        as_of=row.as_of,
    )
