"""A build on a cluster as the plain sync sees it; the stages run in this process."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ingest.engine.build import PART_PAGES, ClusterBuild
from ingest.engine.parts import parse_vectors, serialise_vectors
from ingest.errors import IngestError, PublishError
from ingest.loading.chunker import Chunker
from tests.ingest import cluster_build
from tests.ingest.cluster_build import (
    DOCS,
    RecordingEmbedder,
    build,
    read_embedded,
    run_inline,
    run_nothing,
)
from tests.ingest.fakes import HashEmbedder, make_folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_folder(tmp_path / "docs", DOCS)
    return tmp_path


@pytest.fixture
def plain(folder: Path) -> dict:
    built = build(folder)
    (folder / "embedded").unlink()
    return built


@pytest.mark.parametrize("part_pages", [1, None])
def test_the_index_is_that_of_a_plain_build(folder: Path, plain: dict, part_pages):
    built = build(folder, run_inline, part_pages=part_pages)
    assert built == plain
    assert [line for line in built["report"]["failures"] if line.startswith("broken.pdf: ")]
    assert built["report"]["truncated"] == 6


def test_a_build_that_stopped_goes_on(folder: Path, plain: dict):
    def stop(where: Path, works, chunker: Chunker):
        rows = run_inline(where, works, chunker)
        yield next(rows)
        yield next(rows)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(folder, stop)
    before = read_embedded(folder)
    assert before
    assert build(folder, run_inline) == plain
    embedded = read_embedded(folder)
    assert len(embedded) > len(before)
    assert len(embedded) == len(set(embedded))  # each once


def test_a_build_that_goes_on_reads_pages_that_changed_meanwhile(folder: Path):
    before_change = build(folder, run_inline, part_pages=1)
    before = len(read_embedded(folder))
    make_folder(folder / "docs", {"0.md": "# New\n\nFirst.", "00.md": "# More\n\nSecond."})
    (folder / "docs" / "1.md").unlink()
    built = build(folder, run_inline, part_pages=1)
    assert len(read_embedded(folder)) == before + 2
    assert built == build(folder)
    assert built != before_change


def test_texts_that_no_worker_saw_are_embedded_here(folder: Path):
    own = HashEmbedder()
    cluster = ClusterBuild(own, lambda *_: iter(()), folder / "parts")
    texts = ["one", "two"]
    assert np.array_equal(cluster.embed_passages(texts), HashEmbedder().embed_passages(texts))
    assert own.embedded == texts
    assert cluster.embed_passages([]).shape == (0, own.dimension)
    assert np.array_equal(cluster.embed_query("one"), own.embed_query("one"))


@pytest.mark.parametrize("fault", ["no number", "another dimension"])
def test_unusable_vectors_are_not_kept_for_the_next_build(folder: Path, plain: dict, fault: str):
    def spoil(where: Path, works, chunker: Chunker):
        for row in run_inline(where, works, chunker):
            vectors = parse_vectors(row["vectors"])
            if fault == "no number":
                vectors[-1, 0] = np.nan
            else:
                vectors = vectors[:, 1:]
            yield {**row, "vectors": serialise_vectors(vectors)}

    with pytest.raises(PublishError, match="unusable vectors on the cluster"):
        build(folder, spoil)
    assert build(folder, run_inline) == plain


def test_a_cluster_that_returns_too_little_is_one_sentence(folder: Path):
    with pytest.raises(IngestError, match="returned too few parts"):
        build(folder, run_nothing)


def test_the_parts_are_removed_when_the_build_is_published(folder: Path):
    cluster = ClusterBuild(HashEmbedder(), lambda *_: iter(()), folder / "parts")
    build(folder, run_inline)
    assert [*(folder / "parts").rglob("pages.json")]
    cluster.finish()
    assert not (folder / "parts").exists()


def test_the_pace_of_a_cluster_is_no_forecast(folder: Path, monkeypatch: pytest.MonkeyPatch):
    paces = []
    monkeypatch.setattr(
        "ingest.progress.DurationStats.record_embedding", lambda _, *pace: paces.append(pace)
    )
    build(folder, run_inline)
    assert paces == []
    build(folder)
    assert len(paces) == 1


@pytest.mark.parametrize(("pages", "parts"), [(1, 1), (8, 2), (320, 32), (64 * PART_PAGES, 64)])
def test_small_builds_have_small_parts(folder: Path, pages: int, parts: int):
    made = []

    def count(works, _: Chunker):
        made.extend(works)
        yield from ()

    page = cluster_build.make_page
    cluster = ClusterBuild(HashEmbedder(), count, folder / "parts")
    chunker = Chunker(RecordingEmbedder(folder))
    with pytest.raises(IngestError):
        next(cluster.read([page(number) for number in range(pages)], chunker, lambda: None))
    assert len(made) == parts


def test_large_pages_are_parts_of_their_own(folder: Path):
    made = []

    def count(works, _: Chunker):
        made.extend(works)
        yield from ()

    pages = [cluster_build.make_page(number, b"x" * 9 * 2**20) for number in range(3)]
    cluster = ClusterBuild(HashEmbedder(), count, folder / "parts")
    with pytest.raises(IngestError):
        next(cluster.read(pages, Chunker(RecordingEmbedder(folder)), lambda: None))
    assert len(made) == 3
