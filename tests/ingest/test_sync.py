from __future__ import annotations

import doctest
import json
from pathlib import Path

import numpy as np
import pytest

from ingest.documents import Document, Page
from ingest.errors import (
    SourceEmptyError,
    SourceNotFoundError,
    SyncRunningError,
)
from ingest.formats import read_document
from ingest.sources import Downloads
from ingest.state.lease import SyncLease
from ingest.sync import Indexer
from rag_core.errors import ModelError
from tests.ingest.conftest import Bench
from tests.ingest.fakes import HashEmbedder, make_folder, make_zip, version_of, versions_in

PAGES = {
    "faq.md": "# FAQ\n\n## Why?\n\nBecause it is.\n\n## How?\n\nSo it goes.",
    "guide.md": "# Guide\n\nFirst this, then that.",
}


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    return make_folder(tmp_path / "docs", PAGES)


def test_first_sync(bench: Bench, docs: Path):
    report = bench.sync(docs)
    assert (report.documents, report.chunks) == (2, 3)
    assert (report.added, report.changed, report.removed) == (2, 0, 0)
    assert (report.embedded, report.reused) == (3, 0)
    assert report.failures == ()
    assert not report.unchanged
    live = bench.store.read_live_index()
    assert version_of(live.collection) == "docent__v1"
    assert live.spec.revision == report.revision
    assert bench.store.texts() == ["Because it is.", "So it goes.", "First this, then that."]
    assert bench.ledger.read_live_version().chunks == 3


