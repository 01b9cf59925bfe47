"""Question builder: a message with its thread and its channel's settings becomes a question."""

from __future__ import annotations

import asyncio

from bot.conversation.history import build_turns
from bot.conversation.protocols import ThreadHistory
from bot.storage.database import BotDatabase
from bot.types import IncomingMessage, MessageKey, ThreadMessage
from rag_core.types import Question, Scope

EarlierMessages = tuple[ThreadMessage, ...] | None
"""Messages of a thread before the question; None if they are still to be read."""


class QuestionBuilder:
    """Builds questions for the pipeline from messages."""

    def __init__(self, database: BotDatabase, threads: ThreadHistory) -> None:
        self._database = database
        self._threads = threads

    async def prepare(self, message: IncomingMessage, earlier: EarlierMessages = None) -> Question:
        """Return the question with its thread's history and its channel's settings.

        Raises:
            StateError: the state database can't be used.
        """
        if earlier is None and message.in_thread:
            earlier = await self._threads.read_before(message.key, message.thread_ts)
        scope, instructions = await asyncio.to_thread(self._read_channel, message.key)
        history = build_turns(earlier, asker=message.user) if earlier else ()
        return Question(message.text, history, scope, instructions)

    def _read_channel(self, key: MessageKey) -> tuple[Scope, str]:
        """Read the scope and the instructions of a channel; blocks."""
        scope = self._database.scopes.read_scope(key.team, key.channel)
        return scope, self._database.instructions.read_instructions(key.team, key.channel)
