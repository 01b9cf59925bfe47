"""The one conversation flow of all surfaces: a question runs the pipeline, a `Reply` shows it."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from typing import Protocol

from bot import messages
from rag_core.errors import DocentError
from rag_core.types import Answer, Done, Event, Question, Ranking, Searching, TextDelta

logger = logging.getLogger(__name__)


class Answering(Protocol):
    """The pipeline: synchronous, so it is iterated on a thread."""

    def stream(self, question: Question) -> Iterator[Event]:
        """The stages and the text of an answer; closing the iterator cancels it."""


class Reply(Protocol):
    """Where an answer appears. The first three return at once; showing goes on behind them."""

    def begin(self) -> None:
        """Give the first sign of life."""

    def progress(self, sentence: str) -> None:
        """Say what docent is doing."""

    def append(self, text: str) -> None:
        """More text of the answer.

        Raises:
            Stopped: the reader has stopped the answer.
        """

    async def finish(self, answer: Answer) -> None:
        """Show the complete answer; its text replaces what was appended."""

    async def fail(self, sentence: str) -> None:
        """Say why there is no answer, below what was shown of it."""


class Stopped(Exception):  # noqa: N818 (nothing went wrong)
    """The reader has stopped the answer: no more text, no more tokens."""


class Conversation:
    """Answers questions, `workers` at a time; more of them wait for their turn."""

    def __init__(self, pipeline: Answering, *, workers: int = 8) -> None:
        self._pipeline = pipeline
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="answer")

    async def answer(self, question: Question, reply: Reply) -> None:
        """Answer into `reply`; whatever happens, the asker is told."""
        reply.begin()
        try:
            answer = await self._run(question, reply)
        except Stopped:
            logger.info("The reader stopped an answer.")
        except DocentError as error:
            logger.warning("A question got no answer.", exc_info=error)
            await reply.fail(messages.sentence(error))
        except asyncio.CancelledError:
            await reply.fail(messages.RESTARTING)
            raise
        except Exception:
            logger.exception("A question failed in a way nobody foresaw.")
            await reply.fail(messages.UNEXPECTED)
        else:
            await reply.finish(answer)

    async def _run(self, question: Question, reply: Reply) -> Answer:
        async with aclosing(self._events(question)) as events:
            async for event in events:
                if isinstance(event, Done):
                    return event.answer
                _show(event, reply)
        raise DocentError("The pipeline ended without an answer.")

    async def _events(self, question: Question) -> AsyncGenerator[Event, None]:
        """The pipeline's events, iterated on a thread and handed to the event loop."""
        loop = asyncio.get_running_loop()
        queue: asyncio.Queue[Event | None] = asyncio.Queue()
        cancelled = threading.Event()

        def iterate() -> None:
            try:
                for event in _until(cancelled, self._pipeline.stream(question)):
                    loop.call_soon_threadsafe(queue.put_nowait, event)
            finally:
                loop.call_soon_threadsafe(queue.put_nowait, None)

        job = loop.run_in_executor(self._pool, iterate)
        try:
            while (event := await queue.get()) is not None:
                yield event
            await job
        finally:
            cancelled.set()
            job.cancel()

    def close(self) -> None:
        """Take no more questions; those that wait for a worker are dropped."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _until(cancelled: threading.Event, events: Iterator[Event]) -> Iterator[Event]:
    """The events until cancelled; then the iterator is closed where it can be."""
    try:
        for event in events:
            if cancelled.is_set():
                return
            yield event
    finally:
        close = getattr(events, "close", None)
        if close is not None:
            close()


def _show(event: Searching | Ranking | TextDelta, reply: Reply) -> None:
    if isinstance(event, TextDelta):
        reply.append(event.text)
    elif isinstance(event, Ranking):
        reply.progress(messages.ranking(event.candidates))
    else:
        reply.progress(messages.SEARCHING)
