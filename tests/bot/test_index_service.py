"""The index as it is managed from Slack, over the parts that `docent serve` uses."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.index_service import ServedIndex, SyncRequest, is_previous
from ingest.errors import IndexPinnedError, NoVersionError
from ingest.report import silent
from ingest.sources import Source
from ingest.state.database import open_state
from ingest.state.ledger import Ledger
from tests.ingest.conftest import Bench
from tests.ingest.fakes import make_folder


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    return (
        make_folder(tmp_path / "docs", {"a.md": "# A\n\nFirst."}),
        make_folder(tmp_path / "notes", {"n.md": "# N\n\nNote."}),
    )


@pytest.fixture
def desk(folders: tuple[Path, Path], tmp_path: Path) -> Iterator[ServedIndex]:
    engine = open_state(f"sqlite:///{tmp_path / 'state.sqlite'}")
    bench = Bench(Ledger(engine, index="docent"), tmp_path)
    sources = tuple(Source(name=path.name, uri=str(path)) for path in folders)
    yield ServedIndex(bench.indexer(), bench.store, bench.ledger, sources)
    engine.dispose()


def test_all_sources_or_some_are_synced(desk: ServedIndex, folders: tuple[Path, Path]):
    assert desk.sync(SyncRequest(), silent).added == 2
    for folder in folders:
        make_folder(folder, {"new.md": "# New\n\nNew text."})
    assert desk.preview(SyncRequest(("notes",)), silent).added == 1
    assert desk.sync(SyncRequest(("notes",)), silent).added == 1
    assert [(one.name, one.pages) for one in desk.source_states()] == [("docs", 1), ("notes", 2)]
    assert len(desk.past_syncs(5)) == 2


def test_labels_are_those_of_the_live_version(desk: ServedIndex):
    assert desk.labels() is None
    desk.sync(SyncRequest(), silent)
    assert desk.labels() == {("docs", "", "", "a.md"), ("notes", "", "", "n.md")}
    docs, notes = desk.configured
    labelled = replace(docs, version="2.6", language="en"), notes
    replace(desk, configured=labelled).sync(SyncRequest(), silent)
    assert desk.labels() == {("docs", "2.6", "en", "a.md"), ("notes", "", "", "n.md")}


def test_full_embeds_everything_anew(desk: ServedIndex):
    desk.sync(SyncRequest(), silent)
    assert desk.sync(SyncRequest(), silent).unchanged
    assert desk.sync(SyncRequest(full=True), silent).embedded == 2


def test_a_rollback_pins_until_it_is_resumed(desk: ServedIndex, folders: tuple[Path, Path]):
    desk.sync(SyncRequest(), silent)
    with pytest.raises(NoVersionError):
        desk.roll_back()
    make_folder(folders[0], {"a.md": "# A\n\nSecond."})
    desk.sync(SyncRequest(), silent)
    live, older = desk.versions()
    assert is_previous(desk.versions(), older.revision[:7])
    assert not is_previous(desk.versions(), live.collection)
    assert desk.roll_back().revision == older.revision == desk.status().revision
    with pytest.raises(IndexPinnedError):
        desk.sync(SyncRequest(), silent)
    assert desk.resume()
    assert not desk.resume()
    assert desk.sync(SyncRequest(), silent).changed == 1
