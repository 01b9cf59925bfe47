"""The stages of a build, without a cluster."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ingest.documents import HardPageError, Page
from ingest.engine.stages import PageStage, TextStage, parse_pages, parse_part, serialise_pages
from ingest.errors import IngestError
from ingest.loading.chunker import Chunker
from ingest.loading.reading_process import read_page
from tests.ingest.cluster_build import (
    PAGE_SECONDS,
    SLOW_PAGE,
    RecordingEmbedder,
    make_tools,
    read_embedded,
)
from tests.ingest.fakes import HashEmbedder

PAGES = [
    Page("docs", "a.md", "https://x.test/a", b"# A\n\nSame.", links={"b": "https://x.test/b"}),
    Page("docs", "b.md", "", b"# A\n\nSame.\n\n## C\n\nOther."),
    Page("docs", "zeros.bin", "", b"ends with zeros\0\0\0"),
]


def test_pages_arrive_as_they_were():
    assert [*parse_pages(serialise_pages(PAGES))] == PAGES
    assert not serialise_pages(PAGES).endswith(b"\0")


def test_a_part_goes_through_both_stages(tmp_path: Path):
    embedder = RecordingEmbedder(tmp_path)
    tools = make_tools(tmp_path, Chunker(embedder))
    pages = PAGES[:2]
    row = PageStage(tools)({"number": 7, "pages": serialise_pages(pages)})
    row = TextStage(tools)(row)
    assert row["number"] == 7
    assert not row["vectors"].endswith(b"\0")
    part = parse_part(row, ["a", "b"])
    read = [part.pages[key].parse(page) for key, page in zip("ab", pages, strict=True)]
    expected = [read_page(page, Chunker(embedder)) for page in pages]
    assert read == expected
    texts = dict.fromkeys(chunk.embedding_text for chunks in expected for chunk in chunks)
    assert np.array_equal(part.vectors, HashEmbedder().embed_passages([*texts]))
    assert len(read_embedded(tmp_path)) == len(texts) == 2  # the shared text once


def test_a_part_without_text_has_no_vectors(tmp_path: Path):
    tools = make_tools(tmp_path, Chunker(RecordingEmbedder(tmp_path)))
    empty = Page("docs", "a.md", "", b"")
    row = TextStage(tools)(PageStage(tools)({"number": 0, "pages": serialise_pages([empty])}))
    part = parse_part(row, ["a"])
    assert part.vectors.shape == (0, 8)
    assert part.pages["a"].parse(empty) == []
    assert read_embedded(tmp_path) == []


def test_a_page_that_takes_too_long_is_left_out_and_the_next_is_read(tmp_path: Path):
    tools = make_tools(tmp_path, Chunker(RecordingEmbedder(tmp_path)))
    pages = [Page("docs", "slow.md", "", SLOW_PAGE.encode()), PAGES[0]]
    row = TextStage(tools)(PageStage(tools)({"number": 0, "pages": serialise_pages(pages)}))
    part = parse_part(row, ["slow", "a"])
    slow = part.pages["slow"].parse(pages[0])
    assert isinstance(slow, HardPageError)
    assert str(slow) == f"took longer than {PAGE_SECONDS:.0f} seconds to read"
    assert len(part.pages["a"].parse(pages[1])) == 1


@pytest.mark.parametrize("stage", [PageStage, TextStage])
def test_a_machine_with_another_docent_is_refused(tmp_path: Path, stage):
    tools = make_tools(tmp_path, Chunker(RecordingEmbedder(tmp_path)))
    with pytest.raises(IngestError, match="install the same version on all of them"):
        stage(replace(tools, docent="0.0.0"))
