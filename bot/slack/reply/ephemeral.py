"""An answer that its asker alone sees, said through Slack's response URL."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from slack_sdk.models.blocks import Block

from bot.markup import markdown
from bot.slack.client.api_errors import SLACK_FAILURES
from bot.slack.client.respond import Respond
from bot.slack.reply.thread_reply import render_text
from bot.slack.views import answer_blocks, buttons
from bot.texts import answers
from bot.texts import asking as words
from bot.types import AnswerContext
from rag_core.types import Answer

MAX_PARTS = 3
"""Slack takes five messages: the sign of life, these, and one more where blocks are refused."""

logger = logging.getLogger(__name__)


class EphemeralReply:
    """A `Reply` that can only be added to: a sign of life, then the whole answer."""

    message_timestamps: tuple[str, ...] = ()
    """Nothing that could be edited or read back."""

    def __init__(self, respond: Respond, *, thread_ts: str = "", share_in: str = "") -> None:
        """`thread_ts` is where it is shown, `share_in` where it is shared; both may be none."""
        self._respond = respond
        self._where = {"thread_ts": thread_ts} if thread_ts else {}
        self._share_in = share_in
        self._begun: asyncio.Task[None] | None = None
        self.context = AnswerContext()
        self.stopped = asyncio.Event()

    def begin(self) -> None:
        """Say that docent is at work, behind the caller's back."""
        self._begun = asyncio.create_task(self._post(words.ASK_SEARCHING))

    def show_progress(self, sentence: str) -> None:
        """What was said can't be changed."""

    def append(self, text: str) -> None:
        """Only the complete answer is said."""

    async def finish(self, answer: Answer) -> None:
        """Say the answer, with its sources and a button that shares it."""
        text = render_text(answer.text) or answers.NOT_FOUND
        tail = answer_blocks.build_answer_tail(answer, self.context)
        if self.context.answer_id and answer.status == "answered":
            tail.append(buttons.build_share_block(self.context.answer_id, self._share_in))
        parts = split_into_parts(text, MAX_PARTS)
        for part in parts[:-1]:
            await self._post(part, [answer_blocks.build_text_block(part)])
        await self._post(parts[-1], [answer_blocks.build_text_block(parts[-1]), *tail])

    async def fail(self, sentence: str) -> None:
        """Say why there is no answer."""
        await self._post(sentence)

    async def mark_stopped(self) -> None:
        """Nobody can stop it."""

    async def _post(self, text: str, content: Sequence[Block] | None = None) -> None:
        if self._begun is not None and self._begun is not asyncio.current_task():
            await asyncio.wait({self._begun})
        if await self._try_post(
            text if content is None else answer_blocks.render_preview(text), content
        ):
            return
        if content is not None:
            logger.error("Slack refused the blocks of a private answer; its text goes alone.")
            await self._try_post(markdown.escape(text), None)

    async def _try_post(self, text: str, content: Sequence[Block] | None) -> bool:
        """Whether Slack took it; what did not get through at all is not tried again."""
        try:
            response = await self._respond(
                text, blocks=content, response_type="ephemeral", replace_original=False,
                **self._where,
            )  # fmt: skip
        except SLACK_FAILURES as error:
            logger.warning("A private answer did not get through: %s", error)
            return True
        return getattr(response, "status_code", 200) == 200


def split_into_parts(text: str, most: int) -> list[str]:
    """At most so many parts; where there are more, the last says that they are left out."""
    parts = markdown.split(text)
    if len(parts) <= most:
        return parts
    return [*parts[: most - 1], words.TOO_LONG_FOR_ONE]
