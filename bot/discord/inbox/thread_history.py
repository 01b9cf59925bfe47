"""Thread history: the messages before a question, as the question builder reads them."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence

import discord

from bot.conversation.protocols import FileContents
from bot.discord.client.gateway import DISCORD_FAILURES, DiscordClient
from bot.discord.inbox.messages import read_text
from bot.types import MessageKey, SharedFile, ThreadMessage

MESSAGES = 50
"""Last messages that are read before a question."""

_TAIL = re.compile(r"\n\n\*\*[^\n]+\*\*\n(?:\[\d+\]|- ).*", re.DOTALL)
_SMALL_PRINT = re.compile(r"^-# .*$", re.MULTILINE)

logger = logging.getLogger(__name__)


class DiscordThreadHistory:
    """Reads threads and direct conversations."""

    def __init__(self, client: DiscordClient) -> None:
        self._client = client

    async def read_before(
        self, key: MessageKey, thread_ts: str
    ) -> tuple[ThreadMessage, ...] | None:
        """Return the messages of a thread before one, oldest first.

        Return None if they can't be read. The first is the one that the thread was made of.
        """
        parent = self._client.get_partial_messageable(int(key.channel))
        first: list[discord.Message] = []
        if not isinstance(self._client.get_channel(int(key.channel)), discord.ForumChannel):
            try:
                first = [await parent.fetch_message(int(thread_ts))]
            except discord.NotFound:
                first = []  # the thread was not made of a message
            except DISCORD_FAILURES as error:
                logger.warning("The first message of a thread can't be read: %s", error)
                return None
        before = await self._read(int(thread_ts), key)
        return None if before is None else tuple(self._convert([*first, *before]))

    async def read_conversation(self, key: MessageKey) -> tuple[ThreadMessage, ...] | None:
        """Return the direct messages before one, oldest first.

        Return None if they can't be read.
        """
        before = await self._read(int(key.channel), key)
        return None if before is None else tuple(self._convert(before))

    async def _read(self, channel: int, key: MessageKey) -> list[discord.Message] | None:
        place = self._client.get_partial_messageable(channel)
        end = discord.Object(int(key.ts))
        try:
            newest_first = [each async for each in place.history(limit=MESSAGES, before=end)]
        except DISCORD_FAILURES as error:
            logger.warning("A thread can't be read: %s", error)
            return None
        return newest_first[::-1]

    def _convert(self, messages: Sequence[discord.Message]) -> list[ThreadMessage]:
        """Leave out messages without a text, such as those that Discord hides."""
        own = self._client.user.id if self._client.user else 0
        converted: list[ThreadMessage] = []
        for message in messages:
            text = read_text(message, own)
            is_own = message.author.id == own
            if is_own:
                text = _SMALL_PRINT.sub("", _TAIL.sub("", text)).strip()
            if text:
                user, is_app = str(message.author.id), message.author.bot and not is_own
                converted.append(ThreadMessage(user, text, is_own=is_own, is_app=is_app))
        return converted


class UnreadFiles:
    """Names the files of a question: docent reads none on Discord."""

    async def read(self, files: Sequence[SharedFile]) -> FileContents:
        """Return the names of the files."""
        return FileContents(unread=tuple(each.name for each in files))
