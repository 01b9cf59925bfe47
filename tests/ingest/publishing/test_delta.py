"""The standby after a delta is what a new collection would be, and after an undo what it was."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from ingest.errors import NoVersionError, PublishError, StateError, SyncRunningError
from ingest.publishing.versions import resume_syncs, roll_back
from ingest.state import tables
from ingest.state.database import open_state
from ingest.state.ledger import Ledger
from ingest.types import describe_chunk
from rag_core.errors import StoreError, StoreUnavailableError
from tests.ingest.conftest import Bench
from tests.ingest.fakes import make_folder

paths = st.sampled_from(["a.md", "b.md", "c.md", "d.md"])
texts = st.lists(st.sampled_from(["one", "two", "three", "same"]), max_size=4).map(
    lambda parts: "# T\n\n" + "".join(f"## H\n\n{part}\n\n" for part in parts)
)
edits = st.tuples(paths, st.none() | texts)
syncs = st.tuples(st.lists(edits, max_size=4), st.booleans())


def open_bench(folder: Path, name: str) -> Bench:
    engine = open_state(f"sqlite:///{folder / name}.sqlite")
    return Bench(Ledger(engine, index="docent"), folder)


def read_live(bench: Bench) -> dict[str, Any]:
    rows = bench.store.rows[bench.store.target or ""]
    return {id_: (chunk, vector.tolist()) for id_, (chunk, vector) in rows.items()}


def fail(_: str) -> None:
    raise PublishError("refused")


def check_ledger(bench: Bench) -> None:
    """The ledger has what the store has, row by row, and page by page."""
    contents = bench.ledger.contents
    for version in bench.ledger.list_versions():
        assert not version.writer
        rows = bench.store.rows[version.collection]
        recorded = {chunk.id: chunk for chunk in contents.read_chunks(version.collection)}
        assert recorded == {id_: describe_chunk(chunk) for id_, (chunk, _) in rows.items()}
        assert version.chunks == len(rows)
        pages = {page.key: page.chunks for page in contents.read_pages(version.collection)}
        for key, count in pages.items():
            assert count == sum(chunk.page_key == key for chunk, _ in rows.values())
        assert version.spec == bench.store.specs[version.collection]


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state database with its tables, to copy: making them takes longer than a sync."""
    folder = tmp_path_factory.mktemp("state")
    open_bench(folder, "ready").ledger.engine.dispose()
    return folder / "ready.sqlite"


@settings(max_examples=40)
@given(st.lists(syncs, min_size=2, max_size=6))
def test_any_edits_give_what_a_build_from_nothing_gives(ready: Path, plan: list[Any]):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for state in ("state", "fresh"):
            shutil.copy(ready, folder / f"{state}.sqlite")
        docs = make_folder(folder / "docs", {"always.md": "# A\n\nAlways."})
        bench = open_bench(folder, "state")
        for changed, is_refused in plan:
            for path, text in changed:
                if text is None:
                    (docs / path).unlink(missing_ok=True)
                else:
                    make_folder(docs, {path: text})
            before = {name: dict(rows) for name, rows in bench.store.rows.items()}
            bench.store.before = lambda name, refused=is_refused: (
                fail(name) if refused and name == "switch" else None
            )
            try:
                bench.sync(docs, force=True)
            except PublishError:
                standby = bench.ledger.read_previous_version()
                if standby is not None:  # it can still be gone back to
                    rows = bench.store.rows[standby.collection]
                    assert rows.keys() == before[standby.collection].keys()
                    assert all(rows[i][0] == before[standby.collection][i][0] for i in rows)
                    check_ledger(bench)
                continue
            check_ledger(bench)
        bench.store.before = lambda _: None
        bench.sync(docs, force=True)  # the last one may have been refused
        fresh = open_bench(folder, "fresh")
        fresh.sync(docs)
        assert read_live(bench) == read_live(fresh)
        live = bench.store.read_live_index()
        assert live is not None
        assert live.spec == fresh.store.read_live_index().spec


@pytest.fixture
def many(tmp_path: Path) -> Path:
    pages = {f"{n}.md": f"# Page {n}\n\nText of {n}." for n in range(30)}
    return make_folder(tmp_path / "docs", pages)


