"""Sharing: posts a private answer for everyone in the channel."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

from slack_sdk.models.blocks import Block

from bot.markup import markdown
from bot.markup.answer import render_answer
from bot.slack.actions.visible_answers import VisibleAnswers
from bot.slack.client.api_errors import SLACK_FAILURES, get_error_code
from bot.slack.client.respond import Click, Respond, respond_privately
from bot.slack.client.workspace import ReplyDraft, SlackClients, ThreadRef
from bot.slack.content.payloads import is_timestamp
from bot.slack.reply.editing import EditedMessage
from bot.slack.reply.ephemeral import build_messages
from bot.slack.reply.forms import PlaceClosedError, send_parts
from bot.slack.reply.private import require_taken
from bot.slack.views import answer_blocks, buttons
from bot.slack.views.message_parts import MessagePart
from bot.storage.answers import AnswerRecord
from bot.storage.database import BotDatabase
from bot.texts import asking as words
from bot.types import AnswerContext, MessageKey
from ingest.errors import StateError
from rag_core.generation.text.links.link_guard import show_hosts
from rag_core.types import Answer

QUESTION_LIMIT = 500

logger = logging.getLogger(__name__)


class ShareFailed(Exception):  # noqa: N818  (a turn of events: the button can be pressed again)
    """Neither Slack's Web API nor the response URL took the answer."""


class ShareAction:
    """The button "Share here" of a private answer."""

    def __init__(self, slack: SlackClients, database: BotDatabase, visible: VisibleAnswers) -> None:
        self._slack = slack
        self._database = database
        self._visible = visible

    async def on_click(self, click: Click, respond: Respond) -> None:
        """Post the answer for everyone, once, and delete the private one.

        Raises:
            StateError: the state database can't be used.
        """
        answer_id, thread_ts = buttons.parse_share_value(click.value)
        record = await self._visible.find_own(answer_id, click)
        is_thread = is_timestamp(thread_ts) or not thread_ts
        if record is None or record.answer is None or not is_thread:
            await respond_privately(respond, click, words.SHARE_GONE)
            return
        claim_key = _build_claim_key(record, "share")
        try:
            async with self._database.claims.hold(claim_key) as claimed:
                if claimed:
                    await self._share_answer(record, record.answer, thread_ts, respond)
                    await _delete_private_answer(respond)
        except ShareFailed:
            await respond_privately(respond, click, words.SHARE_FAILED)

    async def _share_answer(
        self, record: AnswerRecord, answer: Answer, thread_ts: str, respond: Respond
    ) -> None:
        text = _render_shared_text(record, answer)
        context = AnswerContext(answer_id=record.id, as_of=record.as_of, scope=record.scope)
        tail = answer_blocks.build_answer_tail(answer, context)
        if await asyncio.to_thread(
            self._database.claims.is_settled, _build_claim_key(record, "part0")
        ):
            # An earlier press got so far, by the response URL.
            await self._post_by_response_url(record, respond, text, tail, thread_ts=thread_ts)
            return
        thread = ThreadRef(record.key.channel, thread_ts, record.user, record.key.team)
        message = EditedMessage(self._slack, thread)
        try:
            await message.close(ReplyDraft("", text), tail)
        except PlaceClosedError as closed:
            # A response URL may post where docent is not a member.
            logger.info("An answer is shared by its response URL: %s", closed)
            await message.remove_rest()  # the parts that were posted already
            await self._post_by_response_url(record, respond, text, tail, thread_ts=thread_ts)
            return
        root_ts = thread_ts or message.message_timestamps[0]
        await self._record_shared(record, root_ts, message.message_timestamps)

    async def _record_shared(
        self, record: AnswerRecord, thread_ts: str, posted: tuple[str, ...]
    ) -> None:
        """Record that everyone in the channel sees an answer now."""
        try:
            await asyncio.to_thread(
                self._database.answers.record_shared, record.id, thread_ts, posted
            )
        except StateError:  # it is posted, and must not be posted again
            logger.exception("The messages of a shared answer could not be stored.")

    async def _post_by_response_url(
        self,
        record: AnswerRecord,
        respond: Respond,
        text: str,
        tail: list[Block],
        *,
        thread_ts: str,
    ) -> None:
        """Post each part once: what a response URL posts can't be deleted."""
        for index, part in enumerate(build_messages(text, tail)):
            key = _build_claim_key(record, f"part{index}")
            async with self._database.claims.hold(key) as claimed:
                if claimed:
                    await _post_part(respond, part, thread_ts)
                elif not await asyncio.to_thread(self._database.claims.is_settled, key):
                    raise ShareFailed  # another process holds the claim; it may have died
        # Slack does not say what a response URL has posted.
        await self._record_shared(record, thread_ts, ())


async def _delete_private_answer(respond: Respond) -> None:
    """Delete the private answer; if that fails, the asker sees it twice."""
    try:
        await respond("", delete_original=True)
    except SLACK_FAILURES as error:
        logger.warning("A shared answer's private copy stays: %s", get_error_code(error) or error)


async def _post_part(respond: Respond, part: MessagePart, thread_ts: str) -> None:
    """Post a message in the first form that Slack takes."""
    thread = {"thread_ts": thread_ts} if thread_ts else {}

    async def send(_index: int, form: MessagePart) -> None:
        response = await respond(
            form.render_text(),
            blocks=form.build_blocks() or None,
            response_type="in_channel",
            replace_original=False,
            unfurl_links=False,
            unfurl_media=False,
            **thread,
        )
        require_taken(response)

    try:
        await send_parts([part], send)
    except PlaceClosedError as closed:
        raise ShareFailed from closed


def _build_claim_key(record: AnswerRecord, step: str) -> MessageKey:
    """Return the key that claims one step of sharing an answer."""
    return replace(record.key, ts=f"{step}-{record.id[:24]}")


def _render_shared_text(record: AnswerRecord, answer: Answer) -> str:
    question = show_hosts(markdown.shorten(record.question, QUESTION_LIMIT))
    question = markdown.neutralise_mentions(question)
    return f"> {words.render_shared_heading(record.user, question)}\n\n{render_answer(answer.text)}"
