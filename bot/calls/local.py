"""The library of a command: through the running service, or else with an index of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from typing import TYPE_CHECKING, TypeVar

from bot.calls.library import run_on_thread, run_once
from bot.calls.requests import Ask, CallEvent, PageRequest
from bot.calls.schema import PageResult, SearchResult
from bot.control.discovery import find_service
from bot.conversation.runner import StreamRunner
from ingest.settings import IngestSettings
from rag_core.errors import StoreLockedError
from rag_core.types import Question

if TYPE_CHECKING:
    from bot.calls.own_index import OwnIndex
    from bot.control.client import ControlClient

LOCK_SECONDS = 20.0
"""So long a call waits for an index that another process holds, such as a starting service."""

_LOOK_AGAIN_SECONDS = 0.5
_WORKERS = 8

Result = TypeVar("Result")


class LocalLibrary:
    """Asks the running service if there is one, at each call; implements `Library`."""

    def __init__(self, *, lock_seconds: float = LOCK_SECONDS) -> None:
        self._own_index: OwnIndex | None = None
        self._lock = threading.Lock()
        self._lock_seconds = lock_seconds
        self._reads: StreamRunner[Callable[[], object], object] = StreamRunner(
            run_once, workers=_WORKERS
        )
        self._answers: StreamRunner[Ask, CallEvent] = StreamRunner(self._stream, workers=_WORKERS)

    async def search(self, question: Question, *, limit: int) -> SearchResult:
        """Search for passages."""

        def search_own() -> SearchResult:
            with self._own.read() as documentation:
                return documentation.search(question, limit=limit)

        return await run_on_thread(
            self._reads,
            lambda: self._choose(
                lambda service: service.search_docs(question, limit=limit), search_own
            ),
        )

    async def read_page(self, page: PageRequest) -> PageResult:
        """Read a page, or a piece of it."""

        def read_own() -> PageResult:
            with self._own.read() as documentation:
                return documentation.read_page(page)

        return await run_on_thread(
            self._reads, lambda: self._choose(lambda service: service.read_page(page), read_own)
        )

    async def ask(self, ask: Ask) -> AsyncGenerator[CallEvent, None]:
        """Yield the events of one answer."""
        async with self._answers.run(ask) as events:
            while (event := await events.get()) is not None:
                yield event

    def close(self) -> None:
        """End the threads and the models."""
        self._reads.close()
        self._answers.close()
        if self._own_index is not None:
            self._own_index.close()

    @property
    def _own(self) -> OwnIndex:
        """The index of this process; its imports take longer than a client likes to wait."""
        with self._lock:
            if self._own_index is None:
                from bot.calls.own_index import OwnIndex

                self._own_index = OwnIndex()
            return self._own_index

    def _stream(self, ask: Ask) -> Iterator[CallEvent]:
        """Yield the events of one answer; blocks."""
        # The first event is taken here, as the index is opened for it.
        first, others = self._choose(
            lambda service: _begin(service.ask_docs(ask)), lambda: _begin(self._own.stream(ask))
        )
        yield first
        yield from others

    def _choose(
        self, ask_service: Callable[[ControlClient], Result], read_own: Callable[[], Result]
    ) -> Result:
        """Ask the service, or read the own index as soon as possible."""
        end = time.monotonic() + self._lock_seconds
        while True:
            service = find_service(IngestSettings.load())
            if service is not None:
                return ask_service(service)
            try:
                return read_own()
            except StoreLockedError:
                if time.monotonic() >= end:
                    raise
            time.sleep(_LOOK_AGAIN_SECONDS)


def _begin(events: Iterator[CallEvent]) -> tuple[CallEvent, Iterator[CallEvent]]:
    """Take the first event, and return it with the others."""
    return next(events), events
