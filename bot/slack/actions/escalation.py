"""People who are asked what the documentation does not say, in a channel of their own."""

from __future__ import annotations

import asyncio
import logging

from slack_sdk.models.blocks import (
    Block,
    ContextBlock,
    MarkdownTextObject,
    PlainTextObject,
    SectionBlock,
)

from bot.markup import markdown
from bot.slack.client.api_errors import SLACK_FAILURES, code
from bot.slack.client.workspace import SlackClients
from bot.slack.views import answer_blocks
from bot.storage.answers import Answers, KeptAnswer
from bot.texts import button_labels as words

QUESTION_LIMIT = 2_900

logger = logging.getLogger(__name__)


class People:
    """Posts a question to `DOCENT_HELP_CHANNEL`, once for each answer."""

    def __init__(self, slack: SlackClients, answers: Answers, channel: str) -> None:
        self._slack = slack
        self._answers = answers
        self._channel = channel

    @property
    def there(self) -> bool:
        """Whether there is a channel where people can be asked."""
        return bool(self._channel)

    async def ask(self, kept: KeptAnswer, user: str) -> str:
        """Pass a question on for `user`; the sentence that tells them what came of it."""
        if not self._channel:
            return words.NO_PEOPLE
        if not await asyncio.to_thread(self._answers.pass_on, kept.id):
            return words.passed_on_before(self._channel)
        try:
            await self._post(kept, user)
        except SLACK_FAILURES as error:
            logger.warning("People could not be asked: %s", code(error) or error)
            await asyncio.to_thread(self._answers.take_back, kept.id)
            return words.PEOPLE_UNREACHABLE
        return words.passed_on(self._channel)

    async def _post(self, kept: KeptAnswer, user: str) -> None:
        question = markdown.shorten(kept.question, QUESTION_LIMIT)
        link = await self._link(kept)
        content: list[Block] = [
            SectionBlock(text=MarkdownTextObject(text=words.somebody_asks(user))),
            # Plain text calls nobody, whatever stands in it.
            SectionBlock(text=PlainTextObject(text=question, emoji=False)),
            ContextBlock(elements=[MarkdownTextObject(text=words.where_asked(link))]),
        ]
        await self._slack.client.chat_postMessage(
            channel=self._channel,
            text=answer_blocks.preview(question),
            blocks=content,
            unfurl_links=False,
            unfurl_media=False,
        )

    async def _link(self, kept: KeptAnswer) -> str:
        """Address of the thread; empty where nobody else could open it."""
        if kept.key.channel.startswith("D") or not kept.readable_ts:
            return ""
        try:
            response = await self._slack.client.chat_getPermalink(
                channel=kept.key.channel, message_ts=kept.readable_ts
            )
        except SLACK_FAILURES as error:
            logger.info("A thread could not be linked to: %s", code(error) or error)
            return ""
        return str(response["permalink"])
