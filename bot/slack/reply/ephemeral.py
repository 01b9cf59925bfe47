"""Ephemeral replies: answers that the asker alone sees, sent by Slack's response URL."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from slack_sdk.models.blocks import Block

from bot.markup import markdown
from bot.markup.answer import render_answer
from bot.slack.client.api_errors import SLACK_FAILURES
from bot.slack.client.respond import Respond
from bot.slack.views import answer_blocks, buttons
from bot.texts import answers
from bot.texts import asking as words
from bot.types import AnswerContext
from rag_core.types import Answer

MAX_PARTS = 3
"""Slack takes five messages: the notice, these, and one more if it refuses blocks."""

logger = logging.getLogger(__name__)


class EphemeralReply:
    """A `Reply` that can't be edited: a notice that docent is searching, then the answer."""

    message_timestamps: tuple[str, ...] = ()
    """Empty: private messages can't be edited or read back."""

    def __init__(self, respond: Respond, *, thread_ts: str = "", share_in: str = "") -> None:
        """Show the answer in `thread_ts`, and share it in `share_in`.

        Both are time stamps of threads, empty for the channel itself.
        """
        self._respond = respond
        self._thread = {"thread_ts": thread_ts} if thread_ts else {}
        self._share_in = share_in
        self._notice: asyncio.Task[None] | None = None
        self.context = AnswerContext()
        self.stopped = asyncio.Event()
        self.on_posted: Callable[[tuple[str, ...]], None] = lambda _: None

    def begin(self) -> None:
        """Post that docent is searching, in the background."""
        self._notice = asyncio.create_task(self._post(words.ASK_SEARCHING))

    def show_progress(self, sentence: str) -> None:
        """Ignore the progress: the notice can't be edited."""

    def append(self, text: str) -> None:
        """Ignore the text: only the complete answer is posted."""

    async def finish(self, answer: Answer) -> None:
        """Post the answer, with its sources and a button that shares it."""
        text = render_answer(answer.text) or answers.NOT_FOUND
        tail = answer_blocks.build_answer_tail(answer, self.context)
        if self.context.answer_id and answer.status == "answered":
            tail.append(buttons.build_share_block(self.context.answer_id, self._share_in))
        parts = split_into_parts(text, MAX_PARTS)
        for part in parts[:-1]:
            await self._post(part, [answer_blocks.build_text_block(part)])
        await self._post(parts[-1], [answer_blocks.build_text_block(parts[-1]), *tail])

    async def fail(self, sentence: str) -> None:
        """Post the sentence that says why there is no answer."""
        await self._post(sentence)

    async def mark_stopped(self) -> None:
        """Do nothing: a private answer has no Stop button."""

    def abandon(self) -> None:
        """Do nothing: only the complete answer is posted."""

    async def _post(self, text: str, content: Sequence[Block] | None = None) -> None:
        if self._notice is not None and self._notice is not asyncio.current_task():
            await asyncio.wait({self._notice})
        if await self._try_post(
            text if content is None else answer_blocks.render_preview(text), content
        ):
            return
        if content is not None:
            logger.error("Slack refused the blocks of a private answer; its text goes alone.")
            await self._try_post(markdown.escape(text), None)

    async def _try_post(self, text: str, content: Sequence[Block] | None) -> bool:
        """Post, and return False if Slack refused it.

        A message that did not reach Slack is not sent again.
        """
        try:
            response = await self._respond(
                text, blocks=content, response_type="ephemeral", replace_original=False,
                **self._thread,
            )  # fmt: skip
        except SLACK_FAILURES as error:
            logger.warning("A private answer did not get through: %s", error)
            return True
        return getattr(response, "status_code", 200) == 200


def split_into_parts(text: str, max_parts: int) -> list[str]:
    """Split a text into at most `max_parts` parts.

    If there are more, the last says that they are left out.
    """
    parts = markdown.split(text)
    if len(parts) <= max_parts:
        return parts
    return [*parts[: max_parts - 1], words.TOO_LONG_FOR_ONE]