def note_writes(bench: Bench) -> list[tuple[str, int]]:
    """Note each write of rows with their number."""
    noted: list[tuple[str, int]] = []

    def wrap(name: str, real: Callable[..., None]) -> Callable[..., None]:
        def call(collection: str, rows: Any, *more: Any) -> None:
            noted.append((name, len(rows)))
            real(collection, rows, *more)

        return call

    bench.store.insert = wrap("insert", bench.store.insert)
    bench.store.delete = wrap("delete", bench.store.delete)
    return noted


def test_only_what_differs_is_written(bench: Bench, many: Path):
    for edition in range(2):
        make_folder(many, {"3.md": f"# Page 3\n\nEdition {edition}."})
        bench.sync(many)
    noted = note_writes(bench)
    make_folder(many, {"4.md": "# Page 4\n\nAnother text."})
    report = bench.sync(many)
    # Page 3 of the version before, and page 4.
    assert noted == [("delete", 2), ("insert", 2)]
    assert (report.embedded, report.reused, report.chunks) == (1, 29, 30)
    assert bench.ledger.read_live_version().dead == 2


def test_after_a_rollback_only_what_differs_is_written(bench: Bench, many: Path):
    for edition in range(2):
        make_folder(many, {"3.md": f"# Page 3\n\nEdition {edition}."})
        bench.sync(many)
    left = bench.store.target
    roll_back(bench.store, bench.ledger)
    resume_syncs(bench.ledger)
    noted = note_writes(bench)
    make_folder(many, {"4.md": "# Page 4\n\nAnother text."})
    report = bench.sync(many)
    assert noted == [("delete", 1), ("insert", 1)]  # it has the page 3 of the sources
    assert report.embedded <= 2
    assert "create" not in bench.store.writes
    assert bench.store.target == left
    check_ledger(bench)
    # The version that the rollback made live is the one before.
    target = bench.ledger.read_previous_version().collection
    assert roll_back(bench.store, bench.ledger).collection == target
    assert "Edition 0." in " ".join(bench.store.texts())


def test_after_a_rollback_an_unchanged_sync_keeps_the_version_that_was_left(
    bench: Bench, many: Path
):
    bench.sync(many)
    make_folder(many, {"3.md": "# Page 3\n\nEdition 1."})
    bench.sync(many)
    left = bench.store.target
    roll_back(bench.store, bench.ledger)
    resume_syncs(bench.ledger)
    make_folder(many, {"3.md": "# Page 3\n\nText of 3."})
    assert bench.sync(many).unchanged
    assert left in bench.store.list_collections()
    with pytest.raises(NoVersionError):
        roll_back(bench.store, bench.ledger)
    make_folder(many, {"4.md": "# Page 4\n\nAnother text."})
    bench.sync(many)
    assert bench.store.target == left
    check_ledger(bench)


def test_a_version_that_a_rollback_left_is_given_back_if_the_next_is_refused(
    bench: Bench, many: Path
):
    for edition in range(2):
        make_folder(many, {"3.md": f"# Page 3\n\nEdition {edition}."})
        bench.sync(many)
    left = bench.ledger.read_live_version()
    roll_back(bench.store, bench.ledger)
    resume_syncs(bench.ledger)
    make_folder(many, {"4.md": "# Page 4\n\nAnother text."})
    bench.store.before = lambda name: fail(name) if name == "switch" else None
    with pytest.raises(PublishError):
        bench.sync(many)
    check_ledger(bench)
    after = bench.ledger.read_standby()
    assert (after.collection, after.spec, after.chunks) == (left.collection, left.spec, left.chunks)
    assert bench.ledger.read_previous_version() is None


