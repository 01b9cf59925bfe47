"""Runs the pipeline on threads and hands its events to the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from bot.conversation.protocols import AnswerPipeline
from rag_core.cancellation import Cancellation
from rag_core.types import AnswerEvent, Question

WORKERS = 64

Request = TypeVar("Request")
Event = TypeVar("Event")


class StreamRunner(Generic[Request, Event]):
    """Runs iterators on threads of its own.

    A thread that was told to end may need a while, so there are more threads than workers.
    """

    def __init__(
        self, stream: Callable[[Request], Iterator[Event]], *, workers: int = WORKERS
    ) -> None:
        self._stream = stream
        self._pool = ThreadPoolExecutor(2 * workers, thread_name_prefix="answer")

    @asynccontextmanager
    async def run(self, request: Request) -> AsyncIterator[asyncio.Queue[Event | None]]:
        """Run an iterator during a block that reads its events.

        The block gets a queue of events; None follows the last. Its end closes the iterator.

        Raises:
            DocentError: the iterator failed; raised at the end of the block.
        """
        run: _StreamRun[Event] = _StreamRun(asyncio.get_running_loop())
        context = copy_context()  # it names the question in log lines
        work = self._pool.submit(context.run, run.hand_over_events, lambda: self._stream(request))
        job = asyncio.wrap_future(work)
        try:
            yield run.events
            if run.has_ended:
                await job
        finally:
            if not work.done():
                run.cancel()
            job.cancel()

    def close(self) -> None:
        """Take no more questions, and drop those that wait for a thread."""
        self._pool.shutdown(wait=False, cancel_futures=True)


class PipelineRunner(StreamRunner[Question, AnswerEvent]):
    """Runs the questions of people; the dispatcher says how many at a time."""

    def __init__(self, pipeline: AnswerPipeline, *, workers: int = WORKERS) -> None:
        super().__init__(self._ask, workers=workers)
        self._pipeline = pipeline

    def _ask(self, question: Question) -> Iterator[AnswerEvent]:
        return self._pipeline.stream(question)


@dataclass(eq=False)
class _StreamRun(Generic[Event]):
    """One iterator on its thread."""

    loop: asyncio.AbstractEventLoop
    events: asyncio.Queue[Event | None] = field(default_factory=asyncio.Queue)
    cancellation: Cancellation = field(default_factory=Cancellation)
    is_cancelled: bool = False
    has_ended: bool = False

    def hand_over_events(self, open_stream: Callable[[], Iterator[Event]]) -> None:
        """Hand over the events until cancelled, then close the iterator."""

        def hand_over(event: Event | None) -> None:
            self.loop.call_soon_threadsafe(self.events.put_nowait, event)

        try:
            with suppress(CancelledError), self.cancellation.activate():
                events = open_stream()
                try:
                    for event in events:
                        if self.is_cancelled:
                            return
                        hand_over(event)
                finally:
                    if (close := getattr(events, "close", None)) is not None:
                        close()
        finally:
            self.has_ended = True
            hand_over(None)

    def cancel(self) -> None:
        """End the run, even while it waits for a model."""
        self.is_cancelled = True
        self.cancellation.cancel()
