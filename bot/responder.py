"""From message to reply: claim it, answer it, settle the claim."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Protocol

from bot import messages
from bot.claims import Claims
from bot.conversation import Conversation, Reply
from bot.incoming import IncomingMessage
from bot.tasks import Tasks
from ingest.errors import StateError
from rag_core.types import Question, Turn

logger = logging.getLogger(__name__)


class Surface(Protocol):
    """Where messages come from and replies go to."""

    def reply_to(self, message: IncomingMessage) -> Reply:
        """An answer to the message, not yet begun."""

    async def history(self, message: IncomingMessage) -> tuple[Turn, ...]:
        """What was said before the message in its thread, as far as it can be read."""

    async def say(self, message: IncomingMessage, sentence: str) -> None:
        """Say one sentence in answer to the message."""


class Responder:
    """Takes every message that is to be answered and sees to it that it is, once."""

    def __init__(
        self,
        conversation: Conversation,
        claims: Claims,
        surface: Surface,
        tasks: Tasks,
    ) -> None:
        self._conversation = conversation
        self._claims = claims
        self._tasks = tasks
        self._surface = surface

    def accept(self, message: IncomingMessage) -> None:
        """Answer a message; returns at once."""
        self._tasks.start(self._respond(message))

    async def _respond(self, message: IncomingMessage) -> None:
        try:
            async with self._claims.hold(message.key) as mine:
                if mine:
                    await self._answer(message)
        except StateError as error:
            logger.exception("A message could not be claimed.")
            await self._surface.say(message, messages.sentence(error))

    async def _answer(self, message: IncomingMessage) -> None:
        if message.kind == "hint":
            await self._surface.say(message, messages.HINT)
        else:
            reply = self._surface.reply_to(message)

            async def prepare(question: Question) -> Question:
                return replace(question, history=await self._surface.history(message))

            await self._conversation.answer(Question(message.text), reply, prepare=prepare)
