"""Everything that the bot remembers in the state database, opened together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine

from bot.storage.activity import Activity
from bot.storage.answers import Answers
from bot.storage.audit_log import Audit
from bot.storage.channel_scopes import ChannelScopes
from bot.storage.claims import Claims
from bot.storage.ratings import Ratings

CLAIMS_KEPT = timedelta(days=30)

FreshAt = Callable[[], "datetime | None"]
"""When the documentation was last read without an error; blocks."""


@dataclass(frozen=True, slots=True)
class Memory:
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
    audit: Audit
    activity: Activity
    fresh_at: FreshAt

    @classmethod
    def open(cls, engine: Engine, *, keep_days: int, fresh_at: FreshAt) -> Memory:
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
            audit=Audit(engine),
            activity=Activity(engine),
            fresh_at=fresh_at,
        )
        memory.forget()
        return memory

    def forget(self) -> None:
        """Forget what is too old to be kept; blocks.

        Raises:
            StateError: the state database can't be used.
        """
        self.claims.purge(older_than=CLAIMS_KEPT)
        self.answers.purge()
