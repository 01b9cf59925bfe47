"""Filters of questions: those of a message, of a thread, or behind one of docent's messages."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, or_

from bot.storage.answers import EARLIER_SEPARATOR
from bot.storage.tables import inbox
from bot.types import IncomingMessage, MessageKey


@dataclass(frozen=True, slots=True)
class QuestionFilter:
    """Selects questions of a channel, in the inbox and in memory.

    Attributes:
        channel: id of the channel.
        ts: time stamp of a message; selects its question in every version.
        thread_ts: time stamp of a thread; selects its questions.
        posted: time stamp of one of docent's messages; selects the question that it answers.
    """

    channel: str
    ts: str = ""
    thread_ts: str = ""
    posted: str = ""

    @classmethod
    def of_message(cls, key: MessageKey) -> QuestionFilter:
        """Select the question of a message, in every version."""
        return cls(key.channel, ts=key.ts)

    def is_fit(self, message: IncomingMessage, posted: Collection[str]) -> bool:
        """Return True for a selected question; `posted` are docent's messages for it."""
        return (
            message.key.channel == self.channel
            and self.ts in {"", message.key.ts}
            and self.thread_ts in {"", message.thread_ts}
            and (not self.posted or self.posted in posted)
        )

    def build(self, but: str = "") -> ColumnElement[bool]:
        """Build the condition on rows; the id `but` is left out."""
        conditions = [inbox.c.channel == self.channel, inbox.c.id != but]
        if self.ts:
            versions = inbox.c.ts.startswith(self.ts + EARLIER_SEPARATOR, autoescape=True)
            conditions.append(or_(inbox.c.ts == self.ts, versions))
        if self.thread_ts:
            conditions.append(inbox.c.thread_ts == self.thread_ts)
        if self.posted:
            conditions.append(inbox.c.posted.contains(self.posted, autoescape=True))
        return and_(*conditions)
