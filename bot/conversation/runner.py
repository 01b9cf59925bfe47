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

from bot.conversation.protocols import AnswerPipeline
from rag_core.errors import BusyError
from rag_core.inference.worker import Cancellation
from rag_core.types import AnswerEvent, Question, TextDelta

WORKERS = 64


class PipelineRunner:
    """Runs at most `workers` questions at a time, those included that are being written.

    A question beyond them is refused, so no question waits for a thread in silence.
    """

    def __init__(self, pipeline: AnswerPipeline, *, workers: int = WORKERS) -> None:
        self._pipeline = pipeline
        self._workers = workers
        self._running = 0
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="answer")

    @property
    def running_count(self) -> int:
        """Questions whose pipeline runs."""
        return self._running

    async def run(self, question: Question) -> AsyncGenerator[AnswerEvent, None]:
        """Yield the events of the pipeline.

        Closing the generator ends the pipeline. Pieces of text that arrived since the last event
        come as one.

        Raises:
            BusyError: too many questions run already.
        """
        self._take_slot()
        run = _PipelineRun(asyncio.get_running_loop())
        work = self._pool.submit(run.hand_over_events, self._pipeline, question)
        # A thread that was told to end may need a while: it runs until it has ended.
        work.add_done_callback(self._free_slot)
        job = asyncio.wrap_future(work)
        try:
            while (event := await run.take_event()) is not None:
                yield event
            await job
        finally:
            if not work.done():
                run.cancel()
            job.cancel()

    def _take_slot(self) -> None:
        with self._lock:
            if self._running >= self._workers:
                raise BusyError(self._running + 1)
            self._running += 1

    def _free_slot(self, _work: Future[None]) -> None:
        with self._lock:
            self._running -= 1

    def close(self) -> None:
        """Take no more questions, and drop those that wait for a thread."""
        self._pool.shutdown(wait=False, cancel_futures=True)


@dataclass(eq=False, slots=True)
class _PipelineRun:
    """One question on its thread; None is the last event."""

    loop: asyncio.AbstractEventLoop
    pending_events: deque[AnswerEvent | None] = field(default_factory=deque)
    event_added: asyncio.Event = field(default_factory=asyncio.Event)
    cancellation: Cancellation = field(default_factory=Cancellation)
    is_cancelled: bool = False

    def hand_over_events(self, pipeline: AnswerPipeline, question: Question) -> None:
        """Hand over the events until cancelled, then close the iterator."""
        wake = partial(self.loop.call_soon_threadsafe, self.event_added.set)
        try:
            with suppress(CancelledError), self.cancellation.activate():
                events = pipeline.stream(question)
                try:
                    for event in events:
                        if self.is_cancelled:
                            return
                        self.pending_events.append(event)
                        wake()
                finally:
                    if (close := getattr(events, "close", None)) is not None:
                        close()
        finally:
            self.pending_events.append(None)
            wake()

    async def take_event(self) -> AnswerEvent | None:
        """Return the next event; pieces of text that wait come as one."""
        while not self.pending_events:
            self.event_added.clear()
            await self.event_added.wait()
        event = self.pending_events.popleft()
        while isinstance(event, TextDelta) and self.pending_events:
            following = self.pending_events[0]
            if not isinstance(following, TextDelta):
                break
            event = TextDelta(event.text + following.text)
            self.pending_events.popleft()
        return event

    def cancel(self) -> None:
        """End the run, even while it waits for a model."""
        self.is_cancelled = True
        self.cancellation.cancel()
