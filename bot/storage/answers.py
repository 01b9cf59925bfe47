"""Answers: each question with its answer and messages, stored for a limited time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from pydantic import TypeAdapter
from sqlalchemy import Engine, Row, Select, and_, delete, func, insert, select, update

from bot.storage import tables
from bot.storage.tables import encode_json
from bot.types import MessageKey, Surface
from rag_core.types import Answer, Scope

ID_RETENTION = timedelta(days=30)
"""The time for which docent knows the threads it answered in, if it stores no texts."""

PRIVATE_TS_PREFIX = "ask-"
"""Prefix of the key and thread of a private question, which has no message in Slack."""

EARLIER_SEPARATOR = "#"
"""Separates the time stamp of a question from the id of an earlier answer to it."""

_ANSWER: TypeAdapter[Answer] = TypeAdapter(Answer)
_SCOPE: TypeAdapter[Scope] = TypeAdapter(Scope)

answers, ratings, inbox = tables.answers, tables.ratings, tables.inbox


def _get_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class AnswerRecord:
    """An answer as docent gave it.

    Attributes:
        id: id that the answer's buttons carry.
        key: identity of the question's message.
        thread_ts: time stamp of the answer's thread.
        user: id of the asker.
        user_team: id of the asker's team; empty for docent's, in answers of earlier versions.
        posted: time stamps of docent's messages.
        question: text of the question; empty if texts are not stored.
        answer: the answer; None if texts are not stored.
        answered_at: when it was given; None before it is stored.
        scope: the part of the documentation that was searched.
        as_of: when that part was last read.
        authors: ids of other people whose words the question or the answer may hold.
        surface: where it was asked.
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
    user_team: str = ""
    authors: tuple[str, ...] = ()
    surface: Surface = "slack"

    @property
    def is_private(self) -> bool:
        """True for an answer that only its asker was shown; sharing it gives it a thread."""
        is_private = self.key.ts.startswith(PRIVATE_TS_PREFIX)
        return is_private and self.thread_ts.startswith(PRIVATE_TS_PREFIX)

    @property
    def permalink_ts(self) -> str:
        """Time stamp of the question, or of its shared answer if it was private; may be empty."""
        if not self.key.ts.startswith(PRIVATE_TS_PREFIX):
            return self.key.ts.partition(EARLIER_SEPARATOR)[0]
        return self.posted[0] if self.posted else ""


