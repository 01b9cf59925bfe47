"""A private answer becomes one that everybody in the channel reads."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

from slack_sdk.models.blocks import Block

from bot.markup import markdown
from bot.slack.client.api_errors import SLACK_FAILURES, code
from bot.slack.client.respond import Click, Respond, tell
from bot.slack.client.workspace import ReplyDraft, SlackClients, ThreadRef
from bot.slack.reply.editing import EditedMessage
from bot.slack.reply.ephemeral import MOST_PARTS, fitting
from bot.slack.reply.thread_reply import shown
from bot.slack.views import answer_blocks, buttons
from bot.storage.answers import KeptAnswer
from bot.storage.database import Memory
from bot.texts import asking as words
from bot.types import AnswerContext, MessageKey
from ingest.errors import StateError
from rag_core.types import Answer

QUESTION_LIMIT = 500

logger = logging.getLogger(__name__)


class NotShared(Exception):  # noqa: N818  (a turn of events: the button can be pressed again)
    """Neither Slack's Web API nor the response URL took the answer."""


class Sharing:
    """The button "Share here" of a private answer."""

    def __init__(self, slack: SlackClients, memory: Memory) -> None:
        self._slack = slack
        self._memory = memory

    async def clicked(self, click: Click, respond: Respond) -> None:
        """Post the answer for everybody, once, and take the private one away.

        Raises:
            StateError: the state database can't be used.
        """
        answer_id, thread_ts = buttons.to_share(click.value)
        kept = await asyncio.to_thread(self._memory.answers.find, answer_id)
        if kept is None or kept.answer is None or kept.user != click.user:
            await tell(respond, click, words.SHARE_GONE)
            return
        once = _key(kept, "share")
        try:
            async with self._memory.claims.hold(once) as mine:
                if mine:
                    await self._share(kept, kept.answer, thread_ts, respond)
                    await _take_away(respond)
        except NotShared:
            await tell(respond, click, words.SHARE_FAILED)

    async def _share(
        self, kept: KeptAnswer, answer: Answer, thread_ts: str, respond: Respond
    ) -> None:
        text = _text(kept, answer)
        context = AnswerContext(answer_id=kept.id, as_of=kept.as_of, scope=kept.scope)
        tail = answer_blocks.answer_tail(answer, context)
        if await asyncio.to_thread(self._memory.claims.settled, _key(kept, "part0")):
            # An earlier press came so far, by the response URL.
            await self._respond_to_all(kept, respond, text, tail, thread_ts=thread_ts)
            return
        thread = ThreadRef(kept.key.channel, thread_ts, kept.user, kept.key.team)
        message = EditedMessage(self._slack, thread)
        try:
            await message.close(ReplyDraft("", text), tail)
        except SLACK_FAILURES as error:
            # A response URL may write where docent is no member.
            logger.info("An answer is shared by its response URL: %s", code(error) or error)
            await message.remove()  # what of it stands there already
            await self._respond_to_all(kept, respond, text, tail, thread_ts=thread_ts)
            return
        at = thread_ts or message.message_timestamps[0]
        try:
            await asyncio.to_thread(
                self._memory.answers.note_shared, kept.id, at, message.message_timestamps
            )
        except StateError:  # it stands there, and must not be posted again
            logger.exception("Where an answer was shared could not be kept")

    async def _respond_to_all(
        self,
        kept: KeptAnswer,
        respond: Respond,
        text: str,
        tail: list[Block],
        *,
        thread_ts: str,
    ) -> None:
        """Each part once: what a response URL has posted can't be taken back."""
        parts = fitting(text, MOST_PARTS)
        for index, part in enumerate(parts):
            below = tail if index == len(parts) - 1 else []
            key = _key(kept, f"part{index}")
            async with self._memory.claims.hold(key) as mine:
                if mine:
                    await _respond_with(respond, part, below, thread_ts)
                elif not await asyncio.to_thread(self._memory.claims.settled, key):
                    raise NotShared  # a process that may have died holds it


async def _take_away(respond: Respond) -> None:
    """Delete the private answer; where that fails, it only stands there twice."""
    try:
        await respond("", delete_original=True)
    except SLACK_FAILURES as error:
        logger.warning("A shared answer's private copy stays: %s", code(error) or error)


async def _respond_with(respond: Respond, part: str, below: list[Block], thread_ts: str) -> None:
    where = {"thread_ts": thread_ts} if thread_ts else {}
    try:
        response = await respond(
            answer_blocks.preview(part),
            blocks=[answer_blocks.text_block(part), *below],
            response_type="in_channel",
            replace_original=False,
            unfurl_links=False,
            unfurl_media=False,
            **where,
        )
    except SLACK_FAILURES as error:
        raise NotShared from error
    if getattr(response, "status_code", 200) != 200:
        raise NotShared


def _key(kept: KeptAnswer, step: str) -> MessageKey:
    """What is claimed so that a step of sharing is done once."""
    return replace(kept.key, ts=f"{step}-{kept.id[:24]}")


def _text(kept: KeptAnswer, answer: Answer) -> str:
    question = markdown.harmless(markdown.shorten(kept.question, QUESTION_LIMIT))
    return f"> {words.shared(kept.user, question)}\n\n{shown(answer.text)}"
