"""Escalation: passes questions on to the people in the help channel."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

from slack_sdk.models.blocks import (
    Block,
    ContextBlock,
    MarkdownTextObject,
    PlainTextObject,
    SectionBlock,
)

from bot.markup import markdown
from bot.slack.client.api_errors import SLACK_FAILURES, get_error_code
from bot.slack.client.workspace import SlackClients, is_direct_channel
from bot.slack.views import answer_blocks
from bot.storage.answers import AnswerRecord
from bot.storage.database import BotDatabase
from bot.texts import button_labels as words
from ingest.errors import StateError

QUESTION_LIMIT = 2_900

logger = logging.getLogger(__name__)


class Escalation:
    """Passes questions on to `DOCENT_HELP_CHANNEL`, once for each answer."""

    def __init__(self, slack: SlackClients, database: BotDatabase, channel: str) -> None:
        self._slack = slack
        self._answers = database.answers
        self._claims = database.claims
        self._channel = channel

    @property
    def is_available(self) -> bool:
        """True if there is a channel where people can be asked."""
        return bool(self._channel)

    async def escalate(self, record: AnswerRecord, user: str) -> str:
        """Pass a question on for `user`, and return the result's sentence."""
        if not self._channel:
            return words.NO_PEOPLE
        key = replace(record.key, ts=f"people-{record.id[:24]}")
        try:
            # If this process dies before the post, the button can be pressed again.
            async with self._claims.hold(key) as is_first:
                if not is_first or await asyncio.to_thread(self._answers.is_escalated, record.id):
                    return words.render_already_passed_on(self._channel)
                await self._post_question(record, user)
                await self._mark_escalated(record.id)
        except SLACK_FAILURES as error:
            logger.warning("People could not be asked: %s", get_error_code(error) or error)
            return words.PEOPLE_UNREACHABLE
        return words.render_passed_on(self._channel)

    async def _mark_escalated(self, answer_id: str) -> None:
        try:
            await asyncio.to_thread(self._answers.mark_escalated, answer_id)
        except StateError as error:  # it is posted, and must not be posted again
            logger.warning("A question that was passed on could not be marked: %s", error)

    async def _post_question(self, record: AnswerRecord, user: str) -> None:
        question = markdown.shorten(record.question, QUESTION_LIMIT)
        link = await self._fetch_permalink(record)
        content: list[Block] = [
            SectionBlock(text=MarkdownTextObject(text=words.render_escalation(user))),
            # Plain text notifies no one, even if it contains a mention.
            SectionBlock(text=PlainTextObject(text=question, emoji=False)),
            ContextBlock(elements=[MarkdownTextObject(text=words.render_answer_place(link))]),
        ]
        await self._slack.client.chat_postMessage(
            channel=self._channel,
            text=answer_blocks.render_preview(question),
            blocks=content,
            unfurl_links=False,
            unfurl_media=False,
        )

    async def _fetch_permalink(self, record: AnswerRecord) -> str:
        """Return the link to the thread; empty if others can't open it."""
        if is_direct_channel(record.key.channel) or not record.permalink_ts:
            return ""
        try:
            response = await self._slack.client.chat_getPermalink(
                channel=record.key.channel, message_ts=record.permalink_ts
            )
        except SLACK_FAILURES as error:
            logger.info("A thread could not be linked to: %s", get_error_code(error) or error)
            return ""
        return str(response["permalink"])
