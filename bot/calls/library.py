"""The library: what programs may ask of docent, wherever the index is held."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from concurrent.futures import wait
from typing import TYPE_CHECKING, Protocol, TypeVar

from bot.calls.requests import Ask, CallEvent, PageRequest, Progress
from bot.calls.schema import PageResult, SearchResult
from bot.conversation.runner import StreamRunner
from bot.errors import CallError
from rag_core.types import Question, Scope

if TYPE_CHECKING:
    from bot.calls.desk import CallDesk
    from bot.calls.documentation import Documentation

BEAT_SECONDS = 1.0
"""A client of the control socket hears at least so often, which shows whether it is still there."""

_READERS = 8

Result = TypeVar("Result")


class Library(Protocol):
    """Searches the documentation, reads its pages and answers questions about it."""

    async def search(self, question: Question, *, limit: int) -> SearchResult:
        """Search for passages.

        Raises:
            DocentError: the search failed; the message says why in one sentence.
        """

    async def read_page(self, page: PageRequest) -> PageResult:
        """Read a page, or a piece of it.

        Raises:
            DocentError: the page can't be read.
        """

    def ask(self, ask: Ask) -> AsyncGenerator[CallEvent, None]:
        """Yield the events of one answer; closing the iterator withdraws the question.

        Raises:
            DocentError: there is no answer.
        """


class ServedLibrary:
    """The library of the running service; implements `Library`."""

    def __init__(self, documentation: Documentation) -> None:
        self._documentation = documentation
        self._reads: StreamRunner[Callable[[], object], object] = StreamRunner(
            run_once, workers=_READERS
        )
        self._desk: CallDesk | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def connect(self, desk: CallDesk) -> None:
        """Take questions from now on, by the running event loop."""
        self._desk, self._loop = desk, asyncio.get_running_loop()

    def stop(self) -> None:
        """Take no more questions, and end those that still wait."""
        if self._desk is not None:
            self._desk.close()

    async def search(self, question: Question, *, limit: int) -> SearchResult:
        """Search for passages."""
        return await self._read(lambda: self._documentation.search(question, limit=limit))

    async def read_page(self, page: PageRequest) -> PageResult:
        """Read a page, or a piece of it."""
        return await self._read(lambda: self._documentation.read_page(page))

    async def ask(self, ask: Ask) -> AsyncGenerator[CallEvent, None]:
        """Yield the events of one answer."""
        if self._desk is None:
            raise CallError("docent is still starting: ask again in a minute.")
        if ask.scope != Scope():
            await self._read(lambda: self._documentation.check_scope(ask.scope))
        async with contextlib.aclosing(self._desk.ask(ask)) as events:
            async for event in events:
                yield event

    async def _read(self, work: Callable[[], Result]) -> Result:
        """Run blocking work on a thread, where it can be cancelled."""
        return await run_on_thread(self._reads, work)

    def search_now(self, question: Question, *, limit: int) -> SearchResult:
        """Search for passages; blocks."""
        return self._documentation.search(question, limit=limit)

    def read_page_now(self, page: PageRequest) -> PageResult:
        """Read a page, or a piece of it; blocks."""
        return self._documentation.read_page(page)

    def stream(self, ask: Ask) -> Generator[CallEvent, None, None]:
        """Yield the events of one answer, with beats; blocks.

        Raises:
            DocentError: there is no answer.
        """
        if self._loop is None:
            raise CallError("docent is still starting: ask again in a minute.")
        events = self.ask(ask)
        try:
            while True:
                coming = asyncio.run_coroutine_threadsafe(_take_next(events), self._loop)
                while not wait([coming], BEAT_SECONDS).done:
                    yield Progress("")
                event = coming.result()
                if event is None:
                    return
                yield event
        finally:
            coming.cancel()
            asyncio.run_coroutine_threadsafe(_close(events), self._loop)

    def close(self) -> None:
        """Read nothing more."""
        self._reads.close()


async def run_on_thread(
    runner: StreamRunner[Callable[[], object], object], work: Callable[[], Result]
) -> Result:
    """Run blocking work as the only event of a stream.

    Args:
        runner: over `run_once`.
        work: what to run.

    Returns:
        Its result.
    """
    results: list[Result] = []
    async with runner.run(lambda: results.append(work())) as events:
        while await events.get() is not None:
            pass
    return results[0]


def run_once(work: Callable[[], object]) -> Iterator[object]:
    """Run blocking work, and yield one event."""
    work()
    yield True


async def _take_next(events: AsyncGenerator[CallEvent, None]) -> CallEvent | None:
    async for event in events:
        return event
    return None


async def _close(events: AsyncGenerator[CallEvent, None]) -> None:
    await events.aclose()
