"""Going back to the version before, and staying there."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from sqlalchemy import update

from ingest.errors import IndexPinnedError, NoVersionError, StateError, SyncRunningError
from ingest.publishing.pin import read_pin, set_pin
from ingest.publishing.publisher import build_switch_lease
from ingest.publishing.versions import list_versions, resume_syncs, roll_back
from ingest.state.tables import versions
from tests.ingest.conftest import Bench
from tests.ingest.fakes import make_folder, version_of


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    return make_folder(tmp_path / "docs", {"a.md": "# A\n\nFirst."})


@pytest.fixture
def two(bench: Bench, docs: Path) -> Path:
    """Two versions: `First.` and, live, `Second.`"""
    bench.sync(docs)
    make_folder(docs, {"a.md": "# A\n\nSecond."})
    bench.sync(docs)
    return docs


def marks(bench: Bench) -> list[tuple[str, bool, bool, bool]]:
    return [
        (version_of(v.collection), v.live, v.previous, v.pinned)
        for v in list_versions(bench.ledger)
    ]


@pytest.mark.usefixtures("two")
def test_versions_are_listed_newest_first(bench: Bench):
    assert marks(bench) == [
        ("docent__v2", True, False, False),
        ("docent__v1", False, True, False),
    ]
    newest = list_versions(bench.ledger)[0]
    assert (newest.documents, newest.chunks, newest.model) == (1, 1, "hash")
    assert newest.as_json()["created_at"].endswith("+00:00")


def test_older_versions_are_dropped(bench: Bench, two: Path):
    for edition in range(3):
        make_folder(two, {"a.md": f"# A\n\nEdition {edition}."})
        bench.sync(two)
    assert [(v.number, v.live, v.previous) for v in list_versions(bench.ledger)] == [
        (5, True, False),
        (4, False, True),
    ]
    assert len(bench.store.list_collections()) == 2


def test_a_rollback_pins_until_it_is_resumed(bench: Bench, two: Path):
    version = roll_back(bench.store, bench.ledger)
    assert (version_of(version.collection), version.live, version.pinned) == (
        "docent__v1",
        True,
        True,
    )
    assert bench.store.texts() == ["First."]
    assert marks(bench) == [
        ("docent__v2", False, False, False),
        ("docent__v1", True, False, True),
    ]
    with pytest.raises(IndexPinnedError, match="docent index --resume"):
        bench.sync(two)
    assert bench.store.texts() == ["First."]
    assert resume_syncs(bench.ledger)
    assert not resume_syncs(bench.ledger)
    bench.sync(two)
    assert bench.store.texts() == ["Second."]
    assert [row[:3] for row in marks(bench)] == [
        ("docent__v2", True, False),
        ("docent__v1", False, True),
    ] or version_of(bench.store.target) == "docent__v3"


@pytest.mark.usefixtures("two")
def test_a_second_rollback_has_nowhere_to_go(bench: Bench):
    roll_back(bench.store, bench.ledger)
    with pytest.raises(NoVersionError, match="no earlier version"):
        roll_back(bench.store, bench.ledger)
    assert bench.store.texts() == ["First."]
    assert version_of(read_pin(bench.ledger).collection) == "docent__v1"


def test_without_a_second_version_nothing_is_pinned(bench: Bench, docs: Path):
    for sync_first in (False, True):
        if sync_first:
            bench.sync(docs)
        with pytest.raises(NoVersionError):
            roll_back(bench.store, bench.ledger)
        assert read_pin(bench.ledger) is None


@pytest.mark.parametrize("step", ["switch", "mark_rolled_back"])
def test_a_rollback_that_was_cut_off_is_completed(
    bench: Bench, two: Path, monkeypatch: pytest.MonkeyPatch, step: str
):
    with monkeypatch.context() as broken:
        broken.setattr(bench.store if step == "switch" else bench.ledger, step, lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            roll_back(bench.store, bench.ledger)
    assert [row[0] for row in marks(bench) if row[1]] == ["docent__v2"]
    with pytest.raises(IndexPinnedError):
        bench.sync(two)
    assert bench.store.texts() == ["First."]
    assert marks(bench) == [
        ("docent__v2", False, False, False),
        ("docent__v1", True, False, True),
    ]
    with pytest.raises(NoVersionError):
        roll_back(bench.store, bench.ledger)
    resume_syncs(bench.ledger)
    bench.sync(two)
    assert bench.store.texts() == ["Second."]


def test_two_rollbacks_at_once_go_to_the_same_version(bench: Bench, two: Path):
    def beside(name: str) -> None:
        bench.store.before = lambda _: None
        with pytest.raises(IndexPinnedError):
            bench.sync(two)  # sees the lease, and leaves the rollback to itself
        assert name == "switch"

    bench.store.before = beside
    assert version_of(roll_back(bench.store, bench.ledger).collection) == "docent__v1"
    assert bench.store.texts() == ["First."]


def test_a_sync_at_work_gives_way_to_a_rollback(bench: Bench, two: Path):
    make_folder(two, {"a.md": "# A\n\nThird."})
    rollback = threading.Thread(target=roll_back, args=(bench.store, bench.ledger))

    def rolled_back(name: str) -> None:
        if name == "seal":
            bench.store.before = lambda _: None
            rollback.start()
            while read_pin(bench.ledger) is None:
                threading.Event().wait(0.01)

    bench.store.before = rolled_back
    with pytest.raises(IndexPinnedError):
        bench.sync(two)
    rollback.join()
    assert bench.store.texts() == ["First."]
    resume_syncs(bench.ledger)
    bench.sync(two)
    assert bench.store.texts() == ["Third."]


def test_a_version_that_a_killed_sync_was_writing_is_not_gone_back_to(bench: Bench, two: Path):
    with bench.ledger.engine.begin() as connection:
        connection.execute(update(versions).where(versions.c.previous).values(writer="killed"))
    with pytest.raises(NoVersionError, match="was killed while it wrote"):
        roll_back(bench.store, bench.ledger)
    assert read_pin(bench.ledger) is None
    make_folder(two, {"a.md": "# A\n\nThird."})
    bench.sync(two)
    assert bench.store.texts() == ["Third."]


def test_a_sync_does_not_switch_while_a_rollback_does(bench: Bench, two: Path):
    make_folder(two, {"a.md": "# A\n\nThird."})
    with build_switch_lease(bench.ledger).hold(), pytest.raises(SyncRunningError):
        bench.sync(two)
    assert bench.store.texts() == ["Second."]
    bench.sync(two)
    assert bench.store.texts() == ["Third."]


def test_a_rollback_goes_past_a_version_that_a_sync_publishes_meanwhile(bench: Bench, two: Path):
    """The sync has looked at the pin; it writes the very collection that the pin then names."""
    make_folder(two, {"a.md": "# A\n\nThird."})
    rollback = threading.Thread(target=roll_back, args=(bench.store, bench.ledger))

    def rolled_back(name: str) -> None:
        if name == "switch":
            bench.store.before = lambda _: None
            rollback.start()
            while read_pin(bench.ledger) is None:
                threading.Event().wait(0.01)

    bench.store.before = rolled_back
    bench.sync(two)
    rollback.join()
    assert bench.store.texts() == ["Second."]
    assert [row[0] for row in marks(bench) if row[1]] == ["docent__v2"]
    assert read_pin(bench.ledger).collection == bench.store.target


@pytest.mark.parametrize("is_recorded", [True, False])
def test_a_pin_does_not_hide_a_version_that_was_published(
    bench: Bench, two: Path, is_recorded: bool
):
    """The rollback is killed after its pin, and the sync perhaps after its switch."""
    make_folder(two, {"a.md": "# A\n\nThird."})
    first = bench.ledger.read_previous_version().collection
    second = bench.store.target

    def pin(name: str) -> None:
        if name == "switch":
            set_pin(bench.ledger, first)

    def record(collection: str) -> None:
        if collection != second:
            raise StateError("locked")

    bench.store.before = pin
    if is_recorded:
        bench.sync(two)
    else:
        with pytest.MonkeyPatch.context() as broken:
            broken.setattr(bench.ledger, "mark_live", record)
            with pytest.raises(StateError):
                bench.sync(two)
    bench.store.before = lambda _: None
    assert bench.store.target == first
    assert second in bench.store.rows
    if is_recorded:
        with pytest.raises(IndexPinnedError):
            bench.sync(two)
    else:
        resume_syncs(bench.ledger)
        assert roll_back(bench.store, bench.ledger).collection == second
    assert bench.store.texts() == ["Second."]
