"""Responder: decides whether a message is answered, claims it, and answers it."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from dataclasses import replace
from hashlib import blake2b

from bot.background import BackgroundTasks
from bot.conversation.answer_flow import AnswerFlow
from bot.conversation.question_detector import is_question
from bot.slack.client.respond import Click, Respond, respond_privately
from bot.slack.inbox.access import AccessPolicy
from bot.slack.inbox.acknowledgement import Acknowledgement
from bot.slack.inbox.follow_ups import FollowUps
from bot.slack.inbox.message_reader import MessageReader
from bot.slack.reply.surface import SlackSurface
from bot.storage.database import BotDatabase
from bot.texts import answers
from bot.texts import asking as words
from bot.types import Asker, IncomingMessage, MessageKey, ThreadMessage
from ingest.errors import StateError

_MAX_TOLD_MESSAGES = 1_000
"""Most messages remembered whose author was told that the state database can't be used."""

logger = logging.getLogger(__name__)


class Responder:
    """Accepts every message that is to be answered, and answers it once."""

    def __init__(  # noqa: PLR0913  (the parts, by name)
        self,
        flow: AnswerFlow,
        surface: SlackSurface,
        database: BotDatabase,
        *,
        access: AccessPolicy,
        follow_ups: FollowUps,
        reader: MessageReader,
        acknowledgement: Acknowledgement,
        tasks: BackgroundTasks,
    ) -> None:
        self._flow = flow
        self._surface = surface
        self._database = database
        self._access = access
        self._follow_ups = follow_ups
        self._reader = reader
        self._acknowledgement = acknowledgement
        self._tasks = tasks
        self._told_keys: deque[MessageKey] = deque(maxlen=_MAX_TOLD_MESSAGES)

    def accept(self, message: IncomingMessage) -> None:
        """Answer a message; return at once."""
        self._tasks.start(self._respond(message))

    def accept_edit(self, message: IncomingMessage) -> None:
        """Answer an edited message again, if it was answered; return at once."""
        self._tasks.start(self._respond_to_edit(message))

    def accept_deletion(self, key: MessageKey) -> None:
        """Stop the answer to a deleted message; return at once."""
        self._tasks.start(self._stop_deleted(key))

    def accept_stop(self, channel: str, thread_ts: str) -> None:
        """Stop the answers in flight in a thread; return at once."""
        self._tasks.start(self._stop_thread(channel, thread_ts))

    async def on_stop_click(self, click: Click, respond: Respond) -> None:
        """Stop the answer whose button was pressed, if its asker pressed it."""
        in_flight = self._flow.find_in_flight_at(click.channel, click.message_ts)
        if in_flight is None:
            await respond_privately(respond, click, words.STOP_TOO_LATE)
        elif in_flight.message.user != click.user:
            await respond_privately(respond, click, words.STOP_NOT_YOURS)
        else:
            await in_flight.stop()

    async def _respond(self, message: IncomingMessage) -> None:
        try:
            refusal = await self._access.find_refusal(_build_asker(message))
            if message.audience == "mention" and refusal is not None:
                await self._refuse(message, refusal)
            elif message.audience == "mention":
                await self._answer_mention(message)
            elif refusal is None:
                await self._answer_unmentioned(message)
        except StateError as error:
            logger.exception("A message could not be claimed.")
            # Slack delivers a mention twice, and without the database it can't be claimed.
            if message.audience == "mention" and message.key not in self._told_keys:
                self._told_keys.append(message.key)
                await self._surface.post(message, answers.render_error(error))

    async def _answer_mention(self, message: IncomingMessage) -> None:
        async with self._database.claims.hold(message.key) as claimed:
            if not claimed:
                return
            if message.kind == "hint":
                await self._surface.post(message, answers.HINT)
            elif message.kind == "small_talk":
                await self._acknowledgement.react(message)
            elif complete := await self._reader.complete(message):
                await self._flow.answer(complete, self._surface.open_reply(complete))

    async def _answer_unmentioned(self, message: IncomingMessage) -> None:
        """Answer a message of one of docent's threads or channels.

        Decide first, then claim it: most of these messages are no questions to docent.
        """
        earlier: tuple[ThreadMessage, ...] | None = ()
        if message.audience == "thread":
            in_flight = self._flow.list_in_flight(message.key.channel, message.thread_ts)
            asker = in_flight[-1].message.user if in_flight else ""
            follow_up = await self._follow_ups.decide(message, asker=asker)
            if follow_up.action == "acknowledge":
                await self._react(message)
            earlier = follow_up.earlier if follow_up.action == "answer" else None
        elif not is_question(message.text):
            earlier = None
        if earlier is None:
            return
        async with self._database.claims.hold(message.key) as claimed:
            if claimed and (complete := await self._reader.complete(message)):
                reply = self._surface.open_reply(complete)
                await self._flow.answer(complete, reply, earlier=earlier)

    async def _react(self, message: IncomingMessage) -> None:
        async with self._database.claims.hold(message.key) as claimed:
            if claimed:
                await self._acknowledgement.react(message)

    async def _refuse(self, message: IncomingMessage, sentence: str) -> None:
        """Post a refusal, once for a message and its asker.

        Others may still ask about the same message, by a reaction.
        """
        key = replace(message.key, ts=f"{message.key.ts}@{message.user}")
        async with self._database.claims.hold(key) as claimed:
            if claimed and self._access.should_post_refusal(_build_asker(message)):
                await self._surface.post_privately(message, sentence)

    async def _respond_to_edit(self, message: IncomingMessage) -> None:
        """Answer an edited message, each version of its text once.

        It must have been answered before, or mention docent only now.
        """
        previous = await asyncio.to_thread(self._database.answers.find_by_message, message.key)
        was_answered = previous is not None or self._flow.find_in_flight(message.key) is not None
        if not was_answered and not message.is_first_mention:
            return
        if await self._access.find_refusal(_build_asker(message)) is not None:
            return
        async with self._database.claims.hold(_build_version_key(message)) as claimed:
            if not claimed:
                return
            message_timestamps = previous.posted if previous else ()
            while in_flight := self._flow.find_in_flight(message.key):
                if in_flight.message.edited_ts > message.edited_ts:
                    return
                message_timestamps = await in_flight.stop()
            reply = self._surface.open_reply(message, replaces=message_timestamps)
            complete = await self._reader.complete(message) or message
            await self._flow.answer(complete, reply)

    async def _stop_deleted(self, key: MessageKey) -> None:
        in_flight = self._flow.find_in_flight(key)
        if in_flight is not None and not in_flight.is_complete:
            message_timestamps = await in_flight.stop()
            await self._surface.delete(in_flight.message, message_timestamps)

    async def _stop_thread(self, channel: str, thread_ts: str) -> None:
        answers_in_flight = self._flow.list_in_flight(channel, thread_ts)
        for in_flight in answers_in_flight:
            await in_flight.stop()
        if not answers_in_flight:
            await self._surface.set_thread_active(channel, thread_ts)


def _build_asker(message: IncomingMessage) -> Asker:
    return Asker(message.user, message.user_team, message.key.channel, message.key.team)


def _build_version_key(message: IncomingMessage) -> MessageKey:
    """Return the key that claims one version of a message's text."""
    text = f"{message.edited_ts} {message.text}".encode(errors="replace")
    digest = blake2b(text, digest_size=5).hexdigest()
    return replace(message.key, ts=f"{message.key.ts}#{digest}")