def test_a_standby_that_a_rollback_made_live_meanwhile_is_not_written_to(bench: Bench, many: Path):
    """It was rolled back, and resumed, while the sync was embedding."""
    for edition in range(2):
        make_folder(many, {"3.md": f"# Page 3\n\nEdition {edition}."})
        bench.sync(many)
    make_folder(many, {"4.md": "# Page 4\n\nAnother text."})
    real = bench.embedder.embed_passages

    def embed(texts: list[str]) -> Any:
        if bench.ledger.read_previous_version() is not None:
            roll_back(bench.store, bench.ledger)
            resume_syncs(bench.ledger)
        return real(texts)

    bench.embedder.embed_passages = embed
    with pytest.raises(SyncRunningError):
        bench.sync(many)
    assert "Edition 0." in " ".join(bench.store.texts())
    check_ledger(bench)
    bench.sync(many)
    assert "Another text." in " ".join(bench.store.texts())
    check_ledger(bench)


def test_a_new_address_writes_its_chunks_and_embeds_none(bench: Bench, many: Path):
    for edition in range(2):
        make_folder(many, {"3.md": f"# Page 3\n\nEdition {edition}."})
        bench.sync(many)
    noted = note_writes(bench)
    text = "# Page 4\n\nText of 4.\n\n"
    make_folder(many, {"4.md": text + "## More\n\nEnd."})
    bench.sync(many)
    make_folder(many, {"4.md": "# Page 4\n\n## New\n\nBegin.\n\n" + "## More\n\nEnd."})
    noted.clear()
    report = bench.sync(many)
    assert report.embedded == 1
    assert sum(count for name, count in noted if name == "insert") <= 4


def test_a_standby_of_another_recipe_is_not_used(bench: Bench, many: Path):
    bench.sync(many)
    bench.embedder.model = "another"
    bench.sync(many)
    make_folder(many, {"3.md": "# Page 3\n\nEdition 2."})
    bench.sync(many)
    assert "create" in bench.store.writes


def test_rows_that_the_standby_lost_make_a_new_collection(bench: Bench, many: Path):
    for edition in range(2):
        make_folder(many, {"3.md": f"# Page 3\n\nEdition {edition}."})
        bench.sync(many)
    standby = bench.ledger.read_previous_version()
    del bench.store.rows[standby.collection][next(iter(bench.store.rows[standby.collection]))]
    make_folder(many, {"4.md": "# Page 4\n\nAnother text."})
    bench.sync(many)
    assert "create" in bench.store.writes
    assert standby.collection not in bench.store.list_collections()


def test_the_standby_rests_until_questions_have_ended(
    bench: Bench, many: Path, monkeypatch: pytest.MonkeyPatch
):
    rested: list[float] = []
    monkeypatch.setattr("ingest.publishing.publisher.time.sleep", rested.append)
    for edition in range(3):
        make_folder(many, {"3.md": f"# Page 3\n\nEdition {edition}."})
        indexer = bench.indexer()
        indexer._publisher._drain_seconds = 20.0
        bench.indexer = lambda made=indexer: made
        bench.sync(many)
    assert 19 < sum(rested) <= 20
    assert max(rested) <= 0.2  # so that a sync that is stopped ends soon


def test_the_version_that_a_rollback_left_rests_until_questions_have_ended(
    bench: Bench, many: Path, monkeypatch: pytest.MonkeyPatch
):
    """Questions may have begun on it right before the rollback, however old the other one is."""
    for edition in range(2):
        make_folder(many, {"3.md": f"# Page 3\n\nEdition {edition}."})
        bench.sync(many)
    long_ago = datetime.now(UTC) - timedelta(days=1)
    with bench.ledger.engine.begin() as connection:
        connection.execute(update(tables.versions).values(switched_at=long_ago))
    left = bench.store.target
    before = dict(bench.store.rows[left])
    roll_back(bench.store, bench.ledger)
    resume_syncs(bench.ledger)
    rested: list[float] = []

    def rest(seconds: float) -> None:
        rested.append(seconds)
        assert bench.store.rows[left] == before
        assert "Edition 0." in " ".join(bench.store.texts())

    monkeypatch.setattr("ingest.publishing.publisher.time.sleep", rest)
    indexer = bench.indexer()
    indexer._publisher._drain_seconds = 100.0
    bench.indexer = lambda: indexer
    make_folder(many, {"4.md": "# Page 4\n\nAnother text."})
    bench.sync(many)
    assert bench.store.target == left
    assert 0 < sum(rested) <= 100


