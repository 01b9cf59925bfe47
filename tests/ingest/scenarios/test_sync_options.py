"""What a sync does when asked: all anew, though much is gone, and what was taken out."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.errors import SourceShrankError
from tests.ingest.conftest import Bench, sources_of
from tests.ingest.fakes import make_folder, version_of


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    return make_folder(tmp_path / "docs", {f"{n}.md": f"# P{n}\n\nPage {n}." for n in range(10)})


@pytest.fixture
def more(tmp_path: Path) -> Path:
    return make_folder(tmp_path / "more", {"a.md": "# A\n\nThe other source."})


def lose(docs: Path, count: int) -> None:
    for n in range(count):
        (docs / f"{n}.md").unlink()


def test_full_embeds_everything_anew(bench: Bench, docs: Path, more: Path):
    first = bench.sync(docs, more)
    report = bench.sync(docs, full=True)
    assert (report.embedded, report.reused, report.unchanged) == (11, 0, False)
    assert (report.added, report.changed, report.removed) == (0, 0, 0)
    assert report.revision == first.revision
    assert version_of(bench.store.read_live_index().collection) == "docent__v2"


def test_many_lost_pages_stop_the_switch(bench: Bench, docs: Path):
    bench.sync(docs)
    lose(docs, 3)
    with pytest.raises(SourceShrankError, match="docs would go from 10 to 7 pages"):
        bench.sync(docs)
    assert len(bench.store.texts()) == 10
    assert bench.store.writes == []
    assert "from 10 to 7 pages" in bench.ledger.read_last_sync().error
    assert bench.sync(docs, force=True).removed == 3
    assert bench.sync(docs).unchanged


def test_a_fifth_may_go(bench: Bench, docs: Path):
    bench.sync(docs)
    lose(docs, 2)
    assert bench.sync(docs).removed == 2


def test_nothing_falls_where_a_source_cannot_be_read(bench: Bench, docs: Path, more: Path):
    bench.sync(docs, more)
    docs.rename(docs.with_name("away"))
    report = bench.sync(docs, more, configured=sources_of(docs, more), remove_unconfigured=True)
    assert (report.unchanged, report.unread, report.dropped) == (True, ("docs",), ())
    assert len(bench.store.texts()) == 11


class TestDropped:
    def test_a_source_that_was_taken_out_is_removed(self, bench: Bench, docs: Path, more: Path):
        bench.sync(docs, more, configured=sources_of(docs, more))
        report = bench.sync(more, configured=sources_of(more), remove_unconfigured=True)
        assert (report.removed, report.dropped, report.embedded) == (10, ("docs",), 0)
        assert bench.store.texts() == ["The other source."]
        again = bench.sync(more, configured=sources_of(more), remove_unconfigured=True)
        assert (again.unchanged, again.dropped) == (True, ())

    def test_not_where_one_source_is_named(self, bench: Bench, docs: Path, more: Path):
        bench.sync(docs, more, configured=sources_of(docs, more))
        assert bench.sync(more).unchanged
        assert len(bench.store.texts()) == 11

    def test_it_is_removed_though_only_one_source_was_synced_since(
        self, bench: Bench, docs: Path, more: Path
    ):
        bench.sync(docs, configured=sources_of(docs, more))
        bench.sync(more, configured=sources_of(more))
        report = bench.sync(more, configured=sources_of(more), remove_unconfigured=True)
        assert (report.removed, report.dropped) == (10, ("docs",))

    def test_a_source_that_was_named_by_hand_stays(self, bench: Bench, docs: Path, more: Path):
        bench.sync(more)
        report = bench.sync(docs, configured=sources_of(docs), remove_unconfigured=True)
        assert (report.removed, report.dropped) == (0, ())
        assert len(bench.store.texts()) == 11

    def test_a_renamed_source_keeps_its_vectors(self, bench: Bench, docs: Path):
        uri = f'[{{"uri": "{docs}", "name": "handbook"}}]'
        named = sources_of(uri)
        bench.sync(docs, configured=sources_of(docs))
        report = bench.sync(uri, configured=named, remove_unconfigured=True)
        assert (report.added, report.removed, report.embedded) == (10, 10, 0)
        assert report.dropped == ("docs",)


class TestPreview:
    def test_it_says_what_would_be_done_and_does_nothing(self, bench: Bench, docs: Path):
        bench.sync(docs)
        make_folder(docs, {"1.md": "# P1\n\nOther.", "new.md": "# New\n\nPage."})
        (docs / "2.md").unlink()
        bench.store.writes.clear()
        found = bench.indexer().preview(sources_of(docs))
        assert (found.added, found.changed, found.removed) == (1, 1, 1)
        assert (found.documents, found.chunks, found.to_embed) == (10, 10, 2)
        assert [(page.path, page.change) for page in found.pages] == [
            ("new.md", "added"),
            ("1.md", "changed"),
            ("2.md", "removed"),
        ]
        assert found.seconds is not None
        assert (found.unchanged, found.stopped) == (False, "")
        assert bench.store.writes == []
        assert "Page." not in bench.store.texts()
        assert bench.sync(docs).embedded == 2

    def test_a_first_sync_is_of_unknown_length(self, bench: Bench, docs: Path):
        found = bench.indexer().preview(sources_of(docs))
        assert (found.added, found.to_embed, found.seconds) == (10, 10, None)
        assert found.as_json()["seconds"] is None

    def test_unchanged(self, bench: Bench, docs: Path):
        bench.sync(docs)
        found = bench.indexer().preview(sources_of(docs))
        assert (found.unchanged, found.to_embed, found.pages) == (True, 0, ())
        assert (found.documents, found.chunks) == (10, 10)

    def test_it_says_what_would_stop_it(self, bench: Bench, docs: Path):
        bench.sync(docs)
        lose(docs, 5)
        assert "from 10 to 5" in bench.indexer().preview(sources_of(docs)).stopped
