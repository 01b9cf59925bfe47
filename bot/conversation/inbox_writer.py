"""The inbox writer: records how far answers are and how they end, when it can."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from typing import Any, Literal, TypeVar

from bot.background import BackgroundTasks
from bot.conversation.open_question import OpenQuestion
from bot.storage.inbox import Inbox
from bot.storage.inbox_entry import FINISHING, Ending
from ingest.errors import StateError

Outcome = Literal["answered", "told", "refused", "given_up", "ignored", "undelivered"]
"""The result of one try to answer a question.

A refused question leaves its message to other people, an ignored one was none, and an undelivered
answer is tried again.
"""

Result = TypeVar("Result")

RETRY_SECONDS = 1.0
"""The pause until docent tries again to record the end of a question."""

DELIVER_AGAIN_SECONDS = 30.0
"""The pause until an answer that could not be delivered is tried again."""

_THREADS = 8

logger = logging.getLogger(__name__)


class InboxWriter:
    """Writes to the inbox on threads of its own, so that a locked database blocks no others."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._tasks = BackgroundTasks()
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="inbox")
        self.unwritten: set[str] = set()
        """Ids of questions that have ended, but not in the database yet."""

    async def run_blocking(self, work: Callable[..., Result], *args: Any, **more: Any) -> Result:
        """Run a blocking call of the inbox on one of its threads."""
        loop, context = asyncio.get_running_loop(), copy_context()  # it names the question
        return await loop.run_in_executor(self._pool, lambda: context.run(work, *args, **more))

    async def end(self, question: OpenQuestion, outcome: Outcome) -> None:
        """Record the end of a question, if need be later."""
        self.unwritten.add(question.id)
        if question.is_recorded:
            try:
                await self.run_blocking(self._write_end, question, outcome)
            except StateError as error:
                logger.warning("The end of a question could not be recorded: %s", error)
            else:
                self.unwritten.discard(question.id)
                return
        self._tasks.start(self._record_late(question, outcome))

    def _write_end(self, question: OpenQuestion, outcome: Outcome) -> None:
        """Write what became of a question; blocks."""
        if outcome == "ignored":
            self._inbox.forget(question.id)
        elif not self._write_outcome(question, outcome) and self._inbox.add(
            # It has no row: it could not be recorded, or the database is a new one.
            question.id,
            question.entry.message,
            is_ours=lambda: True,
        ):
            self._write_outcome(question, outcome)

    def _write_outcome(
        self, question: OpenQuestion, outcome: Ending | Literal["refused", "undelivered"]
    ) -> bool:
        """Write an outcome; return False if this process has no such row."""
        if outcome == "undelivered":
            return self._inbox.postpone(question.id, DELIVER_AGAIN_SECONDS)
        return self._inbox.end(
            question.id,
            "told" if outcome == "refused" else outcome,
            posted=question.posted,
            free_key=outcome == "refused",
        )

    async def _record_late(self, question: OpenQuestion, outcome: Outcome) -> None:
        """Try until the end is recorded, so that nothing comes twice."""
        while True:
            await asyncio.sleep(RETRY_SECONDS)
            with suppress(StateError):
                await self.run_blocking(self._write_end, question, outcome)
                self.unwritten.discard(question.id)
                return

    def record(self, question: OpenQuestion) -> None:
        """Record in the background where an answer stands by now."""
        question.has_news = True
        if question.is_recorded and not question.is_recording:
            question.is_recording = True
            self._tasks.start(self._write_posted(question))

    async def _write_posted(self, question: OpenQuestion) -> None:
        while question.has_news:
            question.has_news = False
            try:
                await self.run_blocking(self._inbox.record_posted, question.id, question.posted)
            except StateError as error:
                logger.warning("The messages of an answer could not be recorded: %s", error)
                question.has_news = True
                await asyncio.sleep(RETRY_SECONDS)
        question.is_recording = False

    async def record_finishing(self, question: OpenQuestion) -> bool:
        """Record that a private answer is about to be posted.

        Return False if another process has the question.
        """
        if not question.is_recorded:
            return True
        try:
            return await self.run_blocking(self._inbox.record_stage, question.id, FINISHING)
        except StateError as error:
            logger.warning("The stage of an answer could not be recorded: %s", error)
            return True

    def close(self) -> None:
        """Write no more."""
        self._tasks.cancel()
        self._pool.shutdown(wait=False, cancel_futures=True)
