"""The real app against the local Slack, with a scripted pipeline and a scripted sync."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import Engine

from bot.app import run_app
from bot.app_parts import AppParts, Intervals
from bot.calls.library import ServedLibrary
from bot.conversation.lease_keeper import Pace
from bot.index_service import IndexService, PageLabels, SyncRequest
from bot.settings import BotSettings
from bot.storage.database import BotDatabase
from bot.storage.problems import Problem
from ingest.changes.preview import Preview
from ingest.overview.history import PastSync, SourceState
from ingest.overview.status import IndexStatus
from ingest.report import IngestReport, ProgressCallback
from ingest.state.database import open_state
from ingest.types import IndexVersion
from rag_core.types import Chunk
from tests.bot.fakes import (
    LAST_SYNC,
    PREVIEW,
    REVISION,
    SOURCES,
    SYNCS,
    FakePipeline,
    FakeSync,
    FakeVersions,
)
from tests.servers.slack.server import SlackServer
from tests.servers.slack.store import ALICE

LABELS = (
    PageLabels("docs", "2.6", "en", "en/faq/page1.md"),
    PageLabels("docs", "2.5", "en", "en/faq/page1.md"),
    PageLabels("notes", "2.6", "", "README.md"),
)
# On a busy machine the state database is no slower than that: no answer begins without it.
PACE = Pace(first_sign=5.0)
PATIENCE = 30.0
SHORT_WAITS = (
    "bot.conversation.answer_flow.STORE_SECONDS",
    "bot.conversation.question_builder.READ_SECONDS",
    "bot.conversation.signal_sender.LOOK_SECONDS",
    "bot.service.BUSY_SECONDS",
    "bot.slack.actions.deliveries.LOOK_SECONDS",
    "bot.slack.client.locale.WAIT_SECONDS",
    "bot.slack.client.names.WAIT_SECONDS",
    "bot.slack.client.people.WAIT_SECONDS",
    "bot.slack.inbox.recorder.LOOK_SECONDS",
    "bot.slack.inbox.thread_history.READ_SECONDS",
)
INTERVALS = Intervals(flush_seconds=0, edit_seconds=0.01, grace_seconds=5, pace=PACE)


def index_status(revision: str | None = REVISION) -> IndexStatus:
    return IndexStatus(
        collection="docent",
        revision=revision,
        model="all-MiniLM-L6-v2",
        chunks=1205,
        documents=224,
        sources=("docs",),
        last_sync=LAST_SYNC,
        last_error=None,
        next_sync=None,
    )


@dataclass
class Docent:
    """The app and what it is made of; `start` runs one more replica."""

    slack: SlackServer
    engine: Engine
    starts: contextlib.AsyncExitStack
    pipeline: FakePipeline = field(default_factory=FakePipeline)
    sync: FakeSync = field(default_factory=FakeSync)
    versions: FakeVersions = field(default_factory=FakeVersions)
    read_status: Callable[[], IndexStatus] = index_status
    chunks: list[Chunk] = field(default_factory=list)
    labels: Collection[PageLabels] | None = LABELS
    instructions: str = ""
    reads_images: bool = False
    index: IndexService | None = None
    problems: list[Problem] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    library: ServedLibrary | None = None

    @property
    def client(self) -> AsyncWebClient:
        """A client of docent's own, as another process has it."""
        return AsyncWebClient(self.slack.bot_token, base_url=self.slack.base_url)

    def settings(self, **changes: object) -> BotSettings:
        values = {
            "slack_bot_token": self.slack.bot_token,
            "slack_app_token": self.slack.app_token,
            "slack_signing_secret": self.slack.signing_secret,
            "slack_api_url": self.slack.base_url,
            "admins": ALICE,
            "catch_up_minutes": 0,
        }
        return BotSettings.load(**(values | changes))

    def parts(self, settings: BotSettings) -> AppParts:
        database = BotDatabase.open(
            self.engine, keep_days=settings.keep_days, read_last_success_time=lambda *_: LAST_SYNC
        )
        return AppParts(
            pipeline=self.pipeline,
            index=self.index or FakeIndex(self),
            database=database,
            warm_up=self.warm_up,
            instructions=self.instructions,
            list_problems=lambda: self.problems,
            reads_images=self.reads_images,
            library=self.library,
        )

    def status(self) -> IndexStatus:
        return self.read_status()

    def warm_up(self) -> None:
        self.events.append(f"warm up, {self.slack.sockets.opened} sockets")

    def running(
        self, *, intervals: Intervals = INTERVALS, **changes: object
    ) -> contextlib.AbstractAsyncContextManager[None]:
        settings = self.settings(**changes)
        return run_app(settings, self.parts(settings), intervals=intervals)

    async def start(self, *, intervals: Intervals = INTERVALS, **changes: object) -> None:
        """Run the app, or another replica of it, until the end of the test."""
        before = self.slack.sockets.opened
        await self.starts.enter_async_context(self.running(intervals=intervals, **changes))
        if "http_port" not in changes:
            await self.slack.wait_connected(before + 1)

    async def start_http(self, **changes: object) -> str:
        """Run the app in HTTP mode; its base URL."""
        port = free_port()
        await self.start(http_port=port, **changes)
        self.slack.events_url = f"http://127.0.0.1:{port}/slack/events"
        return f"http://127.0.0.1:{port}"

    async def reached(self, event: object) -> None:
        """Wait for something that happens on another thread."""
        assert await asyncio.to_thread(event.wait, 10)


@dataclass
class FakeIndex:
    """The index as the test has it."""

    docent: Docent
    source_names: tuple[str, ...] = ("docs", "notes")

    def sync(self, request: SyncRequest, progress: ProgressCallback) -> IngestReport:
        self.docent.sync.requests.append(request)
        return self.docent.sync(progress)

    def preview(self, request: SyncRequest, progress: ProgressCallback) -> Preview:
        del progress
        self.docent.sync.requests.append(request)
        return PREVIEW

    def read_status(self) -> IndexStatus:
        return self.docent.status()

    def list_versions(self) -> tuple[IndexVersion, ...]:
        return self.docent.versions.listed()

    def roll_back(self) -> IndexVersion:
        return self.docent.versions.roll_back()

    def resume(self) -> bool:
        return self.docent.versions.resume()

    def list_source_states(self) -> tuple[SourceState, ...]:
        return SOURCES

    def list_past_syncs(self, limit: int) -> tuple[PastSync, ...]:
        return SYNCS[:limit]

    def list_page_labels(self) -> Collection[PageLabels] | None:
        return self.docent.labels

    def sample_chunks(self, limit: int) -> list[Chunk]:
        return self.docent.chunks[:limit]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(autouse=True)
def long_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait long where docent would go on without: a busy machine changes no answer.

    A test of slowness sets its own limit.
    """
    for name in SHORT_WAITS:
        monkeypatch.setattr(name, PATIENCE)


@pytest.fixture
async def docent(slack_server: SlackServer, tmp_path: Path) -> AsyncIterator[Docent]:
    """The app, not started yet."""
    engine = open_state(f"sqlite:///{tmp_path / 'state.sqlite'}")
    async with contextlib.AsyncExitStack() as starts:
        yield Docent(slack_server, engine, starts)
    engine.dispose()
