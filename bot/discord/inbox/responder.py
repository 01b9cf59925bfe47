"""Responder: decides what a question of the inbox gets, and answers it."""

from __future__ import annotations

import asyncio
import logging

from bot.conversation.answer_flow import AnswerFlow
from bot.conversation.earlier_versions import EarlierVersions, wait_for_state
from bot.conversation.follow_ups import FollowUp, FollowUps, find_open_asker
from bot.conversation.inbox_writer import Outcome
from bot.conversation.open_question import OpenQuestion
from bot.conversation.question_builder import EarlierMessages
from bot.conversation.resumption import is_hopeless, render_first_progress
from bot.discord.client.gateway import DISCORD_FAILURES, DiscordClient
from bot.discord.inbox.messages import DIRECT_TEAM
from bot.discord.reply.surface import DiscordSurface
from bot.errors import UndeliverableError
from bot.storage.database import BotDatabase
from bot.storage.inbox_entry import PLACED
from bot.texts import answers
from bot.texts.catalog import set_language
from bot.types import IncomingMessage
from ingest.errors import StateError

logger = logging.getLogger(__name__)


class DiscordResponder:
    """Answers the questions that the dispatcher takes, each to its end."""

    def __init__(  # noqa: PLR0913  (the parts, by name)
        self,
        flow: AnswerFlow,
        surface: DiscordSurface,
        database: BotDatabase,
        *,
        client: DiscordClient,
        follow_ups: FollowUps,
        versions: EarlierVersions,
    ) -> None:
        """Answer by these parts.

        Args:
            flow: runs the pipeline.
            surface: shows the answers.
            database: the bot's tables.
            client: knows the servers.
            follow_ups: decides about messages without a mention.
            versions: lets an edited question take the place of the one before.
        """
        self._flow = flow
        self._surface = surface
        self._database = database
        self._client = client
        self._follow_ups = follow_ups
        self._versions = versions

    async def handle(self, question: OpenQuestion) -> Outcome:
        """Answer one question, and return what became of it."""
        await self._client.wait_until_listed()
        message, gives_up = question.entry.message, is_hopeless(question.entry)
        self._set_language(message)
        try:
            if gives_up:
                return await self._end_hopeless(question, message)
            return await self._respond(question, message)
        except StateError as error:
            logger.warning("A question is given up, as the state database is away: %s", error)
            return "ignored"
        except UndeliverableError as error:
            logger.warning("An answer could not be delivered, and is tried again: %s", error)
        except DISCORD_FAILURES as error:
            logger.warning("Discord took no answer: %s", error)
        return "given_up" if gives_up else "undelivered"

    async def show_place(
        self, message: IncomingMessage, place: int, posted: tuple[str, ...]
    ) -> tuple[str, ...]:
        """Show a person the place of their question in the line.

        Args:
            message: the question.
            place: its place, from 1.
            posted: docent's messages that showed it before.

        Returns:
            The messages that show it now.
        """
        self._set_language(message)
        try:
            return await self._surface.post(message, answers.render_place(place), posted)
        except DISCORD_FAILURES as error:
            logger.warning("The place of a question can't be shown: %s", error)
            return posted

    def _set_language(self, message: IncomingMessage) -> None:
        """Speak the server's language: a message tells no person's."""
        team = message.key.team
        guild = None if team == DIRECT_TEAM else self._client.get_guild(int(team))
        set_language(str(guild.preferred_locale) if guild else "")

    async def _end_hopeless(self, question: OpenQuestion, message: IncomingMessage) -> Outcome:
        logger.error("A question was given up after several attempts.")
        if message.audience != "mention":
            return "given_up"
        question.posted = await self._surface.post(message, answers.GAVE_UP, question.posted)
        return "told"

    async def _respond(self, question: OpenQuestion, message: IncomingMessage) -> Outcome:
        no = answers.find_limit_sentence(question.entry.stage)
        if no or (message.kind == "hint" and message.audience == "mention"):
            question.posted = await self._surface.post(message, no or answers.HINT)
            return "told"
        if message.kind == "small_talk" and message.audience == "mention":
            await self._surface.react(message)
            return "told"
        if message.edited_ts:
            return await self._answer_edit(question, message)
        if message.audience == "thread":
            return await self._answer_follow_up(question, message)
        return await self._answer(question, message)

    async def _answer_edit(self, question: OpenQuestion, message: IncomingMessage) -> Outcome:
        """Answer an edited message in place of its earlier version."""
        is_latest = await self._versions.replace_earlier(question, message)
        if is_latest is None:
            return "ignored"
        return await self._answer(question, message) if is_latest else "given_up"

    async def _answer_follow_up(self, question: OpenQuestion, message: IncomingMessage) -> Outcome:
        """Answer a message of docent's threads that is for docent."""
        follow_up = await wait_for_state(lambda: self._decide(question, message))
        if follow_up.action == "ignore":
            return "ignored"
        if follow_up.action == "acknowledge":
            await self._surface.react(message)
            return "told"
        return await self._answer(question, message, follow_up.earlier)

    async def _decide(self, question: OpenQuestion, message: IncomingMessage) -> FollowUp:
        asker = await find_open_asker(self._database.inbox_view, message, but=question.id)
        return await self._follow_ups.decide(message, asker=asker)

    async def _answer(
        self, question: OpenQuestion, message: IncomingMessage, earlier: EarlierMessages = None
    ) -> Outcome:
        entry = question.entry
        is_placed_elsewhere = entry.stage == PLACED and not question.is_watched
        may_be_begun = entry.is_resumed or is_placed_elsewhere
        if may_be_begun and not question.posted:
            question.posted = await self._find_own(question, message)
        reply = self._surface.open_reply(
            message, replaces=question.posted, progress=render_first_progress(entry)
        )
        outcome = await self._flow.answer(question, message, reply, earlier=earlier)
        if question.signal == "delete" and outcome == "given_up":
            await self._surface.withdraw(message, question.posted)
            question.posted = ()
        return outcome

    async def _find_own(self, question: OpenQuestion, message: IncomingMessage) -> tuple[str, ...]:
        """Return what a process that died has posted for a question."""
        view, place = self._database.inbox_view, (message.key.channel, message.thread_ts)
        known = await asyncio.to_thread(view.list_posted, *place, but=question.id)
        return await self._surface.find_own(message, known)
