"""The one conversation flow of all surfaces: a question runs the pipeline, a `Reply` shows it."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import aclosing, suppress
from dataclasses import dataclass

from bot.conversation.protocols import Pipeline, Reply
from bot.texts import answers
from rag_core.errors import BusyError, DocentError
from rag_core.inference.worker import Cancellation
from rag_core.types import Answer, Done, Event, Question, Ranking, Searching, TextDelta

WORKERS = 64

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Around:
    """What a surface does around an answer.

    Attributes:
        prepare: completes the question, with history and scope, after the first sign of life.
        keep: is given the answer before it is shown complete.
    """

    prepare: Callable[[Question], Awaitable[Question]]
    keep: Callable[[Answer], Awaitable[None]]


class Conversation:
    """Answers questions, at most `workers` at a time, those included that are being written.

    Nobody waits unheard for a thread: whoever comes after them is told so.
    """

    def __init__(self, pipeline: Pipeline, *, workers: int = WORKERS) -> None:
        self._pipeline = pipeline
        self._workers = workers
        self._at_work = 0
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="answer")

    @property
    def at_work(self) -> int:
        """Questions whose pipeline runs."""
        return self._at_work

    async def answer(
        self, question: Question, reply: Reply, around: Around | None = None
    ) -> Answer | None:
        """Answer into `reply`; whatever happens, the asker is told.

        None where there is no answer: it was stopped, or failed.
        """
        reply.begin()
        try:
            answer = await self._unless_stopped(question, reply, around)
            if answer is None:
                logger.info("An answer was stopped.")
                await reply.leave()
                return None
            if around is not None:
                await around.keep(answer)
        except DocentError as error:
            logger.warning("A question got no answer.", exc_info=error)
            await reply.fail(answers.sentence(error))
        except asyncio.CancelledError:
            await reply.fail(answers.RESTARTING)
            raise
        except Exception:
            logger.exception("A question failed in a way nobody foresaw.")
            await reply.fail(answers.UNEXPECTED)
        else:
            await reply.finish(answer)
            return answer
        return None

    async def _unless_stopped(
        self, question: Question, reply: Reply, around: Around | None
    ) -> Answer | None:
        """The answer; None as soon as it is stopped, and then the pipeline is, too."""
        work = asyncio.ensure_future(self._run(question, reply, around))
        stopped = asyncio.ensure_future(reply.stopped.wait())
        try:
            await asyncio.wait({work, stopped}, return_when=asyncio.FIRST_COMPLETED)
            return await work if work.done() else None
        finally:
            stopped.cancel()
            work.cancel()
            await asyncio.gather(work, stopped, return_exceptions=True)

    async def _run(self, question: Question, reply: Reply, around: Around | None) -> Answer:
        if around is not None:
            question = await around.prepare(question)
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
        cancelled = Cancellation()

        def iterate() -> None:
            try:
                with suppress(CancelledError), cancelled.applies():
                    for event in _until(cancelled, self._pipeline.stream(question)):
                        loop.call_soon_threadsafe(queue.put_nowait, event)
            finally:
                loop.call_soon_threadsafe(queue.put_nowait, None)

        self._enter()
        work = self._pool.submit(iterate)
        # A thread that was told to end may need a while: it is at work until it has ended.
        work.add_done_callback(self._leave)
        job = asyncio.wrap_future(work)
        try:
            while (event := await queue.get()) is not None:
                yield event
            await job
        finally:
            cancelled.set()
            job.cancel()

    def _enter(self) -> None:
        with self._lock:
            if self._at_work >= self._workers:
                raise BusyError(self._at_work + 1)
            self._at_work += 1

    def _leave(self, _work: Future[None]) -> None:
        with self._lock:
            self._at_work -= 1

    def close(self) -> None:
        """Take no more questions; those that wait for a worker are dropped."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _until(cancelled: Cancellation, events: Iterator[Event]) -> Iterator[Event]:
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
        reply.progress(answers.ranking(event.candidates))
    else:
        reply.progress(answers.SEARCHING)
