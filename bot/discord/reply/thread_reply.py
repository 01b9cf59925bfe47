"""Reply: typing at once, a message that grows by edits, and the complete answer at the end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from bot.background import BackgroundTasks
from bot.discord.client.gateway import DISCORD_FAILURES
from bot.discord.content.answer import MESSAGE_LIMIT, render_answer, render_draft, render_messages
from bot.discord.content.sentences import adapt_sentence
from bot.discord.reply.place import Place
from bot.discord.reply.posted import PostedMessages
from bot.errors import UndeliverableError
from bot.texts import answers
from bot.types import AnswerContext
from rag_core.types import Answer

EDIT_SECONDS = 2.0
"""The pause from one edit to the next."""

logger = logging.getLogger(__name__)


class ThreadReply:
    """One answer in its place. Only the newest state of the text is shown: stale ones are left."""

    def __init__(
        self,
        place: Place,
        *,
        replaces: Sequence[str] = (),
        progress: str = "",
        edit_seconds: float = EDIT_SECONDS,
    ) -> None:
        """Prepare a reply; nothing is posted yet.

        Args:
            place: where it appears.
            replaces: docent's messages that it takes the place of.
            progress: the first sentence; empty for the one that says that docent is searching.
            edit_seconds: the pause from one edit to the next.
        """
        self.stopped = asyncio.Event()
        self.context = AnswerContext()
        self.on_posted: Callable[[tuple[str, ...]], None] = lambda _: None
        self._posted = PostedMessages(place, replaces, self._report_posted)
        self._progress = progress or answers.SEARCHING
        self._text = ""
        self._edit_seconds = edit_seconds
        self._changed = asyncio.Event()
        self._ending = asyncio.Event()
        self._work = BackgroundTasks()

    @property
    def message_timestamps(self) -> tuple[str, ...]:
        """Ids of the messages that show the answer."""
        return self._posted.ids

    def begin(self) -> None:
        """Show at once that docent searches."""
        self._changed.set()
        self._work.start(self._keep_current())

    def show_progress(self, sentence: str) -> None:
        """Say what docent is doing now."""
        self._progress = sentence
        self._changed.set()

    def append(self, text: str) -> None:
        """Add text to the answer."""
        self._text += text
        self._changed.set()

    async def finish(self, answer: Answer) -> None:
        """Show the complete answer in place of the text so far.

        Raises:
            UndeliverableError: Discord did not take it.
        """
        # A long answer takes a second, in which the event loop would stand still.
        await self._close(await asyncio.to_thread(render_answer, answer, self.context))

    async def fail(self, sentence: str) -> None:
        """Show why there is no answer, below the text so far.

        Raises:
            UndeliverableError: Discord did not take it.
        """
        shown = await asyncio.to_thread(render_messages, self._text)
        sentence = adapt_sentence(sentence)
        if shown and len(shown[-1]) + len(sentence) + 2 <= MESSAGE_LIMIT:
            await self._close([*shown[:-1], f"{shown[-1]}\n\n{sentence}"])
        else:
            await self._close([*shown, sentence])

    async def mark_stopped(self) -> None:
        """Show that the answer was stopped, below the text so far."""
        await self.fail(answers.STOPPED)

    def abandon(self) -> None:
        """Show nothing more: another process goes on with the answer."""
        self._ending.set()
        self._work.cancel()

    async def _close(self, texts: Sequence[str]) -> None:
        """Show the end, after the call that is under way."""
        self._ending.set()
        self._changed.set()
        while len(self._work):
            await self._work.wait(1.0)
        try:
            await self._posted.show(texts)
        except DISCORD_FAILURES as error:
            raise UndeliverableError(f"Discord did not take an answer: {error}.") from error

    async def _keep_current(self) -> None:
        """Show the newest text, at most one edit in each pause."""
        try:
            await self._posted.show_typing()
            while not self._ending.is_set():
                await self._changed.wait()
                self._changed.clear()
                if self._ending.is_set():
                    return
                draft = await asyncio.to_thread(render_draft, self._text)
                await self._posted.show_first(draft or f"*{adapt_sentence(self._progress)}…*")
                await _wait(self._ending, self._edit_seconds)
        except DISCORD_FAILURES as error:  # the end is tried all the same
            logger.warning("A text could not be shown while it was written: %s", error)

    def _report_posted(self) -> None:
        self.on_posted(self._posted.ids)


async def _wait(event: asyncio.Event, seconds: float) -> None:
    """Wait for an event, at most so long."""
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return