def test_the_example_in_the_docstring_runs(
    bench: Bench, docs: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(docs.parent)
    names = {
        "Indexer": Indexer,
        "store": bench.store,
        "embedder": bench.embedder,
        "ledger": bench.ledger,
        "downloads": Downloads(bench.folder / "snapshots"),
    }
    (example,) = doctest.DocTestFinder(recurse=False).find(Indexer, "Indexer", globs=names)
    result = doctest.DocTestRunner().run(example)
    assert result.attempted >= 1
    assert result.failed == 0


def test_unchanged_writes_and_embeds_nothing(bench: Bench, docs: Path):
    first = bench.sync(docs)
    again = bench.sync(docs)
    assert again.unchanged
    assert (again.documents, again.chunks, again.revision) == (2, 3, first.revision)
    assert (again.added, again.changed, again.removed, again.embedded) == (0, 0, 0, 0)
    assert again.reused == 3
    assert bench.store.writes == []
    assert bench.embedder.embedded == []


def test_a_change_embeds_only_itself(bench: Bench, docs: Path):
    first = bench.sync(docs)
    make_folder(docs, {"faq.md": "# FAQ\n\n## New?\n\nYes it is.\n\n" + PAGES["faq.md"][7:]})
    report = bench.sync(docs)
    assert (report.added, report.changed, report.removed) == (0, 1, 0)
    assert (report.embedded, report.reused) == (1, 3)
    assert bench.embedder.embedded == ["FAQ > New?\n\nYes it is."]
    assert bench.store.texts() == [
        "Yes it is.",
        "Because it is.",
        "So it goes.",
        "First this, then that.",
    ]
    assert report.revision != first.revision
    assert versions_in(bench.store.list_collections()) == ["docent__v1", "docent__v2"]


def test_carried_vectors_are_those_of_their_text(bench: Bench, docs: Path):
    bench.sync(docs)
    make_folder(docs, {"new.md": "# New\n\nPage.", "faq.md": PAGES["faq.md"] + "\n\nMore."})
    bench.sync(docs)
    for chunk, vector in bench.store.rows[bench.store.target].values():
        assert np.array_equal(vector, bench.embedder.embed_query(chunk.embedding_text))


def test_a_moved_page_reuses_its_vectors(bench: Bench, docs: Path):
    bench.sync(docs)
    (docs / "guide.md").rename(docs / "moved.md")
    report = bench.sync(docs)
    assert (report.added, report.removed, report.embedded) == (1, 1, 0)


def test_equal_texts_are_embedded_once(bench: Bench, tmp_path: Path):
    pages = {f"{n}.md": "# Same\n\ntext" for n in range(3)}
    report = bench.sync(make_folder(tmp_path / "docs", pages))
    assert (report.chunks, report.embedded, report.reused) == (3, 1, 2)


def test_a_removed_page_is_gone(bench: Bench, docs: Path):
    bench.sync(docs)
    (docs / "guide.md").unlink()
    report = bench.sync(docs, force=True)  # half of the pages
    assert (report.documents, report.chunks, report.removed) == (1, 2, 1)
    assert "First this, then that." not in bench.store.texts()


def test_a_change_back_has_the_revision_of_before(bench: Bench, docs: Path):
    first = bench.sync(docs)
    make_folder(docs, {"guide.md": "# Guide\n\nOther."})
    assert bench.sync(docs).revision != first.revision
    make_folder(docs, PAGES)
    assert bench.sync(docs).revision == first.revision


def test_other_sources_stay(bench: Bench, docs: Path, tmp_path: Path):
    bench.sync(docs)
    archive = make_zip(tmp_path / "more.zip", {"faq.md": "# More\n\nElsewhere."})
    report = bench.sync(archive)
    assert (report.documents, report.added, report.removed, report.embedded) == (3, 1, 0, 1)
    assert bench.sync(docs).unchanged
    assert bench.ledger.list_sources(bench.store.target) == ("docs", "more")


def test_two_folders_of_one_name_are_two_sources(bench: Bench, tmp_path: Path):
    bench.sync(make_folder(tmp_path / "a/docs", {"a.md": "# A\n\na"}))
    report = bench.sync(make_folder(tmp_path / "b/docs", {"b.md": "# B\n\nb"}))
    assert (report.documents, report.removed) == (2, 0)
    assert bench.sync(tmp_path / "b/docs").unchanged
    assert bench.sync(tmp_path / "a/docs").unchanged


def test_a_url_template_that_changes_reaches_the_index(bench: Bench, docs: Path):
    bench.sync(docs)
    report = bench.sync(json.dumps([{"uri": str(docs), "url": "https://x.io/{stem}"}]))
    assert (report.changed, report.embedded) == (2, 0)
    assert {chunk.url for chunk in bench.store.live_chunks()} == {
        "https://x.io/faq#why",
        "https://x.io/faq#how",
        "https://x.io/guide#guide",
    }


@pytest.mark.parametrize("change", ["model", "dimension", "tokens", "schema"])
def test_another_recipe_embeds_everything_anew(
    bench: Bench, docs: Path, tmp_path: Path, change: str
):
    bench.sync(docs, make_folder(tmp_path / "more", {"a.md": "# A\n\nThe other source."}))
    if change == "schema":
        bench.schema = 2
    else:
        options = {"model": {"model": "x"}, "dimension": {"dimension": 4}}
        bench.embedder = HashEmbedder(**options.get(change, {"max_tokens": 64}))
    report = bench.sync(docs)
    assert (report.chunks, report.embedded, report.reused) == (4, 4, 0)
    assert (report.added, report.changed, report.removed) == (0, 0, 0)
    assert bench.store.read_live_index().spec.model == bench.embedder.model
    # The other source was carried over as it was divided before: its own sync divides it anew.
    assert bench.sync(tmp_path / "more").unchanged == (change in {"dimension", "schema"})
    assert bench.sync(docs, tmp_path / "more").unchanged


def test_progress_reaches_the_end_of_every_stage(bench: Bench, docs: Path):
    bench.sync(docs)
    last = {event.stage: (event.done, event.total) for event in bench.events}
    assert last == {
        "reading": (2, 2),
        "chunking": (2, 2),
        "embedding": (3, 3),
        "writing": (3, 3),
        "publishing": (4, 4),
    }


def test_batches(bench: Bench, tmp_path: Path):
    text = "\n\n".join(f"## Heading {n}\n\nText {n}." for n in range(300))
    bench.sync(make_folder(tmp_path / "docs", {"a.md": text}))
    assert bench.embedder.batches == [128, 128, 44]


def test_one_of_two_sources_fails(bench: Bench, docs: Path, tmp_path: Path):
    report = bench.sync(tmp_path / "nothing.zip", docs)
    assert report.documents == 2
    (line,) = report.failures
    assert line.startswith("nothing: There is no file or directory")


def test_a_source_that_fails_keeps_its_pages(bench: Bench, docs: Path, tmp_path: Path):
    archive = make_zip(tmp_path / "more.zip", {"a.md": "# More\n\nElsewhere."})
    bench.sync(docs, archive)
    archive.write_text("no zip")
    report = bench.sync(docs, archive)
    assert report.unchanged
    assert report.documents == 3
    assert len(report.failures) == 1


def test_a_source_that_fails_does_not_become_fresh(bench: Bench, docs: Path, tmp_path: Path):
    archive = make_zip(tmp_path / "more.zip", {"a.md": "# More\n\nElsewhere."})
    bench.sync(docs, archive)
    first = {name: bench.ledger.read_last_success_time([name]) for name in ("docs", "more")}
    archive.write_text("no zip")
    bench.sync(docs, archive)
    second = {name: bench.ledger.read_last_success_time([name]) for name in ("docs", "more")}
    assert second["more"] == first["more"]
    assert second["docs"] > first["docs"]
    assert bench.ledger.read_last_success_time() == first["more"]


def test_all_sources_fail(bench: Bench, docs: Path, tmp_path: Path):
    bench.sync(docs)
    with pytest.raises(SourceNotFoundError, match="gone"):
        bench.sync(tmp_path / "gone", tmp_path / "too")
    assert bench.store.texts()
    assert "gone" in bench.ledger.read_last_sync().error


def test_pages_that_fail_are_lines_in_the_report(bench: Bench, docs: Path):
    make_folder(
        docs,
        {
            "empty.md": "",
            "title.md": "---\ntitle: Alone\n---\n",
            "odd.md": "Caf\xe9 is not a word in UTF-8.".encode("latin-1"),
            "binary.md": bytes(range(256)),
        },
    )
    report = bench.sync(docs)
    assert (report.documents, report.added) == (3, 5)
    assert [line.split(":")[0] for line in report.failures] == [
        "binary.md",
        "empty.md",
        "odd.md",
        "title.md",
    ]
    assert bench.sync(docs).unchanged


def test_a_page_that_breaks_its_parser(bench: Bench, docs: Path, monkeypatch: pytest.MonkeyPatch):
    def broken(page: Page) -> Document:
        if page.path == "faq.md":
            raise RecursionError("too deep")
        return read_document(page)

    monkeypatch.setattr("ingest.loading.reading_process.read_document", broken)
    report = bench.sync(docs)
    assert report.documents == 1
    assert report.failures == ("faq.md: could not be read (too deep); left out",)


def test_nothing_but_empty_pages(bench: Bench, tmp_path: Path):
    with pytest.raises(SourceEmptyError, match="no text"):
        bench.sync(make_folder(tmp_path / "docs", {"a.md": "  \n"}))
    with pytest.raises(SourceEmptyError, match="no text"):
        bench.sync(make_folder(tmp_path / "docs", {"a.md": "---\ntitle: x\n---\n"}))
    assert bench.store.list_collections() == []


def test_a_page_of_two_megabytes(bench: Bench, docs: Path):
    make_folder(docs, {"big.md": "# Big\n\n" + "word " * 400_000})
    report = bench.sync(docs)
    assert report.failures == ()
    assert report.documents == 3


def test_two_syncs_at_once(bench: Bench, docs: Path):
    with (
        SyncLease(bench.ledger.engine, name="sync:docent").hold(),
        pytest.raises(SyncRunningError),
    ):
        bench.sync(docs)
    assert bench.ledger.read_last_sync() is None
    assert bench.sync(docs).documents == 2


def test_one_document_is_a_source(bench: Bench, docs: Path):
    report = bench.sync(docs / "guide.md")
    assert (report.documents, report.failures) == (1, ())
    (chunk,) = bench.store.live_chunks()
    assert (chunk.source, chunk.path) == ("guide.md", "guide.md")
    assert chunk.url == f"{(docs / 'guide.md').as_uri()}#guide"


def test_the_same_relative_path_elsewhere_removes_nothing(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for name in ("a", "b"):
        make_folder(tmp_path / name / "docs", {f"{name}.md": f"# {name}\n\ntext of {name}"})
        monkeypatch.chdir(tmp_path / name)
        report = bench.sync("docs")
    assert (report.documents, report.removed) == (2, 0)


def test_stopped_by_hand(bench: Bench, docs: Path):
    def stop() -> None:
        raise KeyboardInterrupt

    bench.embedder.before = stop
    with pytest.raises(KeyboardInterrupt):
        bench.sync(docs)
    assert bench.ledger.read_last_sync().error == "Stopped by hand."


def test_a_broken_ledger_hides_no_error(bench: Bench, docs: Path):
    def break_down() -> None:
        with bench.ledger.engine.begin() as connection:
            connection.exec_driver_sql("DROP TABLE syncs")
            connection.exec_driver_sql("DROP TABLE leases")
        raise ModelError("The model is broken.")

    bench.embedder.before = break_down
    with pytest.raises(ModelError, match="The model is broken"):
        bench.sync(docs)
