"""A desk with its line, over a scripted pipeline and a small index in memory."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Engine, select

from bot.calls.desk import CallDesk
from bot.calls.documentation import Documentation
from bot.calls.library import ServedLibrary
from bot.calls.requests import Answered, Ask, CallEvent
from bot.conversation.dispatcher import Dispatcher
from bot.conversation.lease_keeper import Pace
from bot.conversation.runner import PipelineRunner
from bot.conversation.surfaces import SurfaceHandler
from bot.health.telemetry import Telemetry
from bot.storage import tables
from bot.storage.database import BotDatabase
from bot.storage.line_limits import Limits
from bot.types import Surface
from ingest.state.database import open_state
from rag_core.types import Answer, Chunk, LiveIndex, Passage, Question, Scope
from tests.bot.fakes import LAST_SYNC, FakePipeline, Gate
from tests.rag_core.fakes import HashEmbedder, MemoryStore, make_chunk, publish

WAIT = 30.0
PACE = Pace(poll=0.02, signals=0.02, first_sign=10.0, ack=10.0)
REVISION = "r1"


def page_chunks() -> list[Chunk]:
    """Two pages: a guide of three sections, and one that another source has at the same path."""

    def section(position: int, *headings: str, text: str, anchor: str) -> Chunk:
        made = make_chunk(
            text, path="guide.md", title="Guide", headings=headings, position=position
        )
        return Chunk(**{**vars(made), "url": f"https://docs.example/guide/#{anchor}"})

    return [
        section(0, "Install", text="Run the installer.", anchor="install"),
        section(1, "Install", "On Linux", text="Use the package.", anchor="on-linux"),
        section(2, "Remove", text="Delete the folder.", anchor="remove"),
        make_chunk("Another.", path="guide.md", title="Old guide", source="old", version="1.0"),
        make_chunk("Storage keeps data.", path="storage.md", title="Storage", language="en"),
    ]


class Searches(FakePipeline):
    """A scripted pipeline that also finds every chunk of its store, in their order."""

    def __init__(self, chunks: Sequence[Chunk], live: LiveIndex) -> None:
        super().__init__()
        self.chunks = list(chunks)
        self.live = live
        self.error: Exception | None = None
        self.gate: Gate | None = None
        self.searched: list[tuple[Question, int]] = []

    def search(self, question: Question, *, limit: int) -> tuple[Passage, ...]:
        self.searched.append((question, limit))
        if self.gate:
            self.gate.wait()
        if self.error:
            raise self.error
        return tuple(Passage(chunk, 0.5, 0.25) for chunk in self.chunks[:limit])

    def require_live_index(self) -> LiveIndex:
        return self.live


@dataclass
class Bench:
    """The desk, and what it is made of."""

    engine: Engine
    database: BotDatabase
    pipeline: Searches
    store: MemoryStore
    dispatcher: Dispatcher
    desk: CallDesk
    library: ServedLibrary
    surfaces: dict[Surface, SurfaceHandler] = field(default_factory=dict)

    async def ask(self, ask: Ask) -> list[CallEvent]:
        async with asyncio.timeout(WAIT):
            return [event async for event in self.desk.ask(ask)]

    async def answer(self, ask: Ask) -> Answer:
        last = (await self.ask(ask))[-1]
        assert isinstance(last, Answered)
        return last.answer

    def rows(self) -> dict[str, str]:
        """The status of each question, by its text or, once it has ended, by its id."""
        with self.engine.connect() as connection:
            rows = connection.execute(select(tables.inbox.c.ts, tables.inbox.c.status))
            return {row.ts: row.status for row in rows}

    async def wait_statuses(self, *statuses: str) -> None:
        async with asyncio.timeout(WAIT):
            while not await self._have(statuses):  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    async def wait_readers(self, count: int) -> None:
        """Wait until so many wait for one answer."""
        async with asyncio.timeout(WAIT):
            while all(each.readers != count for each in self.desk._replies.values()):  # noqa: ASYNC110
                await asyncio.sleep(0)

    async def _have(self, statuses: tuple[str, ...]) -> bool:
        return sorted((await asyncio.to_thread(self.rows)).values()) == sorted(statuses)


def open_index() -> tuple[MemoryStore, list[Chunk], LiveIndex]:
    store, chunks = MemoryStore(), page_chunks()
    publish(store, HashEmbedder(), chunks, revision=REVISION)
    live = store.read_live_index()
    assert live is not None
    return store, chunks, live


@contextlib.asynccontextmanager
async def open_bench(
    folder: Path, *, slots: int = 2, limits: Limits | None = None, keep_days: int = 90
) -> AsyncIterator[Bench]:
    engine = open_state(f"sqlite:///{folder / 'state.sqlite'}")
    database = BotDatabase.open(
        engine,
        keep_days=keep_days,
        read_last_success_time=lambda *_: LAST_SYNC,
        limits=limits,
    )
    store, chunks, live = open_index()
    pipeline = Searches(chunks, live)
    surfaces: dict[Surface, SurfaceHandler] = {}
    dispatcher = Dispatcher(database.inbox, database.inbox_view, surfaces, slots=slots, pace=PACE)
    runner = PipelineRunner(pipeline, workers=slots)
    desk = CallDesk(dispatcher, runner, database, Telemetry())
    surfaces["mcp"] = surfaces["http"] = desk.handler
    library = ServedLibrary(Documentation(pipeline, store, database.read_last_success_time))
    library.connect(desk)
    dispatcher.start()
    try:
        yield Bench(engine, database, pipeline, store, dispatcher, desk, library, surfaces)
    finally:
        await dispatcher.stop(0)
        runner.close()
        library.close()
        engine.dispose()


def scoped(**scope: object) -> Question:
    return Question("Where?", scope=Scope(**scope))
