"""A private answer becomes one that everybody in the channel reads."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

from slack_sdk.models.blocks import Block

from bot.markup import markdown
from bot.slack.client.api_errors import SLACK_FAILURES, get_error_code
from bot.slack.client.respond import Click, Respond, respond_privately
from bot.slack.client.workspace import ReplyDraft, SlackClients, ThreadRef
from bot.slack.reply.editing import EditedMessage
from bot.slack.reply.ephemeral import MAX_PARTS, split_into_parts
from bot.slack.reply.thread_reply import render_text
from bot.slack.views import answer_blocks, buttons
from bot.storage.answers import AnswerRecord
from bot.storage.database import BotDatabase
from bot.texts import asking as words
from bot.types import AnswerContext, MessageKey
from ingest.errors import StateError
from rag_core.types import Answer

QUESTION_LIMIT = 500

logger = logging.getLogger(__name__)


class ShareFailed(Exception):  # noqa: N818  (a turn of events: the button can be pressed again)
    """Neither Slack's Web API nor the response URL took the answer."""


class ShareAction:
    """The button "Share here" of a private answer."""

    def __init__(self, slack: SlackClients, memory: BotDatabase) -> None:
        self._slack = slack
        self._memory = memory

    async def on_click(self, click: Click, respond: Respond) -> None:
        """Post the answer for everybody, once, and take the private one away.

        Raises:
            StateError: the state database can't be used.
        """
        answer_id, thread_ts = buttons.parse_share_value(click.value)
        kept = await asyncio.to_thread(self._memory.answers.find, answer_id)
        if kept is None or kept.answer is None or kept.user != click.user:
            await respond_privately(respond, click, words.SHARE_GONE)
            return
        once = _build_claim_key(kept, "share")
        try:
            async with self._memory.claims.hold(once) as mine:
                if mine:
                    await self._share_answer(kept, kept.answer, thread_ts, respond)
                    await _delete_private_answer(respond)
        except ShareFailed:
            await respond_privately(respond, click, words.SHARE_FAILED)

    async def _share_answer(
        self, kept: AnswerRecord, answer: Answer, thread_ts: str, respond: Respond
    ) -> None:
        text = _render_shared_text(kept, answer)
        context = AnswerContext(answer_id=kept.id, as_of=kept.as_of, scope=kept.scope)
        tail = answer_blocks.build_answer_tail(answer, context)
        if await asyncio.to_thread(self._memory.claims.is_settled, _build_claim_key(kept, "part0")):
            # An earlier press came so far, by the response URL.
            await self._post_by_response_url(kept, respond, text, tail, thread_ts=thread_ts)
            return
        thread = ThreadRef(kept.key.channel, thread_ts, kept.user, kept.key.team)
        message = EditedMessage(self._slack, thread)
        try:
            await message.close(ReplyDraft("", text), tail)
        except SLACK_FAILURES as error:
            # A response URL may write where docent is no member.
            logger.info(
                "An answer is shared by its response URL: %s", get_error_code(error) or error
            )
            await message.delete()  # what of it stands there already
            await self._post_by_response_url(kept, respond, text, tail, thread_ts=thread_ts)
            return
        at = thread_ts or message.message_timestamps[0]
        try:
            await asyncio.to_thread(
                self._memory.answers.record_shared, kept.id, at, message.message_timestamps
            )
        except StateError:  # it stands there, and must not be posted again
            logger.exception("Where an answer was shared could not be kept")

    async def _post_by_response_url(
        self,
        kept: AnswerRecord,
        respond: Respond,
        text: str,
        tail: list[Block],
        *,
        thread_ts: str,
    ) -> None:
        """Each part once: what a response URL has posted can't be taken back."""
        parts = split_into_parts(text, MAX_PARTS)
        for index, part in enumerate(parts):
            below = tail if index == len(parts) - 1 else []
            key = _build_claim_key(kept, f"part{index}")
            async with self._memory.claims.hold(key) as mine:
                if mine:
                    await _post_part(respond, part, below, thread_ts)
                elif not await asyncio.to_thread(self._memory.claims.is_settled, key):
                    raise ShareFailed  # a process that may have died holds it


async def _delete_private_answer(respond: Respond) -> None:
    """Delete the private answer; where that fails, it only stands there twice."""
    try:
        await respond("", delete_original=True)
    except SLACK_FAILURES as error:
        logger.warning("A shared answer's private copy stays: %s", get_error_code(error) or error)


async def _post_part(respond: Respond, part: str, below: list[Block], thread_ts: str) -> None:
    where = {"thread_ts": thread_ts} if thread_ts else {}
    try:
        response = await respond(
            answer_blocks.render_preview(part),
            blocks=[answer_blocks.build_text_block(part), *below],
            response_type="in_channel",
            replace_original=False,
            unfurl_links=False,
            unfurl_media=False,
            **where,
        )
    except SLACK_FAILURES as error:
        raise ShareFailed from error
    if getattr(response, "status_code", 200) != 200:
        raise ShareFailed


def _build_claim_key(kept: AnswerRecord, step: str) -> MessageKey:
    """What is claimed so that a step of sharing is done once."""
    return replace(kept.key, ts=f"{step}-{kept.id[:24]}")


def _render_shared_text(kept: AnswerRecord, answer: Answer) -> str:
    question = markdown.neutralise_mentions(markdown.shorten(kept.question, QUESTION_LIMIT))
    return f"> {words.render_shared_heading(kept.user, question)}\n\n{render_text(answer.text)}"