def test_a_version_that_is_written_by_another_is_dropped(bench: Bench, many: Path):
    for edition in range(2):
        make_folder(many, {"3.md": f"# Page 3\n\nEdition {edition}."})
        bench.sync(many)
    standby = bench.ledger.read_previous_version()
    with bench.ledger.engine.begin() as connection:
        is_previous = tables.versions.c.previous
        connection.execute(update(tables.versions).where(is_previous).values(writer="gone"))
    make_folder(many, {"4.md": "# Page 4\n\nAnother text."})
    bench.sync(many)
    assert standby.collection not in bench.store.list_collections()
    assert replace(standby) not in bench.ledger.list_versions()


@pytest.mark.parametrize("call", [1, 2])
@pytest.mark.parametrize("name", ["delete", "insert", "remove_pages", "add_pages", "seal"])
def test_a_delta_that_ends_anywhere_is_taken_back(bench: Bench, many: Path, name: str, call: int):
    for edition in range(2):
        make_folder(many, {"3.md": f"# Page 3\n\nEdition {edition}."})
        bench.sync(many)
    standby = bench.ledger.read_previous_version().collection
    before = dict(bench.store.rows[standby])
    make_folder(many, {"4.md": "# Page 4\n\nAnother text.", "new.md": "# New"})
    (many / "5.md").unlink()
    owner = bench.ledger.contents if name.endswith("pages") else bench.store
    with pytest.MonkeyPatch.context() as broken:
        broken.setattr(owner, name, fail_once(getattr(owner, name), is_done=call == 2))
        with pytest.raises(StoreError):
            bench.sync(many)
    check_ledger(bench)
    assert bench.store.rows[standby].keys() == before.keys()
    assert roll_back(bench.store, bench.ledger).collection == standby


def fail_once(real: Callable[..., Any], *, is_done: bool) -> Callable[..., Any]:
    """A function that raises an error at its first call, which was carried out or not."""
    calls: list[None] = []

    def call(*arguments: Any) -> Any:
        calls.append(None)
        if len(calls) > 1:
            return real(*arguments)
        if is_done:
            real(*arguments)
        raise StoreError("refused")

    return call


@pytest.mark.parametrize("error", [StateError, StoreUnavailableError])
def test_a_version_that_went_live_is_not_taken_back(
    bench: Bench, many: Path, error: type[Exception]
):
    """The switch is made, but its record fails, or its answer is lost."""
    for edition in range(2):
        make_folder(many, {"3.md": f"# Page 3\n\nEdition {edition}."})
        bench.sync(many)
    earlier = bench.store.target
    make_folder(many, {"4.md": "# Page 4\n\nAnother text."})
    broken_part = bench.ledger if error is StateError else bench.store
    name = "mark_live" if error is StateError else "switch"
    real = getattr(broken_part, name)

    def fail_after_switch(collection: str) -> None:
        if error is StoreUnavailableError or collection == earlier:
            real(collection)
        if collection != earlier:
            raise error("lost")

    with pytest.MonkeyPatch.context() as broken:
        broken.setattr(broken_part, name, fail_after_switch)
        with pytest.raises(error):
            bench.sync(many)
    assert "Another text." in " ".join(bench.store.texts())
    assert bench.sync(many).unchanged
    check_ledger(bench)
    assert roll_back(bench.store, bench.ledger).collection == earlier


@pytest.mark.parametrize("is_lite", [True, False])
def test_deleted_rows_make_a_new_collection_only_on_lite(bench: Bench, many: Path, is_lite: bool):
    bench.store.is_exact = is_lite
    for edition in range(2):
        make_folder(many, {"3.md": f"# Page 3\n\nEdition {edition}."})
        bench.sync(many)
    standby = bench.ledger.read_previous_version().collection
    with bench.ledger.engine.begin() as connection:
        connection.execute(update(tables.versions).values(dead=500))
    make_folder(many, {"4.md": "# Page 4\n\nAnother text."})
    bench.sync(many)
    assert (bench.store.target == standby) is not is_lite
