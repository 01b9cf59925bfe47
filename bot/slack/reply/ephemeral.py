"""Ephemeral replies: answers that the asker alone sees, by Slack's response URL or without it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from slack_sdk.models.blocks import Block

from bot.markup import splitting
from bot.markup.answer import render_answer
from bot.slack.client.api_errors import SLACK_FAILURES
from bot.slack.client.respond import Respond
from bot.slack.client.workspace import SlackClients, ThreadRef
from bot.slack.reply.private import ResponseUrlOutlet, list_outlets, send_privately
from bot.slack.views import answer_blocks, buttons
from bot.slack.views.message_parts import MessagePart, build_parts
from bot.texts import answers
from bot.texts import asking as words
from bot.types import AnswerContext
from rag_core.types import Answer

MAX_PARTS = 3
"""Slack takes five messages: the notice, these, and one more if it refuses blocks."""

logger = logging.getLogger(__name__)


class EphemeralReply:
    """A `Reply` that can't be edited: a notice that docent is searching, then the answer.

    Where the response URL takes no more, the answer comes as an ephemeral message in the channel,
    or else as a direct message, with a word why.
    """

    message_timestamps: tuple[str, ...] = ()
    """Empty: private messages can't be edited or read back."""

    def __init__(
        self, slack: SlackClients, asker: ThreadRef, respond: Respond | None, *, share_in: str = ""
    ) -> None:
        """Prepare an answer to one person.

        Args:
            slack: the clients of the workspace.
            asker: the person, the channel, and the thread of the answer if it has one.
            respond: posts by the response URL; None if it has expired.
            share_in: time stamp of the thread to share the answer in; empty for the channel.
        """
        self._slack = slack
        self._asker = asker
        self._url = ResponseUrlOutlet(respond, asker.thread_ts) if respond is not None else None
        self._share_in = share_in
        self._notice: asyncio.Task[None] | None = None
        self.context = AnswerContext()
        self.stopped = asyncio.Event()
        self.on_posted: Callable[[tuple[str, ...]], None] = lambda _: None

    def begin(self) -> None:
        """Post that docent is searching, in the background."""
        if self._url is not None:
            self._notice = asyncio.create_task(self._post_notice(self._url))

    def show_progress(self, sentence: str) -> None:
        """Ignore the progress: the notice can't be edited."""

    def append(self, text: str) -> None:
        """Ignore the text: only the complete answer is posted."""

    async def finish(self, answer: Answer) -> None:
        """Post the answer, with its sources and a button that shares it.

        Raises:
            UndeliverableError: Slack takes it in no way.
        """
        text = render_answer(answer.text) or answers.NOT_FOUND
        tail = answer_blocks.build_answer_tail(answer, self.context)
        if self.context.answer_id and answer.status == "answered":
            tail.append(buttons.build_share_block(self.context.answer_id, self._share_in))
        await self._post(text, tail)

    async def fail(self, sentence: str) -> None:
        """Post the sentence that says why there is no answer.

        Raises:
            UndeliverableError: Slack takes it in no way.
        """
        await self._post(sentence, [])

    async def mark_stopped(self) -> None:
        """Do nothing: a private answer has no Stop button."""

    def abandon(self) -> None:
        """Do nothing: only the complete answer is posted."""

    async def _post_notice(self, url: ResponseUrlOutlet) -> None:
        try:
            await url.post(words.ASK_SEARCHING, [])
        except SLACK_FAILURES as error:
            logger.warning("A private notice did not get through: %s", error)

    async def _post(self, text: str, tail: Sequence[Block]) -> None:
        if self._notice is not None:
            await asyncio.wait({self._notice})
        outlets = list_outlets(self._slack, self._asker)
        await send_privately(
            self._slack,
            [self._url, *outlets] if self._url is not None else outlets,
            build_messages(text, tail),
            code="" if self._url is not None else "expired_url",
        )


def build_messages(text: str, tail: Sequence[Block]) -> list[MessagePart]:
    """Divide an answer into the few messages that a response URL takes."""
    parts = split_into_parts(text, MAX_PARTS)
    messages = [part for each in parts[:-1] for part in build_parts(each)]
    return messages + build_parts(parts[-1], tail)


def split_into_parts(text: str, max_parts: int) -> list[str]:
    """Split a text into at most `max_parts` parts.

    If there are more, the last says that they are left out.
    """
    parts = splitting.split(text)
    if len(parts) <= max_parts:
        return parts
    return [*parts[: max_parts - 1], words.TOO_LONG_FOR_ONE]