class Answers:
    """The answers in the state database; every method blocks.

    Args:
        engine: of the state database.
        days: number of days for which texts are stored; 0 stores none.
        clock: returns the current time, in UTC.

    Raises:
        StateError: the state database can't be used.
    """

    def __init__(
        self, engine: Engine, *, days: int, clock: Callable[[], datetime] = _get_now
    ) -> None:
        tables.ensure_bot_tables(engine)
        self._engine = engine
        self._days = days
        self._clock = clock

    @property
    def keeps_texts(self) -> bool:
        """True if the texts of questions and answers are stored."""
        return self._days > 0

    def add(self, record: AnswerRecord) -> None:
        """Store an answer in place of one with the same id.

        Earlier answers to its message stay, for their ratings. That of a person who was forgotten
        meanwhile is not stored.
        """
        same = and_(
            answers.c.team == record.key.team,
            answers.c.channel == record.key.channel,
            answers.c.ts == record.key.ts,
        )
        texts = self.keeps_texts and record.answer is not None
        row = {
            "id": record.id,
            "team": record.key.team,
            "channel": record.key.channel,
            "ts": record.key.ts,
            "thread_ts": record.thread_ts,
            "user": record.user,
            "user_team": record.user_team,
            "answered_at": self._clock(),
            "posted": " ".join(record.posted),
            "question": record.question if texts else "",
            "answer": encode_json(_ANSWER, record.answer) if texts and record.answer else None,
            "scope": encode_json(_SCOPE, record.scope),
            "as_of": record.as_of,
            "authors": "".join(f" {each} " for each in record.authors) if texts else "",
            "surface": record.surface,
        }
        forgotten = select(inbox.c.id).where(inbox.c.id == record.id, inbox.c.user == "")
        with self._engine.begin() as connection:
            if record.user and connection.scalar(forgotten) is not None:
                return
            connection.execute(delete(answers).where(answers.c.id == record.id))
            # The new answer takes over the time stamp; an earlier one gets its id appended.
            earlier = answers.c.ts + EARLIER_SEPARATOR + func.substr(answers.c.id, 1, 12)
            connection.execute(update(answers).where(same).values(ts=earlier))
            connection.execute(insert(answers).values(row))

    def record_messages(self, answer_id: str, posted: tuple[str, ...]) -> None:
        """Store the time stamps of an answer's messages."""
        statement = update(answers).where(answers.c.id == answer_id)
        with self._engine.begin() as connection:
            connection.execute(statement.values(posted=" ".join(posted)))

    def record_shared(self, answer_id: str, thread_ts: str, posted: tuple[str, ...]) -> None:
        """Store that a private answer was shared in a thread.

        Args:
            answer_id: id of the answer.
            thread_ts: time stamp of the thread.
            posted: time stamps of docent's messages there.
        """
        statement = update(answers).where(answers.c.id == answer_id)
        with self._engine.begin() as connection:
            connection.execute(statement.values(thread_ts=thread_ts, posted=" ".join(posted)))

    def find(self, answer_id: str) -> AnswerRecord | None:
        """Return the answer with this id; None if it is not stored."""
        return self._find_first(select(answers).where(answers.c.id == answer_id))

    def find_by_message(self, key: MessageKey) -> AnswerRecord | None:
        """Return the latest answer to a message; None without one."""
        return self._find_first(
            select(answers).where(
                answers.c.team == key.team, answers.c.channel == key.channel, answers.c.ts == key.ts
            )
        )

    def find_last_in_thread(self, team: str, channel: str, thread_ts: str) -> AnswerRecord | None:
        """Return the last answer in a thread.

        Args:
            team: id of docent's workspace.
            channel: id of the channel.
            thread_ts: time stamp of the thread.

        Returns:
            The answer; None if docent gave none there.
        """
        query = select(answers).where(
            answers.c.channel == channel,
            answers.c.thread_ts == thread_ts,
            answers.c.team == team,
        )
        return self._find_first(query.order_by(answers.c.answered_at.desc()))

    def list_in_thread(self, channel: str, thread_ts: str, *, limit: int) -> list[AnswerRecord]:
        """Return the last answers in a thread outside of workspaces, oldest first.

        Args:
            channel: id of the channel.
            thread_ts: name of the thread.
            limit: most answers.

        Returns:
            The answers.
        """
        query = select(answers).where(
            answers.c.channel == channel, answers.c.thread_ts == thread_ts, answers.c.team == ""
        )
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(answers.c.answered_at.desc()).limit(limit))
            return [_build_record(row) for row in rows][::-1]

    def find_last_by_user(self, user: str, user_team: str, key: MessageKey) -> AnswerRecord | None:
        """Return the last answer to a person in a channel.

        Args:
            user: id of the user.
            user_team: id of the user's team.
            key: docent's workspace and the channel; its time stamp does not count.

        Returns:
            The answer; None without one.
        """
        here = and_(answers.c.team == key.team, answers.c.channel == key.channel)
        teams = {user_team, *([""] if user_team == key.team else [])}
        person = and_(answers.c.user == user, answers.c.user_team.in_(teams))
        query = select(answers).where(here, person)
        return self._find_first(query.order_by(answers.c.answered_at.desc()))

    def mark_escalated(self, answer_id: str) -> None:
        """Mark a question as passed on to people."""
        statement = update(answers).where(
            answers.c.id == answer_id, answers.c.passed_on_at.is_(None)
        )
        with self._engine.begin() as connection:
            connection.execute(statement.values(passed_on_at=self._clock()))

    def is_escalated(self, answer_id: str) -> bool:
        """Return True if a question was passed on to people."""
        marked = select(answers.c.passed_on_at).where(answers.c.id == answer_id)
        with self._engine.connect() as connection:
            return connection.scalar(marked) is not None

    def purge(self) -> None:
        """Delete answers that are past their retention, with their ratings."""
        retention = timedelta(days=self._days) if self.keeps_texts else ID_RETENTION
        oldest = self._clock() - retention
        stored_ids = select(answers.c.id).scalar_subquery()
        with self._engine.begin() as connection:
            connection.execute(delete(answers).where(answers.c.answered_at < oldest))
            if not self.keeps_texts:
                connection.execute(update(answers).values(question="", answer=None, authors=""))
            connection.execute(delete(ratings).where(ratings.c.answer.not_in(stored_ids)))

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
        user_team=row.user_team,
        authors=tuple(row.authors.split()),
        surface=row.surface,
    )
