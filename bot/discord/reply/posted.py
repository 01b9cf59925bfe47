"""Posted: the messages of one answer, posted once and then edited."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import discord

from bot.discord.client.gateway import DISCORD_FAILURES
from bot.discord.reply.place import Place

UNKNOWN_MESSAGE = 10008

logger = logging.getLogger(__name__)


class PostedMessages:
    """Brings docent's messages for a question up to date."""

    def __init__(
        self, place: Place, ids: Sequence[str] = (), on_posted: Callable[[], None] = lambda: None
    ) -> None:
        """Take over messages that are there already.

        Args:
            place: where they are.
            ids: docent's messages for the question.
            on_posted: called when there are more or fewer.
        """
        self._place = place
        self._on_posted = on_posted
        self._ids = list(ids)
        self._shown: dict[str, str] = {}
        self._again = 0

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of the messages."""
        return tuple(self._ids)

    async def show(self, texts: Sequence[str]) -> None:
        """Show these texts, and nothing else.

        Raises:
            DiscordException, ClientError, OSError: Discord did not take all of them.
        """
        for part, text in enumerate(texts):
            await self._show_part(part, text)
        await self._delete(self._ids[len(texts) :])

    async def show_first(self, text: str) -> None:
        """Show the first text; leave the other messages as they are.

        Raises:
            DiscordException, ClientError, OSError: Discord did not take it.
        """
        await self._show_part(0, text)

    async def remove(self) -> None:
        """Delete all messages."""
        await self._delete(list(self._ids))

    async def show_typing(self) -> None:
        """Show that docent writes, for some seconds."""
        channel = await self._place.open()
        async with channel.typing():
            pass

    async def _show_part(self, part: int, text: str) -> None:
        if part < len(self._ids):
            number = self._ids[part]
            if self._shown.get(number) == text:
                return
            channel = await self._place.open()
            try:
                await channel.get_partial_message(int(number)).edit(content=text)
            except discord.HTTPException as error:
                if error.code != UNKNOWN_MESSAGE:
                    raise
                # Someone deleted it. Those below have to follow the new message.
                self._again += 1
                await self._delete(self._ids[part + 1 :])
                del self._ids[part:]
            else:
                self._shown[number] = text
                return
        await self._post(part, text)

    async def _post(self, part: int, text: str) -> None:
        channel = await self._place.open()
        nonce = self._place.build_nonce(part, self._again)
        reference = self._place.build_reference()
        if reference is None:
            message = await channel.send(text, nonce=nonce, suppress_embeds=True)
        else:
            message = await channel.send(
                text, nonce=nonce, suppress_embeds=True, reference=reference
            )
        self._ids.append(str(message.id))
        self._on_posted()
        if message.content == text:
            self._shown[str(message.id)] = text
        else:  # an earlier try with this nonce has posted it
            await self._show_part(part, text)

    async def _delete(self, ids: Sequence[str]) -> None:
        channel = await self._place.open()
        for number in ids:
            try:
                await channel.get_partial_message(int(number)).delete()
            except DISCORD_FAILURES as error:
                logger.warning("A message of docent's could not be deleted: %s", error)
        if ids:
            self._ids = [each for each in self._ids if each not in ids]
            self._on_posted()
