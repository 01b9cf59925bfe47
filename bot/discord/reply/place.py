"""Place: the thread, channel or direct conversation in which a question is answered."""

from __future__ import annotations

import logging
from collections.abc import Collection
from hashlib import blake2b
from typing import Literal

import discord

from bot.discord.client.gateway import DiscordClient
from bot.discord.inbox.messages import DIRECT_TEAM
from bot.types import IncomingMessage

THREAD_EXISTS = 160004
_NO_THREAD_HERE = {50001, 50013, 50024, 50035, 160006}
"""Codes of channels that take no new thread: the answer stands in the channel then."""

_NAME_LIMIT = 100
_MINUTES: Literal[1440] = 1440
_HISTORY = 100

logger = logging.getLogger(__name__)


class Place:
    """The place of one answer; its thread is made when it is needed first."""

    def __init__(self, client: DiscordClient, message: IncomingMessage) -> None:
        self._client = client
        self._message = message
        self._channel: discord.PartialMessageable | None = None
        self._is_own_thread = False
        key = message.key
        version = f"{key.team}/{key.channel}/{key.ts}/{message.version}"
        self._claim = blake2b(version.encode(errors="replace"), digest_size=9).hexdigest()

    async def open(self) -> discord.PartialMessageable:
        """Return where to write, and make the thread if there is none.

        Raises:
            DiscordException: Discord refused it.
        """
        if self._channel is None:
            self._channel = self._build(await self._find_channel())
        return self._channel

    def build_nonce(self, part: int, again: int = 0) -> str:
        """Build the nonce of a part, equal in each try."""
        return f"{self._claim}-{part}-{again}"[:25]

    def build_reference(self) -> discord.MessageReference | None:
        """Build the reference to the question; None in its own thread."""
        message = self._message
        if self._is_own_thread or self._channel is None or self._channel.id == int(message.key.ts):
            return None
        return discord.MessageReference(
            message_id=int(message.key.ts),
            channel_id=self._channel.id,
            fail_if_not_exists=False,
        )

    async def find_own(self, known: Collection[str]) -> tuple[str, ...]:
        """Return docent's messages for the question that no record knows, oldest first.

        A process that died may have posted them.
        """
        channel = await self.open()
        reference = self.build_reference()
        found = [
            str(each.id)
            async for each in channel.history(
                limit=_HISTORY, after=discord.Object(int(self._message.key.ts)), oldest_first=True
            )
            if self._client.user is not None
            and each.author.id == self._client.user.id
            and (each.reference.message_id if each.reference else None)
            == (reference.message_id if reference else None)
        ]
        return tuple(each for each in found if each not in known)

    async def _find_channel(self) -> int:
        message = self._message
        thread, ts = int(message.thread_ts), int(message.key.ts)
        parent = self._client.get_channel(int(message.key.channel))
        is_direct = message.is_direct
        if is_direct:
            return int(message.key.channel)
        if thread != ts or isinstance(parent, discord.ForumChannel):
            return thread
        return await self._make_thread(int(message.key.channel), ts)

    async def _make_thread(self, channel: int, ts: int) -> int:
        name = " ".join(self._message.text.split())[:_NAME_LIMIT] or "docent"
        try:
            await self._client.http.start_thread_with_message(
                channel, ts, name=name, auto_archive_duration=_MINUTES
            )
        except discord.HTTPException as error:
            if error.code in _NO_THREAD_HERE:
                logger.info("An answer stands in its channel, which takes no thread: %s", error)
                return channel
            if error.code != THREAD_EXISTS:
                raise
        self._is_own_thread = True
        return ts

    def _build(self, channel: int) -> discord.PartialMessageable:
        team = self._message.key.team
        guild = None if team == DIRECT_TEAM else int(team)
        return self._client.get_partial_messageable(channel, guild_id=guild)
