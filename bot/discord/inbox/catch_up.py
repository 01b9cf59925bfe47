"""Catch-up: reads what docent was asked while it was away."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import discord

from bot.background import BackgroundTasks
from bot.discord.client.gateway import DISCORD_FAILURES, DiscordClient
from bot.discord.inbox.messages import DIRECT_TEAM, ListenerConfig
from bot.discord.inbox.recorder import MessageRecorder
from bot.storage.known_messages import KnownMessages
from ingest.errors import StateError

RETRY_SECONDS = 30.0
"""The pause before another try if the state database can't be used."""

MAX_PLACES = 300
"""Most channels, threads and direct conversations that are read at a time."""

MAX_DIRECT = 50
"""Most direct conversations that are read; Discord lists none, so those of earlier questions."""

MAX_MESSAGES = 200
"""Most messages that are read of one place."""

logger = logging.getLogger(__name__)


class CatchUp:
    """Reads docent's channels after each new session, one round at a time."""

    def __init__(
        self,
        client: DiscordClient,
        recorder: MessageRecorder,
        known: KnownMessages,
        *,
        config: ListenerConfig,
        minutes: int,
    ) -> None:
        """Catch up at most so many minutes.

        Args:
            client: reads the channels.
            recorder: gets what was missed.
            known: knows the direct conversations.
            config: says in which servers docent answers.
            minutes: how far back to read; 0 for not at all.
        """
        self._client = client
        self._recorder = recorder
        self._known = known
        self._config = config
        self._longest = timedelta(minutes=minutes)
        self._tasks = BackgroundTasks()

    def start(self) -> None:
        """Read in the background, unless a round is on its way."""
        if self._longest and not len(self._tasks):
            self._tasks.start(self._run(datetime.now(UTC) - self._longest))

    async def close(self) -> None:
        """Read no more; the next start reads the rest."""
        self._tasks.cancel()
        await self._tasks.wait(1.0)

    async def _run(self, since: datetime) -> None:
        while True:
            try:
                await self._read_all(since)
            except StateError as error:
                logger.warning("Missed messages can't be kept without the database: %s", error)
                await asyncio.sleep(RETRY_SECONDS)
            else:
                return

    async def _read_all(self, since: datetime) -> None:
        known = await asyncio.to_thread(self._known.list_threads, DIRECT_TEAM, MAX_DIRECT)
        direct = dict.fromkeys(int(channel) for channel, _ in known)
        places = [*direct, *self._list_channels()]
        for number in places[:MAX_PLACES]:
            await self._read_place(number, since)

    def _list_channels(self) -> Iterator[int]:
        """Yield threads and channels in which docent answers, by id."""
        guilds = [each for each in self._client.guilds if str(each.id) in self._config.guilds]
        for guild in guilds:
            yield from (thread.id for thread in guild.threads)
        for guild in guilds:
            yield from (channel.id for channel in guild.text_channels)

    async def _read_place(self, number: int, since: datetime) -> None:
        try:
            place = self._client.get_channel(number) or await self._client.fetch_channel(number)
            if not isinstance(place, discord.abc.Messageable):
                return
            missed = [
                each
                async for each in place.history(limit=MAX_MESSAGES, after=since, oldest_first=True)
            ]
        except DISCORD_FAILURES as error:
            logger.info("A channel can't be read: %s", error)
            return
        for message in missed:
            await self._recorder.record_missed(message)
