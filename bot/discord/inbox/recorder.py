"""The recorder: writes questions, edits and deletions down as they come."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

import discord

from bot.conversation.dispatcher import Dispatcher
from bot.conversation.signal_sender import LOOK_SECONDS, SignalSender
from bot.discord.client.gateway import DiscordClient
from bot.discord.inbox.messages import ListenerConfig, build_key, parse_edit, parse_message
from bot.storage.inbox_view import InboxView
from bot.storage.question_filter import QuestionFilter
from bot.types import IncomingMessage
from ingest.errors import StateError

logger = logging.getLogger(__name__)


class MessageRecorder:
    """Hands what people write to the dispatcher, before anything is answered."""

    def __init__(
        self,
        client: DiscordClient,
        dispatcher: Dispatcher,
        view: InboxView,
        signals: SignalSender,
        config: ListenerConfig,
    ) -> None:
        """Record what `config` says is for docent.

        Args:
            client: knows the channels.
            dispatcher: gets the questions.
            view: knows the threads in which docent answered.
            signals: sends deletions.
            config: says which messages are for docent.
        """
        self._client = client
        self._dispatcher = dispatcher
        self._view = view
        self._signals = signals
        self._config = config
        self.is_open = True
        """False as soon as docent stops; the next start reads what comes then."""

    async def record_message(self, message: discord.Message) -> None:
        """Record a new message if it may be a question."""
        parsed = parse_message(message, self._config) if self.is_open else None
        if parsed is not None and await self._is_for_docent(parsed):
            await self._dispatcher.offer(parsed)

    async def record_missed(self, message: discord.Message) -> None:
        """Record a message that was written while docent was away.

        Raises:
            StateError: the state database can't be used.
        """
        parsed = parse_message(message, self._config) or parse_edit(message, self._config)
        if parsed is not None and await self._is_for_docent(parsed):
            await self._dispatcher.offer_missed(replace(parsed, was_missed=True))

    async def record_edit(self, message: discord.Message) -> None:
        """Record an edited message if it is a question now."""
        parsed = parse_edit(message, self._config) if self.is_open else None
        if parsed is not None:
            await self._dispatcher.offer(parsed)

    async def record_deletion(self, message_id: int, channel_id: int, guild: int | None) -> None:
        """Stop the answer to a deleted message, and take it back.

        Args:
            message_id: id of the message.
            channel_id: id of its channel or thread.
            guild: id of its server; None for a direct message.
        """
        found = self._client.get_channel(channel_id)
        plain = self._client.get_partial_messageable(channel_id)
        key, _ = build_key(message_id, found if isinstance(found, discord.Thread) else plain, guild)
        await self._signals.send("delete", QuestionFilter.of_message(key))

    async def _is_for_docent(self, message: IncomingMessage) -> bool:
        """Return False for a thread in which docent answered nothing."""
        if message.audience != "thread":
            return True
        place = message.key.team, message.key.channel, message.thread_ts
        reading = self._dispatcher.run_blocking(self._view.has_thread, *place)
        try:
            return await asyncio.wait_for(reading, LOOK_SECONDS)
        except (StateError, TimeoutError) as error:
            logger.warning("A message could not be looked up: %r", error)
            return True  # it is decided when its turn comes
