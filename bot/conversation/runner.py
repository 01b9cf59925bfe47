"""Runs the pipeline on threads and hands its events to the event loop."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import AsyncGenerator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from bot.conversation.protocols import Pipeline
from rag_core.errors import BusyError
from rag_core.inference.worker import Cancellation
from rag_core.types import Event, Question, TextDelta

WORKERS = 64


class PipelineRunner:
    """Runs at most `workers` questions at a time, those included that are being written.

    Nobody waits unheard for a thread: a question beyond them is refused.
    """

    def __init__(self, pipeline: Pipeline, *, workers: int = WORKERS) -> None:
        self._pipeline = pipeline
        self._workers = workers
        self._running = 0
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="answer")

    @property
    def running(self) -> int:
        """Questions whose pipeline runs."""
        return self._running

    async def run(self, question: Question) -> AsyncGenerator[Event, None]:
        """Yield the pipeline's events; closing the generator ends the pipeline.

        Pieces of text that arrived since the last event come as one.

        Raises:
            BusyError: too many questions run already.
        """
        self._enter()
        run = _Run(asyncio.get_running_loop())
        work = self._pool.submit(run.iterate, self._pipeline, question)
        # A thread that was told to end may need a while: it runs until it has ended.
        work.add_done_callback(self._leave)
        job = asyncio.wrap_future(work)
        try:
            while (event := await run.take()) is not None:
                yield event
            await job
        finally:
            if not work.done():
                run.cancel()
            job.cancel()

    def _enter(self) -> None:
        with self._lock:
            if self._running >= self._workers:
                raise BusyError(self._running + 1)
            self._running += 1

    def _leave(self, _work: Future[None]) -> None:
        with self._lock:
            self._running -= 1

    def close(self) -> None:
        """Take no more questions; those that wait for a worker are dropped."""
        self._pool.shutdown(wait=False, cancel_futures=True)


@dataclass(eq=False, slots=True)
class _Run:
    """One question on its thread; None is the last that arrives."""

    loop: asyncio.AbstractEventLoop
    arrived: deque[Event | None] = field(default_factory=deque)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    cancellation: Cancellation = field(default_factory=Cancellation)
    cancelled: bool = False

    def iterate(self, pipeline: Pipeline, question: Question) -> None:
        """Hand over the events until cancelled; then close the iterator where it can be."""
        wake = partial(self.loop.call_soon_threadsafe, self.news.set)
        try:
            with suppress(CancelledError), self.cancellation.applies():
                events = pipeline.stream(question)
                try:
                    for event in events:
                        if self.cancelled:
                            return
                        self.arrived.append(event)
                        wake()
                finally:
                    if (close := getattr(events, "close", None)) is not None:
                        close()
        finally:
            self.arrived.append(None)
            wake()

    async def take(self) -> Event | None:
        """Return the next event, with the text that follows if it is text."""
        while not self.arrived:
            self.news.clear()
            await self.news.wait()
        event = self.arrived.popleft()
        while isinstance(event, TextDelta) and self.arrived:
            following = self.arrived[0]
            if not isinstance(following, TextDelta):
                break
            event = TextDelta(event.text + following.text)
            self.arrived.popleft()
        return event

    def cancel(self) -> None:
        """End it at its next event, or where it waits for a model."""
        self.cancelled = True
        self.cancellation.set()
