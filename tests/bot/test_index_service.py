"""The index as it is managed, over the parts that `docent serve` uses."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.errors import SyncStoppedError
from bot.index_service import IndexService, SyncRequest, is_rollback_target
from ingest.errors import IndexPinnedError, NoVersionError, SourceError
from ingest.sources import Source
from ingest.state.database import open_state
from ingest.state.ledger import Ledger
from rag_core.errors import SettingsError
from tests.ingest.conftest import Bench
from tests.ingest.fakes import make_folder


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    return (
        make_folder(tmp_path / "docs", {"a.md": "# A\n\nFirst."}),
        make_folder(tmp_path / "notes", {"n.md": "# N\n\nNote."}),
    )


@pytest.fixture
def index(folders: tuple[Path, Path], tmp_path: Path) -> Iterator[IndexService]:
    engine = open_state(f"sqlite:///{tmp_path / 'state.sqlite'}")
    bench = Bench(Ledger(engine, index="docent"), tmp_path)
    sources = tuple(Source(name=path.name, uri=str(path)) for path in folders)
    yield IndexService(bench.indexer(), bench.store, bench.ledger, sources)
    engine.dispose()


def test_all_sources_or_some_are_synced(index: IndexService, folders: tuple[Path, Path]):
    assert index.sync(SyncRequest()).added == 2
    for folder in folders:
        make_folder(folder, {"new.md": "# New\n\nNew text."})
    assert index.preview(SyncRequest(("notes",))).added == 1
    assert index.sync(SyncRequest(("notes",))).added == 1
    assert [(one.name, one.pages) for one in index.list_source_states()] == [
        ("docs", 1),
        ("notes", 2),
    ]
    assert len(index.list_past_syncs(5)) == 2


def test_labels_are_those_of_the_live_version(index: IndexService):
    assert index.list_page_labels() is None
    index.sync(SyncRequest())
    assert index.list_page_labels() == {("docs", "", "", "a.md"), ("notes", "", "", "n.md")}
    docs, notes = index.configured
    labelled = replace(docs, version="2.6", language="en"), notes
    replace(index, configured=labelled).sync(SyncRequest())
    assert index.list_page_labels() == {("docs", "2.6", "en", "a.md"), ("notes", "", "", "n.md")}


def test_full_embeds_everything_anew(index: IndexService):
    index.sync(SyncRequest())
    assert index.sync(SyncRequest()).unchanged
    assert index.sync(SyncRequest(full=True)).embedded == 2


def test_a_rollback_pins_until_it_is_resumed(index: IndexService, folders: tuple[Path, Path]):
    index.sync(SyncRequest())
    with pytest.raises(NoVersionError):
        index.roll_back()
    make_folder(folders[0], {"a.md": "# A\n\nSecond."})
    index.sync(SyncRequest())
    live, older = index.list_versions()
    assert is_rollback_target(index.list_versions(), older.revision[:7])
    assert not is_rollback_target(index.list_versions(), live.collection)
    assert index.roll_back().revision == older.revision == index.read_status().revision
    with pytest.raises(IndexPinnedError):
        index.sync(SyncRequest())
    assert index.resume()
    assert not index.resume()
    assert index.sync(SyncRequest()).changed == 1


def test_a_refused_request_to_resume_leaves_the_index_pinned(
    index: IndexService, folders: tuple[Path, Path]
):
    index.sync(SyncRequest())
    make_folder(folders[0], {"a.md": "# A\n\nSecond."})
    index.sync(SyncRequest())
    older = index.roll_back()
    with pytest.raises(SettingsError, match="no source named elsewhere"):
        index.sync(SyncRequest(("elsewhere",), resume=True))
    with pytest.raises(IndexPinnedError):
        index.sync(SyncRequest())
    assert index.read_status().revision == older.revision


def test_the_end_of_each_sync_is_reported(index: IndexService, folders: tuple[Path, Path]):
    ends: list[str] = []
    index = replace(index, on_sync_end=lambda outcome, _: ends.append(outcome))
    index.sync(SyncRequest())
    index.sync(SyncRequest())
    folders[0].rename(folders[0].with_name("gone"))
    index.sync(SyncRequest())
    folders[0].with_name("gone").rename(folders[0])
    make_folder(folders[0], {"a.md": "# A\n\nSecond."})
    index.sync(SyncRequest())
    index.roll_back()
    with pytest.raises(IndexPinnedError):
        index.sync(SyncRequest())
    index.resume()
    index.stopping.set()
    with pytest.raises(SyncStoppedError):
        index.sync(SyncRequest(full=True))
    assert ends == ["changed", "unchanged", "incomplete", "changed", "skipped", "stopped"]


def test_a_sync_that_fails_is_reported(index: IndexService, folders: tuple[Path, Path]):
    ends: list[str] = []
    index = replace(index, on_sync_end=lambda outcome, _: ends.append(outcome))
    for folder in folders:
        folder.rename(folder.with_name(f"no-{folder.name}"))
    with pytest.raises(SourceError):
        index.sync(SyncRequest())
    assert ends == ["failed"]
