"""One question with what belongs around it: history and scope before, the record after."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field, replace
from typing import Protocol
from uuid import uuid4

from bot.conversation.history import turns
from bot.conversation.protocols import Reply, ThreadHistory
from bot.conversation.runner import Around, Conversation
from bot.conversation.silent_reply import QuietReply, shows
from bot.storage.answers import KeptAnswer
from bot.storage.database import Memory
from bot.types import Footing, IncomingMessage, MessageKey, ThreadMessage
from ingest.errors import StateError
from rag_core.types import Answer, Question, Scope

logger = logging.getLogger(__name__)


class Shown(Reply, Protocol):
    """A reply of this application: it has a footing, and messages that stand somewhere."""

    footing: Footing

    @property
    def standing(self) -> tuple[str, ...]:
        """Time stamps of its messages."""


@dataclass(eq=False, slots=True)
class Underway:
    """An answer that is being given; `complete` once there is nothing left but to show it."""

    message: IncomingMessage
    reply: Shown
    complete: bool = False
    done: asyncio.Event = field(default_factory=asyncio.Event)

    async def stop(self) -> tuple[str, ...]:
        """Stop it; the messages it leaves."""
        self.reply.stopped.set()
        await self.done.wait()
        return self.reply.standing


class Answerer:
    """Answers messages and remembers what it said; knows what is under way in this process."""

    def __init__(self, conversation: Conversation, memory: Memory, threads: ThreadHistory) -> None:
        self._conversation = conversation
        self._memory = memory
        self._threads = threads
        self._underway: dict[MessageKey, Underway] = {}

    def underway(self, key: MessageKey) -> Underway | None:
        """The answer to a message, while it is being given."""
        return self._underway.get(key)

    def underway_in(self, channel: str, thread_ts: str) -> list[Underway]:
        """The answers that are being given in a thread."""
        return [
            one
            for one in self._underway.values()
            if (one.message.key.channel, one.message.thread_ts) == (channel, thread_ts)
        ]

    def underway_at(self, channel: str, ts: str) -> Underway | None:
        """The answer that is being given in one of docent's messages."""
        here = (one for one in self._underway.values() if one.message.key.channel == channel)
        return next((one for one in here if ts in one.reply.standing), None)

    async def answer(
        self,
        message: IncomingMessage,
        reply: Shown,
        *,
        said: tuple[ThreadMessage, ...] | None = None,
    ) -> None:
        """Answer a message; `said` is what stands before it, read from Slack where not given."""
        underway = self._underway[message.key] = Underway(message, reply)
        answer_id = uuid4().hex
        around = Around(
            prepare=lambda question: self._prepare(question, message, reply, said),
            keep=lambda answer: self._keep(answer_id, answer, underway),
        )
        shown = QuietReply(reply) if message.reach == "channel" else reply
        try:
            if await self._conversation.answer(Question(message.text), shown, around):
                await self._note(answer_id, reply)
        finally:
            if self._underway.get(message.key) is underway:
                del self._underway[message.key]
            underway.done.set()

    async def _prepare(
        self,
        question: Question,
        message: IncomingMessage,
        reply: Shown,
        said: tuple[ThreadMessage, ...] | None,
    ) -> Question:
        if said is None and message.in_thread:
            said = await self._threads.read_before(message.key, message.thread_ts)
        scope = await self._scope(message.key)
        reply.footing = replace(reply.footing, scope=scope)
        history = turns(said or (), asker=message.user)
        return replace(question, history=history, scope=scope)

    async def _scope(self, key: MessageKey) -> Scope:
        return await asyncio.to_thread(self._memory.scopes.of, key.team, key.channel)

    async def _keep(self, answer_id: str, answer: Answer, underway: Underway) -> None:
        """Store the answer before its buttons can be pressed; without a database it has none."""
        underway.complete = True
        message, reply = underway.message, underway.reply
        if message.reach == "channel" and not shows(answer):
            return  # nobody saw it: docent did not answer there
        kept = KeptAnswer(
            id=answer_id,
            key=message.key,
            thread_ts=message.thread_ts,
            user=message.user,
            posted=reply.standing,
            question=message.text,
            answer=answer,
            scope=reply.footing.scope,
        )
        try:
            as_of = await asyncio.to_thread(self._memory.fresh_at)
            await asyncio.to_thread(self._memory.answers.keep, replace(kept, as_of=as_of))
        except StateError:
            logger.warning("An answer could not be kept.", exc_info=True)
            return
        shown_id = answer_id if self._memory.answers.keeps_texts else ""
        reply.footing = replace(reply.footing, answer_id=shown_id, as_of=as_of)

    async def _note(self, answer_id: str, reply: Shown) -> None:
        try:
            await asyncio.to_thread(self._memory.answers.note_posted, answer_id, reply.standing)
        except StateError:
            logger.warning("Where an answer stands could not be kept.", exc_info=True)
