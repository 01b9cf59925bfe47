"""Surface: opens replies and posts sentences where a question was asked."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from bot.discord.client.gateway import DISCORD_FAILURES, DiscordClient
from bot.discord.content.sentences import adapt_sentence
from bot.discord.reply.place import Place
from bot.discord.reply.posted import PostedMessages
from bot.discord.reply.thread_reply import EDIT_SECONDS, ThreadReply
from bot.types import AnswerContext, IncomingMessage

logger = logging.getLogger(__name__)


class DiscordSurface:
    """The threads and direct conversations of Discord, as the responder uses them."""

    def __init__(self, client: DiscordClient, *, edit_seconds: float = EDIT_SECONDS) -> None:
        self._client = client
        self._edit_seconds = edit_seconds

    def open_reply(
        self, message: IncomingMessage, *, replaces: Sequence[str] = (), progress: str = ""
    ) -> ThreadReply:
        """Open a reply to a message.

        Args:
            message: the question.
            replaces: docent's messages that the reply takes the place of.
            progress: the first sentence; empty for the one that says that docent is searching.

        Returns:
            The reply, which has not begun yet.
        """
        reply = ThreadReply(
            Place(self._client, message),
            replaces=replaces,
            progress=progress,
            edit_seconds=self._edit_seconds,
        )
        reply.context = AnswerContext(was_missed=message.was_missed)
        return reply

    async def find_own(self, message: IncomingMessage, known: frozenset[str]) -> tuple[str, ...]:
        """Return messages of docent's for a question that no record knows."""
        return await Place(self._client, message).find_own(known)

    async def post(
        self, message: IncomingMessage, sentence: str, posted: Sequence[str] = ()
    ) -> tuple[str, ...]:
        """Post one sentence, or show it in messages that are there.

        Args:
            message: the question.
            sentence: what to say.
            posted: docent's messages for it.

        Returns:
            The messages that show it.

        Raises:
            DiscordException, ClientError, OSError: Discord did not take it.
        """
        messages = PostedMessages(Place(self._client, message), posted)
        await messages.show([adapt_sentence(sentence)])
        return messages.ids

    async def withdraw(self, message: IncomingMessage, posted: Sequence[str]) -> None:
        """Take back what was shown for a question."""
        if not posted:
            return
        try:
            await PostedMessages(Place(self._client, message), posted).remove()
        except DISCORD_FAILURES as error:
            logger.warning("An answer could not be taken back: %s", error)

    async def react(self, message: IncomingMessage) -> None:
        """React to thanks; a reaction that Discord refuses is left out."""
        channel = message.thread_ts if message.in_thread else message.key.channel
        place = self._client.get_partial_messageable(int(channel))
        try:
            await place.get_partial_message(int(message.key.ts)).add_reaction("👍")
        except DISCORD_FAILURES as error:
            logger.info("A reaction could not be added: %s", error)
