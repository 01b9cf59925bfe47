"""Responder: decides what a question of the inbox gets, and answers it."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import replace

from bot.conversation.answer_flow import AnswerFlow
from bot.conversation.dispatcher import Dispatcher
from bot.conversation.earlier_versions import EarlierVersions, wait_for_state
from bot.conversation.follow_ups import FollowUp, FollowUps, find_open_asker
from bot.conversation.inbox_writer import Outcome
from bot.conversation.open_question import OpenQuestion
from bot.conversation.question_builder import EarlierMessages
from bot.conversation.resumption import MAX_ATTEMPTS, is_hopeless, render_first_progress
from bot.errors import UndeliverableError
from bot.health.telemetry import Telemetry
from bot.slack.client.api_errors import SLACK_FAILURES, get_error_code
from bot.slack.client.locale import UserLocales
from bot.slack.client.respond import Click, Respond, build_respond, respond_privately
from bot.slack.inbox.access import ASKER_SECONDS, AccessPolicy
from bot.slack.inbox.acknowledgement import Acknowledgement
from bot.slack.inbox.message_reader import MessageReader
from bot.slack.inbox.orphans import Orphans
from bot.slack.reply.ephemeral import EphemeralReply
from bot.slack.reply.surface import SlackSurface
from bot.storage.database import BotDatabase
from bot.storage.inbox_entry import FINISHING, PLACED, InboxEntry
from bot.storage.question_filter import QuestionFilter
from bot.texts import answers
from bot.texts import asking as words
from bot.texts.catalog import set_language
from bot.types import Asker, IncomingMessage
from ingest.errors import StateError
from rag_core.request_id import REQUEST_ID

RESPONSE_URL_SECONDS = 29 * 60.0
"""Slack takes answers by a response URL for half an hour."""

OUTAGE_SECONDS = 60.0
"""So long an asker is looked up again while Slack is down; calls that post wait as long."""

LOOK_AGAIN_SECONDS = 1.0

logger = logging.getLogger(__name__)


class Responder:
    """Answers the questions that the dispatcher takes, each to its end."""

    def __init__(  # noqa: PLR0913  (the parts, by name)
        self,
        flow: AnswerFlow,
        surface: SlackSurface,
        database: BotDatabase,
        *,
        access: AccessPolicy,
        follow_ups: FollowUps,
        orphans: Orphans,
        reader: MessageReader,
        acknowledgement: Acknowledgement,
        locales: UserLocales,
        dispatcher: Dispatcher,
        telemetry: Telemetry | None = None,
    ) -> None:
        self._flow = flow
        self._surface = surface
        self._database = database
        self._access = access
        self._follow_ups = follow_ups
        self._orphans = orphans
        self._reader = reader
        self._acknowledgement = acknowledgement
        self._locales = locales
        self._telemetry = telemetry or Telemetry()
        self._dispatcher = dispatcher
        self._versions = EarlierVersions(database, dispatcher)

    async def handle(self, question: OpenQuestion) -> Outcome:
        """Answer one question, and return what became of it."""
        REQUEST_ID.set(question.id)
        set_language(await self._locales.find_locale(question.entry.message.user))
        message = question.entry.message
        gives_up = is_hopeless(question.entry)
        try:
            if gives_up:
                return await self._end_hopeless(question, message)
            completed = await self._reader.complete(message)
            if completed is None:
                return "ignored"
            return await self._respond(question, completed)
        except StateError as error:
            logger.warning("A question is given up, as the state database is away: %s", error)
            return "ignored"
        except UndeliverableError as error:
            logger.warning("An answer could not be delivered, and is tried again: %s", error)
        except SLACK_FAILURES as error:
            logger.warning("Slack took no answer: %s", get_error_code(error) or error)
        return "given_up" if gives_up else "undelivered"

    async def _end_hopeless(self, question: OpenQuestion, message: IncomingMessage) -> Outcome:
        """Tell the asker that docent failed at a question."""
        logger.error("A question was given up after %d attempts.", MAX_ATTEMPTS)
        self._telemetry.record_told(message.origin, "given_up", request_id=question.id)
        if message.is_private:
            await self._open_private_reply(question.entry).fail(answers.GAVE_UP)
            return "told"
        if message.audience != "mention":
            return "given_up"
        reply = self._surface.open_reply(message, replaces=question.posted, is_resumed=True)
        reply.begin()
        await reply.fail(answers.GAVE_UP)
        return "told"

    async def show_place(
        self, message: IncomingMessage, place: int, posted: tuple[str, ...]
    ) -> tuple[str, ...]:
        """Show a person the place of their question in the line.

        Args:
            message: the question.
            place: its place, from 1.
            posted: docent's messages that showed it before.

        Returns:
            The messages that show it now; none if a status was enough.
        """
        if message.is_private:
            return ()
        set_language(await self._locales.find_locale(message.user))
        return await self._surface.show_waiting(message, answers.render_place(place)) or posted

    async def on_stop_click(self, click: Click, respond: Respond) -> None:
        """Stop the answer whose button was pressed, if its asker pressed it."""
        here = QuestionFilter(click.channel, posted=click.message_ts)
        # Its message may have been posted a moment ago, and not be recorded yet.
        found = self._dispatcher.find_active(here) or await asyncio.to_thread(
            self._database.inbox_view.list_open, here
        )
        if not found:
            await respond_privately(respond, click, words.STOP_TOO_LATE)
        elif not await self._is_asker(found[-1].message, click):
            await respond_privately(respond, click, words.STOP_NOT_YOURS)
        else:
            await self._dispatcher.send("stop", here)

    async def _is_asker(self, message: IncomingMessage, click: Click) -> bool:
        """Return whether the person who clicked has asked."""
        home = await self._access.find_home(message.user, message.user_team)
        return (message.user, home) == (click.user, click.user_team)

    async def _respond(self, question: OpenQuestion, message: IncomingMessage) -> Outcome:
        asker = Asker(message.user, message.user_team, message.key.channel, message.key.team)
        refusal = await self._find_refusal(asker)
        if refusal is not None:
            if message.audience != "mention":
                return "ignored"
            if message.is_private or self._access.should_post_refusal(asker, refusal):
                await self._say(question, message, refusal)
            return "refused"
        home_team = await self._access.find_home(message.user, message.user_team)
        message = replace(message, home_team=home_team)
        foreign = words.FOREIGN_MESSAGE if message.is_about_foreign else ""
        if no := foreign or answers.find_limit_sentence(question.entry.stage):
            await self._say(question, message, no)
            return "told"
        if message.kind == "hint":
            await self._surface.post(message, answers.HINT)
            return "told"
        if message.kind == "small_talk" and message.audience == "mention":
            await self._acknowledgement.react(message)
            return "told"
        return await self._choose_answer(question, message)

    async def _find_refusal(self, asker: Asker) -> str | None:
        """Return the sentence that refuses an asker.

        An asker who can't be looked up because Slack is down gets the answer when it is back.
        """
        end = time.monotonic() + OUTAGE_SECONDS
        while True:
            refusal = await self._access.find_refusal(asker, wait=ASKER_SECONDS)
            is_over = not self._access.is_slack_down or time.monotonic() >= end
            if refusal != answers.NOT_LOOKED_UP or is_over:
                return refusal
            await asyncio.sleep(LOOK_AGAIN_SECONDS)

    async def _choose_answer(self, question: OpenQuestion, message: IncomingMessage) -> Outcome:
        if message.is_private:
            return await self._answer_privately(question, message)
        if message.edited_ts:
            return await self._answer_edit(question, message)
        if message.audience == "thread":
            return await self._answer_follow_up(question, message)
        return await self._answer(question, message)

    async def _say(self, question: OpenQuestion, message: IncomingMessage, sentence: str) -> None:
        """Tell the asker alone why there is no answer."""
        self._telemetry.record_told(message.origin, "refused", request_id=question.id)
        if message.is_private:
            await self._open_private_reply(question.entry).fail(sentence)
        else:
            await self._surface.post_privately(message, sentence)

    async def _answer(
        self,
        question: OpenQuestion,
        message: IncomingMessage,
        earlier: EarlierMessages = None,
    ) -> Outcome:
        entry = question.entry
        is_placed_elsewhere = entry.stage == PLACED and not question.is_watched
        may_be_begun = entry.is_resumed or message.may_be_answered or is_placed_elsewhere
        if may_be_begun and not question.posted:
            question.posted = await self._orphans.find(message, entry.id)
        reply = self._surface.open_reply(
            message,
            replaces=question.posted,
            progress=render_first_progress(entry),
            is_resumed=may_be_begun,
        )
        outcome = await self._flow.answer(question, message, reply, earlier=earlier)
        if question.signal == "delete" and outcome == "given_up":
            await self._surface.delete(message, question.posted)
            question.posted = ()
        return outcome

    async def _answer_follow_up(self, question: OpenQuestion, message: IncomingMessage) -> Outcome:
        """Answer a message of one of docent's threads.

        Decide first: most of these messages are not questions to docent.
        """
        follow_up = await wait_for_state(lambda: self._decide_follow_up(question, message))
        if follow_up.action == "ignore":
            return "ignored"
        if follow_up.action == "acknowledge":
            await self._acknowledgement.react(message)
            return "told"
        return await self._answer(question, message, follow_up.earlier)

    async def _decide_follow_up(self, question: OpenQuestion, message: IncomingMessage) -> FollowUp:
        asker = await find_open_asker(self._database.inbox_view, message, but=question.id)
        return await self._follow_ups.decide(message, asker=asker)

    async def _answer_edit(self, question: OpenQuestion, message: IncomingMessage) -> Outcome:
        """Answer an edited message in place of its earlier version."""
        is_latest = await self._versions.replace_earlier(question, message)
        if is_latest is None:
            return "ignored"
        if not is_latest:
            return "given_up"
        return await self._answer(question, message)

    async def _answer_privately(self, question: OpenQuestion, message: IncomingMessage) -> Outcome:
        """Answer a command or a shortcut to its asker alone."""
        entry = question.entry
        reply = self._open_private_reply(entry)
        if not message.text:
            await reply.fail(words.NO_QUESTION_THERE)
            return "told"
        if entry.stage == FINISHING:
            await reply.fail(answers.INTERRUPTED_PRIVATELY)
            return "told"
        return await self._flow.answer(question, message, reply)

    def _open_private_reply(self, entry: InboxEntry) -> EphemeralReply:
        """Open a reply by the response URL, if Slack still takes it."""
        is_fresh = entry.response_url and entry.age < RESPONSE_URL_SECONDS
        respond = build_respond(entry.response_url) if is_fresh else None
        return self._surface.open_private_reply(entry.message, respond)
