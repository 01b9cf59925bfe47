"""Golden questions stop a version that finds less."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ingest.changes.survey import SyncOptions
from ingest.errors import GoldenError, SourceError
from ingest.publishing.golden_questions import GoldenQuestion, read_golden_questions
from tests.ingest.conftest import Bench, sources_of
from tests.ingest.fakes import WordEmbedder, make_folder

QUESTIONS = [{"question": f"What is word{n}?", "path": f"{n}.md"} for n in range(10)]


@pytest.fixture
def source(bench: Bench, tmp_path: Path) -> str:
    bench.embedder = WordEmbedder(dimension=64)
    pages = {f"{n}.md": f"# Word{n}\n\nHere word{n} is explained." for n in range(10)}
    # Many others, so that not every page is among the first ten.
    pages |= {f"x{n}.md": f"# Other{n}\n\nNothing of it, {n}." for n in range(60)}
    docs = make_folder(tmp_path / "docs", pages)
    golden = tmp_path / "golden.jsonl"
    golden.write_text("\n".join(map(json.dumps, QUESTIONS)))
    return json.dumps([{"uri": str(docs), "golden": str(golden)}])


def hide(tmp_path: Path, count: int) -> None:
    """The words of so many pages are nowhere any more."""
    pages = {f"{n}.md": f"# Gone{n}\n\nSomething else, {n}." for n in range(count)}
    make_folder(tmp_path / "docs", pages)


def test_the_first_version_has_nothing_to_compare_with(bench: Bench, source: str):
    (result,) = bench.sync(source).golden
    assert (result.source, result.questions, result.before) == ("docs", 10, None)
    assert result.after == 1.0
    assert "no version" in result.skipped


def test_a_version_that_finds_less_is_not_published(bench: Bench, source: str, tmp_path: Path):
    first = bench.sync(source)
    hide(tmp_path, 8)
    with pytest.raises(GoldenError, match=r"docs finds \d+% of its golden questions, not 100%"):
        bench.sync(source)
    assert bench.store.read_live_index().spec.revision == first.revision
    forced = bench.sync(source, force=True)
    (result,) = forced.golden
    assert result.before == 1.0
    assert result.after < 0.6
    assert forced.as_json()["golden"][0]["before"] == 1.0


def test_a_small_fall_passes(bench: Bench, source: str, tmp_path: Path):
    bench.sync(source)
    make_folder(tmp_path / "docs", {"new.md": "# New\n\nPage."})
    (result,) = bench.sync(source).golden
    assert (result.before, result.after, result.skipped) == (1.0, 1.0, "")


def test_another_model_is_compared_with_what_was_found_then(bench: Bench, source: str):
    bench.sync(source)
    bench.embedder = WordEmbedder(model="other", dimension=96)
    (result,) = bench.sync(source).golden
    assert (result.before, result.after) == (1.0, 1.0)


def test_a_source_without_questions_says_so(bench: Bench, tmp_path: Path):
    (result,) = bench.sync(make_folder(tmp_path / "more", {"a.md": "# A\n\nText."})).golden
    assert (result.questions, result.before, result.after) == (0, None, None)
    assert result.skipped == "no golden questions are set"


@pytest.mark.parametrize("text", ["{}", None])
def test_questions_that_cannot_be_read_stop_the_version_unless_forced(
    bench: Bench, source: str, tmp_path: Path, text: str | None
):
    file = tmp_path / "golden.jsonl"
    file.unlink() if text is None else file.write_text(text)
    with pytest.raises(GoldenError, match=r"not published: .*golden questions.*--force"):
        bench.sync(source)
    assert bench.store.read_live_index() is None
    (result,) = bench.sync(source, force=True).golden
    assert "golden questions" in result.skipped


def test_questions_that_cannot_be_read_are_told_before_the_work(
    bench: Bench, source: str, tmp_path: Path
):
    (tmp_path / "golden.jsonl").unlink()
    for work in (bench.indexer().sync, bench.indexer().preview):
        with pytest.raises(GoldenError, match=r"golden\.jsonl can't be read"):
            work(sources_of(source))
    assert bench.embedder.embedded == []
    forced = bench.indexer().preview(sources_of(source), options=SyncOptions(force=True))
    assert forced.added


def test_questions_that_vanish_during_the_sync_stop_the_version(
    bench: Bench, source: str, tmp_path: Path
):
    golden = tmp_path / "golden.jsonl"
    with pytest.raises(GoldenError, match=r"not published: .*can't be read"):
        bench.indexer().sync(sources_of(source), progress=lambda _: golden.unlink(missing_ok=True))
    assert bench.embedder.embedded
    assert bench.store.read_live_index() is None


def test_paths_may_be_several(tmp_path: Path):
    file = tmp_path / "g.jsonl"
    file.write_text(
        '{"question": "Q?", "path": ["a.md", "b.md"]}\n\n{"question": "R", "path": "c"}'
    )
    assert read_golden_questions(file) == (
        GoldenQuestion("Q?", ("a.md", "b.md")),
        GoldenQuestion("R", ("c",)),
    )


@pytest.mark.parametrize(
    "text", ["", "no json", "[]", '{"question": "", "path": "a"}', '{"question": "x"}', "\xff"]
)
def test_what_is_no_question_is_refused(tmp_path: Path, text: str):
    file = tmp_path / "g.jsonl"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(SourceError, match="golden questions"):
        read_golden_questions(file)
    with pytest.raises(SourceError):
        read_golden_questions(tmp_path / "missing")
