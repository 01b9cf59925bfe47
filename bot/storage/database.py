"""The bot's database: all of its tables in the state database, opened together."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import Engine

from bot.storage.activity import Activity
from bot.storage.answers import Answers
from bot.storage.audit_log import AuditLog
from bot.storage.channel_instructions import ChannelInstructions
from bot.storage.channel_scopes import ChannelScopes
from bot.storage.claims import Claims
from bot.storage.inbox import Inbox
from bot.storage.inbox_entry import DEFAULT_INDEX
from bot.storage.inbox_view import InboxView
from bot.storage.known_messages import KnownMessages
from bot.storage.line_limits import Limits
from bot.storage.ratings import Ratings
from ingest.errors import StateError

CLAIM_RETENTION = timedelta(days=30)
PURGE_SECONDS = 86_400.0

logger = logging.getLogger(__name__)

BUSY_SECONDS = 1.0
"""The time for which a question waits for a lock of the state database, which a sync may hold."""


class ReadSuccessTime(Protocol):
    """Returns when the documentation was last read without an error; blocks."""

    def __call__(self, sources: Collection[str] = ()) -> datetime | None:
        """Return the oldest reading of these sources, or of all."""


@dataclass(frozen=True, slots=True)
class BotDatabase:
    """The bot's tables.

    Attributes:
        inbox: the questions, from their arrival to their end.
        inbox_view: reads the inbox.
        known_messages: the messages that docent was asked in, however that ended.
        claims: the clicks and other steps that a process has taken.
        answers: the answers that docent gave.
        ratings: the ratings of these answers.
        scopes: the part of the documentation that each channel searches.
        instructions: what the LLM is told for the questions of each channel.
        audit: the actions of admins.
        activity: recent questions, and counts of them.
        read_last_success_time: returns when the documentation was last read without an error.
    """

    inbox: Inbox
    inbox_view: InboxView
    known_messages: KnownMessages
    claims: Claims
    answers: Answers
    ratings: Ratings
    scopes: ChannelScopes
    instructions: ChannelInstructions
    audit: AuditLog
    activity: Activity
    read_last_success_time: ReadSuccessTime

    @classmethod
    def open(
        cls,
        engine: Engine,
        *,
        keep_days: int,
        read_last_success_time: ReadSuccessTime,
        index: str = DEFAULT_INDEX,
        limits: Limits | None = None,
    ) -> BotDatabase:
        """Open the tables, and delete old rows; blocks.

        Args:
            engine: of the state database.
            keep_days: days for which texts of questions and answers are stored; 0 stores none.
            read_last_success_time: returns when the documentation was last read without an error.
            index: name of the index that this docent answers from.
            limits: of the line of questions.

        Returns:
            The bot's tables; missing ones are created.

        Raises:
            StateError: the state database can't be used.
        """
        claims, answers = Claims(engine), Answers(engine, days=keep_days)
        database = cls(
            inbox=Inbox(engine, index=index, limits=limits),
            inbox_view=InboxView(engine, index=index),
            known_messages=KnownMessages(engine),
            claims=claims,
            answers=answers,
            ratings=Ratings(engine),
            scopes=ChannelScopes(engine),
            instructions=ChannelInstructions(engine),
            audit=AuditLog(engine, days=keep_days),
            activity=Activity(engine),
            read_last_success_time=read_last_success_time,
        )
        database.purge()
        return database

    async def purge_daily(self) -> None:
        """Delete rows that are past their retention, once a day."""
        while True:
            await asyncio.sleep(PURGE_SECONDS)
            try:
                await asyncio.to_thread(self.purge)
            except StateError:
                logger.warning("Rows that are too old could not be deleted.", exc_info=True)

    def purge(self) -> None:
        """Delete rows that are past their retention; blocks.

        Raises:
            StateError: the state database can't be used.
        """
        self.claims.purge(older_than=CLAIM_RETENTION)
        self.inbox.purge(older_than=CLAIM_RETENTION.total_seconds())
        self.answers.purge()
        self.audit.purge()
