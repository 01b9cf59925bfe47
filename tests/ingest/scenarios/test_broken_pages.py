"""A page that can't be read now: what was known of it stays, and it is tried again."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.documents import Document, HardPageError, Page, PageError
from ingest.errors import SourceShrankError
from ingest.loading import reading_process
from tests.ingest.conftest import Bench, sources_of
from tests.ingest.fakes import make_folder


class Reader:
    """Reads pages, but for those that are broken."""

    def __init__(self) -> None:
        self.broken: dict[str, Exception] = {}
        self.read: list[str] = []
        self._real = reading_process.read_document

    def __call__(self, page: Page) -> Document:
        self.read.append(page.path)
        if page.path in self.broken:
            raise self.broken[page.path]
        return self._real(page)


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> Reader:
    reader = Reader()
    monkeypatch.setattr(reading_process, "read_document", reader)
    return reader


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    return make_folder(tmp_path / "docs", {f"{n}.md": f"# P{n}\n\nPage {n}." for n in range(5)})


@pytest.mark.parametrize("error", [PageError("needs a program"), KeyError("odd")])
def test_a_new_page_is_tried_again(bench: Bench, docs: Path, reader: Reader, error: Exception):
    reader.broken["4.md"] = error
    first = bench.sync(docs)
    assert (first.documents, first.added) == (4, 4)
    assert first.failures[0].startswith("4.md: ")

    again = bench.sync(docs)
    assert (again.unchanged, again.failures) == (True, first.failures)
    assert (bench.store.writes, bench.embedder.embedded) == ([], [])

    reader.broken.clear()
    repaired = bench.sync(docs)
    assert (repaired.added, repaired.embedded, repaired.documents) == (1, 1, 5)
    assert "Page 4." in bench.store.texts()
    reader.read.clear()
    assert bench.sync(docs).unchanged
    assert reader.read == []


def test_a_known_page_keeps_its_chunks_until_it_can_be_read(
    bench: Bench, docs: Path, reader: Reader
):
    bench.sync(docs)
    make_folder(docs, {"4.md": "# P4\n\nNew text.", "3.md": "# P3\n\nAlso new."})
    reader.broken["4.md"] = PageError("needs a program")
    report = bench.sync(docs)
    assert (report.changed, report.embedded, report.documents) == (1, 1, 5)
    assert bench.store.texts() == ["Page 0.", "Page 1.", "Page 2.", "Also new.", "Page 4."]
    assert bench.sync(docs).unchanged
    reader.broken.clear()
    assert bench.sync(docs).changed == 1
    assert "New text." in bench.store.texts()


def test_a_preview_leaves_it_out_too(bench: Bench, docs: Path, reader: Reader):
    bench.sync(docs)
    make_folder(docs, {"4.md": "# P4\n\nNew text."})
    reader.broken["4.md"] = PageError("needs a program")
    preview = bench.indexer().preview(sources_of(docs))
    assert (preview.unchanged, preview.changed) == (True, 0)
    assert preview.failures == ("4.md: needs a program; left out",)


def test_a_full_sync_keeps_it_too(bench: Bench, docs: Path, reader: Reader):
    bench.sync(docs)
    reader.broken["4.md"] = PageError("needs a program")
    assert bench.sync(docs, full=True).documents == 5
    assert "Page 4." in bench.store.texts()


def test_a_hard_page_is_tried_once_until_it_changes(bench: Bench, docs: Path, reader: Reader):
    reader.broken["4.md"] = HardPageError("took longer than 20 seconds to read")
    line = "4.md: took longer than 20 seconds to read; left out"
    assert bench.indexer().preview(sources_of(docs)).failures == (line,)
    reader.read.clear()
    assert bench.sync(docs).failures == (line,)
    assert "4.md" not in reader.read
    again = bench.sync(docs)
    assert (again.unchanged, again.failures) == (True, (line,))

    reader.read.clear()
    bench.sync(docs, full=True)
    assert "4.md" in reader.read
    make_folder(docs, {"4.md": "# P4\n\nNew text."})
    reader.broken.clear()
    assert bench.sync(docs).added == 1
    assert "New text." in bench.store.texts()


def test_the_pages_of_a_source_that_is_not_synced_stay_remembered(
    bench: Bench, docs: Path, tmp_path: Path, reader: Reader
):
    other = make_folder(tmp_path / "other", {"a.md": "# A\n\nText."})
    reader.broken["4.md"] = HardPageError("took longer than 20 seconds to read")
    bench.sync(docs)
    bench.sync(other)
    reader.read.clear()
    bench.sync(docs)
    assert reader.read == []


def test_want_of_memory_is_no_broken_page(bench: Bench, docs: Path, reader: Reader):
    reader.broken["4.md"] = MemoryError()
    with pytest.raises(MemoryError):
        bench.sync(docs)
    assert bench.ledger.read_last_sync().error == "Stopped by MemoryError."


def test_pages_that_lost_all_their_text_count_as_lost(bench: Bench, docs: Path):
    bench.sync(docs)
    make_folder(docs, {f"{n}.md": "<!-- nothing -->" for n in (1, 2)})
    assert "from 5 to 3 pages with text" in bench.indexer().preview(sources_of(docs)).stopped
    with pytest.raises(SourceShrankError, match="docs would go from 5 to 3 pages with text"):
        bench.sync(docs)
    assert len(bench.store.texts()) == 5
    assert bench.sync(docs, force=True).documents == 3


def test_pages_that_never_had_text_are_not_lost(bench: Bench, docs: Path):
    make_folder(docs, {f"{n}.md": "<!-- nothing -->" for n in (1, 2)})
    bench.sync(docs)
    for n in (1, 2):
        (docs / f"{n}.md").unlink()
    make_folder(docs, {f"new{n}.md": "<!-- nothing -->" for n in (1, 2)})
    assert bench.sync(docs).documents == 3
