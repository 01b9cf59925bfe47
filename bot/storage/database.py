"""Everything that the bot remembers in the state database, opened together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine

from bot.storage.activity import Activity
from bot.storage.answers import Answers
from bot.storage.audit_log import AuditLog
from bot.storage.channel_scopes import ChannelScopes
from bot.storage.claims import Claims
from bot.storage.ratings import Ratings

CLAIM_RETENTION = timedelta(days=30)

ReadSuccessTime = Callable[[], "datetime | None"]
"""When the documentation was last read without an error; blocks."""


@dataclass(frozen=True, slots=True)
class BotDatabase:
    """The bot's tables.

    Attributes:
        claims: which messages are taken.
        answers: what was answered.
        ratings: what people think of it.
        scopes: what part of the documentation a channel asks of.
        audit: who did what to the index.
        activity: what was asked lately.
        fresh_at: when the documentation was last read.
    """

    claims: Claims
    answers: Answers
    ratings: Ratings
    scopes: ChannelScopes
    audit: AuditLog
    activity: Activity
    read_last_success_time: ReadSuccessTime

    @classmethod
    def open(cls, engine: Engine, *, keep_days: int, fresh_at: ReadSuccessTime) -> BotDatabase:
        """Open the tables, and forget what is too old; blocks.

        Raises:
            StateError: the state database can't be used.
        """
        claims, answers = Claims(engine), Answers(engine, days=keep_days)
        memory = cls(
            claims=claims,
            answers=answers,
            ratings=Ratings(engine),
            scopes=ChannelScopes(engine),
            audit=AuditLog(engine),
            activity=Activity(engine),
            read_last_success_time=fresh_at,
        )
        memory.purge()
        return memory

    def purge(self) -> None:
        """Forget what is too old to be kept; blocks.

        Raises:
            StateError: the state database can't be used.
        """
        self.claims.purge(older_than=CLAIM_RETENTION)
        self.answers.purge()
