"""Question builder: a message with its thread and its channel's settings becomes a question."""

from __future__ import annotations

import asyncio
import logging

from bot.conversation.history import build_turns
from bot.conversation.protocols import ThreadHistory
from bot.storage.database import BotDatabase
from bot.types import IncomingMessage, MessageKey, ThreadMessage
from ingest.errors import StateError
from rag_core.types import Question, Scope

logger = logging.getLogger(__name__)

READ_SECONDS = 1.0
"""Longest wait for the settings of a channel."""

EarlierMessages = tuple[ThreadMessage, ...] | None
"""Messages of a thread before the question; None if they are still to be read."""


class QuestionBuilder:
    """Builds questions for the pipeline from messages."""

    def __init__(self, database: BotDatabase, threads: ThreadHistory) -> None:
        self._database = database
        self._threads = threads
        self._settings: dict[tuple[str, str], tuple[Scope, str]] = {}

    async def prepare(self, message: IncomingMessage, earlier: EarlierMessages = None) -> Question:
        """Return the question with its thread's history and its channel's settings.

        If the state database can't be used, the settings that were read last count.
        """
        if earlier is None and message.asks_in_thread:
            earlier = await self._threads.read_before(message.asked_key, message.asked_thread_ts)
        scope, instructions = await self._read_settings(message.key)
        history = build_turns(earlier, asker=message.user) if earlier else ()
        return Question(message.text, history, scope, instructions)

    async def _read_settings(self, key: MessageKey) -> tuple[Scope, str]:
        place = (key.team, key.channel)
        reading = asyncio.to_thread(self._read_channel, key)
        try:
            self._settings[place] = await asyncio.wait_for(reading, READ_SECONDS)
        except (StateError, TimeoutError) as error:
            logger.warning("The settings of a channel could not be read: %r", error)
        return self._settings.get(place, (Scope(), ""))

    def _read_channel(self, key: MessageKey) -> tuple[Scope, str]:
        """Read the scope and the instructions of a channel; blocks."""
        scope = self._database.scopes.read_scope(key.team, key.channel)
        return scope, self._database.instructions.read_instructions(key.team, key.channel)
