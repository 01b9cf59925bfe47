"""Failures while a version is built, and their repair by the next sync."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from ingest.changes.survey import SyncOptions
from ingest.errors import ForeignIndexError, PublishError, SyncRunningError
from ingest.publishing.pin import set_pin
from ingest.publishing.publisher import Publisher, build_switch_lease, repair_marks
from ingest.publishing.versions import roll_back
from ingest.state.database import open_state
from ingest.state.ledger import Ledger
from ingest.state.live_mark import LiveMark
from ingest.state.tables import leases
from tests.ingest.conftest import Bench, sources_of
from tests.ingest.fakes import make_folder, version_of

PAGES = {
    "faq.md": "# FAQ\n\n## Why?\n\nBecause of that.\n\n## How?\n\nLike this.",
    "guide.md": "# Guide\n\nFirst this, then that.",
}


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    return make_folder(tmp_path / "docs", PAGES)


def test_a_sync_that_lost_its_lease_does_not_switch(bench: Bench, docs: Path):
    bench.sync(docs)
    make_folder(docs, {"new.md": "# New\n\nPage."})

    def lose(name: str) -> None:
        if name == "seal":
            with bench.ledger.engine.begin() as connection:
                connection.exec_driver_sql("DELETE FROM leases")

    bench.store.before = lose
    with pytest.raises(SyncRunningError, match="took over"):
        bench.sync(docs)
    assert version_of(bench.store.read_live_index().collection) == "docent__v1"


def rival(bench: Bench) -> Bench:
    """Another process with the same index."""
    return Bench(bench.ledger, bench.folder, store=bench.store)


@pytest.mark.parametrize("step", ["create", "insert", "seal", "switch"])
def test_what_a_sync_without_its_lease_writes_is_not_in_the_version_of_another(
    bench: Bench, docs: Path, step: str
):
    bench.sync(docs)
    make_folder(docs, {"new.md": "# New\n\nPage."})

    def overtaken(name: str) -> None:
        if name != step:
            return
        bench.store.before = lambda _: None
        with bench.ledger.engine.begin() as connection:
            connection.exec_driver_sql("DELETE FROM leases")
        make_folder(docs, {"new.md": "# New\n\nThe other one's page."})
        rival(bench).sync(docs)

    bench.store.before = overtaken
    with pytest.raises(SyncRunningError, match="took over"):
        bench.sync(docs)
    assert bench.store.texts() == [
        "Because of that.",
        "Like this.",
        "First this, then that.",
        "The other one's page.",
    ]
    assert rival(bench).sync(docs).unchanged
    assert len(bench.store.list_collections()) == 2


def test_a_sync_without_its_lease_drops_no_version_of_another(bench: Bench, docs: Path):
    bench.sync(docs)
    foreign = "docent__v7_0123abcd"
    bench.store.create(foreign, bench.store.read_live_index().spec)

    def lost() -> None:
        raise SyncRunningError("took over")

    with pytest.raises(SyncRunningError):
        Publisher(bench.store, bench.embedder, bench.ledger).prune(lost)
    assert foreign in bench.store.list_collections()
    Publisher(bench.store, bench.embedder, bench.ledger).prune(lambda: None)
    assert foreign not in bench.store.list_collections()


class CrashError(Exception):
    """The process is killed here."""


def crash_at(step: str, bench: Bench) -> Callable[[], None]:
    """Raise at a step of the store, the embedder or the ledger; the returned function undoes it."""

    def crash(name: str = step) -> None:
        if name == step:
            raise CrashError

    if step == "embed":
        bench.embedder.before = crash
    elif step in {"complete", "mark_live", "remember_sources"}:
        owner = bench.ledger.claims if step == "complete" else bench.ledger
        real = getattr(owner, step)
        after = "switch" if step != "complete" else "seal"
        setattr(
            owner,
            step,
            lambda *a, **k: crash() if after in bench.store.writes else real(*a, **k),
        )
        return lambda: delattr(owner, step)
    else:
        bench.store.before = crash

    def undo() -> None:
        bench.store.before = lambda _: None
        bench.embedder.before = lambda: None

    return undo


@pytest.mark.parametrize(
    "step",
    [
        "create",
        "delete",
        "insert",
        "embed",
        "seal",
        "complete",
        "switch",
        "mark_live",
        "drop",
        "remember_sources",
    ],
)
@pytest.mark.parametrize("edits", [1, 2])
def test_a_crash_leaves_an_answer_and_the_next_sync_completes(
    bench: Bench, docs: Path, step: str, edits: int
):
    for edit in range(edits):  # with two, there is an old version to drop
        make_folder(docs, {"guide.md": f"# Guide\n\nEdition {edit}."})
        bench.sync(docs)
    before = bench.store.texts()
    make_folder(docs, {"guide.md": "# Guide\n\nThe last edition.", "new.md": "# New\n\nPage."})
    after = ["Because of that.", "Like this.", "The last edition.", "Page."]
    undo = crash_at(step, bench)
    crashed = True
    try:
        bench.sync(docs)
        crashed = False
    except CrashError:
        assert bench.ledger.read_last_sync().error == "Stopped by CrashError."
    # The second sync builds a collection, the third writes a delta into the first one's.
    assert crashed or (step in {"delete", "drop"} if edits == 1 else step in {"create", "drop"})
    switched = not crashed or step in {"mark_live", "drop", "remember_sources"}
    assert bench.store.texts() == (after if switched else before)
    undo()

    report = bench.sync(docs)
    assert report.unchanged == switched
    assert bench.store.texts() == after
    assert report.chunks == 4
    live, previous = bench.ledger.read_live_version(), bench.ledger.read_previous_version()
    assert live.collection == bench.store.target
    assert bench.store.list_collections() == sorted([live.collection, previous.collection])
    recorded = {version.collection for version in bench.ledger.list_versions()}
    assert recorded == set(bench.store.list_collections())
    assert len(bench.ledger.contents.read_pages(live.collection)) == 3


def test_rows_that_are_missing_stop_the_switch(bench: Bench, docs: Path):
    bench.sync(docs)
    make_folder(docs, {"new.md": "# New\n\nPage."})
    real = bench.store.insert
    bench.store.insert = lambda name, chunks, vectors: real(name, chunks[1:], vectors[1:])
    with pytest.raises(PublishError, match="holds 2 of 4 chunks"):
        bench.sync(docs)
    assert version_of(bench.store.read_live_index().collection) == "docent__v1"
    del bench.store.insert
    assert bench.sync(docs).chunks == 4


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_vectors_that_are_no_numbers_stop_the_sync(bench: Bench, docs: Path, bad: float):
    bench.embedder.embed_passages = lambda texts: np.full((len(texts), 8), bad, np.float32)
    with pytest.raises(PublishError, match="unusable vectors"):
        bench.sync(docs)
    assert bench.store.read_live_index() is None


def test_vectors_of_another_dimension_stop_the_sync(bench: Bench, docs: Path):
    bench.embedder.embed_passages = lambda texts: np.ones((len(texts), 5), np.float32)
    with pytest.raises(PublishError, match="unusable vectors"):
        bench.sync(docs)


def test_rows_lost_in_milvus_are_found_and_repaired(bench: Bench, docs: Path, tmp_path: Path):
    more = make_folder(tmp_path / "more", {"a.md": "# A\n\nThe other source."})
    bench.sync(docs, more)
    rows = bench.store.rows[bench.store.target]
    lost = next(id_ for id_, (chunk, _) in rows.items() if chunk.text == "Like this.")
    del rows[lost]
    report = bench.sync(docs)
    assert (report.chunks, report.embedded, report.changed) == (4, 1, 0)
    assert "Like this." in bench.store.texts()
    assert bench.sync(docs, more).unchanged is False  # the other's pages were of unknown content
    assert bench.sync(docs, more).unchanged


def test_a_lost_state_database_is_made_anew_from_milvus(bench: Bench, docs: Path, tmp_path: Path):
    bench.sync(docs)
    fresh = Bench(
        Ledger(open_state(f"sqlite:///{tmp_path / 'new.sqlite'}"), index="docent"),
        tmp_path,
        store=bench.store,
        embedder=bench.embedder,
    )
    with pytest.raises(ForeignIndexError, match="docent index --adopt"):
        fresh.sync(docs)
    with pytest.raises(ForeignIndexError, match="docent index --adopt"):
        fresh.indexer().preview(sources_of(docs))
    assert fresh.ledger.list_versions() == []
    preview = fresh.indexer().preview(sources_of(docs), options=SyncOptions(adopt=True))
    assert (preview.chunks, preview.to_embed) == (3, 0)
    assert bench.sync(docs).unchanged
    report = fresh.sync(docs, adopt=True)
    assert (report.embedded, report.reused, report.changed) == (0, 3, 0)
    with pytest.raises(ForeignIndexError):
        bench.sync(docs)
    with pytest.raises(ForeignIndexError):
        roll_back(bench.store, bench.ledger)
    # Its questions ask Milvus from now on, where the other one switches.
    assert LiveMark(bench.ledger).read() is None
    assert fresh.sync(docs).unchanged


def test_an_index_without_an_owner_gets_one(bench: Bench, docs: Path, tmp_path: Path):
    """As an earlier docent left it: another one must not come first after an update."""
    bench.sync(docs)
    bench.store.owners.clear()
    assert bench.sync(docs).unchanged
    other = Ledger(open_state(f"sqlite:///{tmp_path / 'new.sqlite'}"), index="docent")
    with pytest.raises(ForeignIndexError):
        Bench(other, tmp_path, store=bench.store, embedder=bench.embedder).sync(docs)


def test_a_lost_milvus_is_filled_anew_and_says_what_is_missing(
    bench: Bench, docs: Path, tmp_path: Path
):
    more = make_folder(tmp_path / "more", {"a.md": "# A\n\nThe other source."})
    bench.sync(docs, more)
    bench.store = type(bench.store)()
    report = bench.sync(docs)
    assert (report.chunks, report.embedded) == (3, 3)
    assert report.failures == ("more: not in Milvus any more; index it again",)
    assert bench.sync(docs).failures == ()


def test_collections_of_others_are_left_alone(bench: Bench, docs: Path):
    for name in ("docent__v9_old", "docent__notes", "docentx__v1"):
        bench.store.rows[name] = {}
    bench.sync(docs)
    assert {"docent__v9_old", "docent__notes", "docentx__v1"} < set(bench.store.list_collections())


def test_progress_counts_what_is_done_of_what_is_to_do(bench: Bench, docs: Path):
    bench.sync(docs)
    make_folder(docs, {"new.md": "# New\n\nPage."})
    bench.sync(docs)
    stages = ("embedding", "writing", "publishing")
    told = [(one.stage, one.done, one.total) for one in bench.events if one.stage in stages]
    assert told == [
        ("embedding", 0, 1),
        ("embedding", 1, 1),  # while the others are written
        ("writing", 3, 4),
        ("writing", 4, 4),
        *(("publishing", step, 4) for step in range(5)),
    ]


def test_indexes_with_long_names_have_a_lease_of_the_switch_each(bench: Bench):
    names = [f"{'long' * 60}{number}" for number in range(2)]
    first, second = (Ledger(bench.ledger.engine, index=name) for name in names)
    with (
        build_switch_lease(first).hold(),
        build_switch_lease(second).hold(),
        first.engine.connect() as connection,
    ):
        held = connection.scalars(select(leases.c.name)).all()
    assert sorted(held) == [f"switch:{name}" for name in names]


@pytest.mark.parametrize(("pinned", "back_to"), [(True, None), (False, "docent__v2")])
def test_marks_are_repaired_by_the_store_and_the_pin(
    bench: Bench, docs: Path, pinned: bool, back_to: str | None
):
    bench.sync(docs)
    make_folder(docs, {"new.md": "# New\n\nPage."})
    bench.sync(docs)
    first, second = (version.collection for version in bench.ledger.list_versions())
    set_pin(bench.ledger, first if pinned else second)
    bench.store.target = first
    repair_marks(bench.ledger, bench.store.read_live_index())
    assert bench.ledger.read_live_version().collection == first
    previous = bench.ledger.read_previous_version()
    assert (version_of(previous.collection) if previous else None) == back_to


def test_only_a_standby_that_is_in_the_store_is_kept(bench: Bench, docs: Path):
    for edit in range(2):
        make_folder(docs, {"guide.md": f"# Guide\n\nEdition {edit}."})
        bench.sync(docs)
    previous = bench.ledger.read_previous_version()
    publisher = Publisher(bench.store, bench.embedder, bench.ledger)
    publisher.prune(lambda: None)
    assert bench.ledger.read_version(previous.collection) == previous
    bench.store.drop(previous.collection)
    publisher.prune(lambda: None)
    assert bench.ledger.read_version(previous.collection) is None
    assert bench.ledger.contents.read_pages(previous.collection) == ()


def test_a_version_that_another_docent_may_have_written_to_is_no_standby(
    bench: Bench, docs: Path, tmp_path: Path
):
    """The index is taken over and taken back; nothing tells whether the rows are those of then."""
    for edit in range(2):
        make_folder(docs, {"guide.md": f"# Guide\n\nEdition {edit}."})
        bench.sync(docs)
    standby = bench.ledger.read_standby().collection
    other = Ledger(open_state(f"sqlite:///{tmp_path / 'new.sqlite'}"), index="docent")
    Bench(other, tmp_path, store=bench.store, embedder=bench.embedder).sync(docs, adopt=True)
    make_folder(docs, {"guide.md": "# Guide\n\nThe last edition."})
    bench.sync(docs, adopt=True)
    assert "create" in bench.store.writes
    assert standby not in bench.store.list_collections()
    assert "The last edition." in bench.store.texts()
