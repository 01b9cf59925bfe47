"""Which pages a sync touches, for each way to ask for one: `retired` left the settings.

A sync of named sources touches those alone; one of all removes what is configured no more.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot import cli
from bot.control.server import ControlServer, RequestExecutor
from bot.control.socket_path import build_socket_path
from bot.index_service import IndexService, SyncRequest
from bot.service import build_scheduled_sync
from ingest.factory import open_indexer, open_ledger
from ingest.scheduler import SyncScheduler
from ingest.settings import IngestSettings
from ingest.sources import Source
from ingest.state.ledger import Ledger
from rag_core import factory
from tests.bot.conftest import Docent
from tests.bot.slack.actions.test_admin import noted
from tests.ingest.fakes import HashEmbedder, MemoryStore, make_folder
from tests.ingest.test_lazy import Models

EVERYTHING = ("docs", "news", "retired")
LEFT = ("docs", "news")


@dataclass
class World:
    """An index of all three sources; the service knows the two that are left."""

    folder: Path
    store: MemoryStore
    ledger: Ledger

    def service(self, *names: str, schedules: dict[str, str] | None = None) -> IndexService:
        sources = [
            Source(name, str(self.folder / name), schedule=(schedules or {}).get(name, ""))
            for name in names or LEFT
        ]
        indexer = open_indexer(
            IngestSettings.load(), store=self.store, embedder=HashEmbedder(), ledger=self.ledger
        )
        return IndexService(indexer, self.store, self.ledger, tuple(sources))

    def scheduler(self, **schedules: str) -> SyncScheduler:
        index = self.service(schedules=schedules)
        return SyncScheduler(
            build_scheduled_sync(index),
            self.ledger,
            IngestSettings.load(),
            sources=index.configured,
            on_alert=lambda alert: pytest.fail(alert.text),
        )

    def indexed(self) -> tuple[str, ...]:
        return tuple(one.name for one in self.service().list_source_states() if one.pages)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    for name in EVERYTHING:
        make_folder(tmp_path / name, {"page.md": f"# {name}\n\nText of {name}."})
    configured = [{"uri": str(tmp_path / name), "name": name} for name in LEFT]
    monkeypatch.setenv("DOCENT_SOURCES", json.dumps(configured))
    store, ledger = MemoryStore(), open_ledger(IngestSettings.load())
    monkeypatch.setattr(store, "close", lambda: None)
    monkeypatch.setattr(factory, "open_store", lambda *_, **__: store)
    monkeypatch.setattr(factory, "open_models", lambda _: Models(HashEmbedder()))
    made = World(tmp_path, store, ledger)
    made.service(*EVERYTHING).sync(SyncRequest())
    assert made.indexed() == EVERYTHING
    yield made
    ledger.engine.dispose()


@pytest.fixture
def socket_of(world: World) -> Iterator[None]:
    """The running service, at its control socket; nothing can be opened beside it."""
    path = build_socket_path(IngestSettings.load())
    assert path is not None
    server = ControlServer(path, RequestExecutor(None, world.service(), None))
    server.start()
    yield
    server.close()


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> None:
    monkeypatch.setattr(sys, "argv", ["docent", "index", *words, "--json"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 0


class TestCommandLine:
    @pytest.fixture(params=["alone", "beside the service"], autouse=True)
    def place(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
        if request.param == "beside the service":
            request.getfixturevalue("socket_of")
            monkeypatch.setattr("bot.control.local.sync_or_preview", None)

    def test_named_sources_are_touched_alone(self, world: World, monkeypatch):
        make_folder(world.folder / "docs", {"new.md": "# New\n\nNew text."})
        run(monkeypatch, "docs")
        assert "New text." in world.store.texts()
        assert world.indexed() == EVERYTHING

    def test_so_are_sources_that_are_not_configured(self, world: World, monkeypatch):
        make_folder(world.folder / "more", {"page.md": "# More\n\nMore text."})
        run(monkeypatch, str(world.folder / "more"))
        assert world.indexed() == ("docs", "more", "news", "retired")

    def test_a_sync_of_all_removes_what_is_configured_no_more(self, world: World, monkeypatch):
        run(monkeypatch)
        assert world.indexed() == LEFT

    def test_a_dry_run_removes_nothing(self, world: World, monkeypatch, capsys):
        run(monkeypatch, "--dry-run")
        assert json.loads(capsys.readouterr().out)["dropped"] == ["retired"]
        assert world.indexed() == EVERYTHING


class TestSchedule:
    """`_run_scheduled` is one run of a job, on this thread."""

    def test_the_job_of_one_source_touches_it_alone(self, world: World):
        world.scheduler(news="every 30m")._run_scheduled("sync:news")
        assert world.indexed() == EVERYTHING

    def test_the_job_of_the_others_removes_what_is_configured_no_more(self, world: World):
        world.scheduler(news="every 30m")._run_scheduled("sync")
        assert world.indexed() == LEFT

    def test_where_each_source_has_a_schedule_no_job_removes(self, world: World):
        scheduler = world.scheduler(docs="every 1h", news="every 30m")
        scheduler._run_scheduled("sync:news")
        scheduler._run_scheduled("sync:docs")
        assert world.indexed() == EVERYTHING

    def test_a_sync_of_all_removes_it(self, world: World):
        world.scheduler()._run_scheduled("sync")
        assert world.indexed() == LEFT


async def test_slack(docent: Docent, world: World):
    docent.index = world.service()
    await docent.start()
    await docent.slack.slash("/docent", "reindex docs")
    await noted(docent)
    assert world.indexed() == EVERYTHING
    await docent.slack.slash("/docent", "reindex")
    entries = await noted(docent, 2)
    assert any("1 removed" in result for _, _, result in entries)
    assert world.indexed() == LEFT
