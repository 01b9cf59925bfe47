"""What a sync holds while it reads: hashes and places of pages, and not their bytes."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.documents import Page
from ingest.loading.chunker import Chunker
from ingest.loading.frames import PageChunks
from ingest.loading.loader import chunk_pages, read_pages
from ingest.loading.reading_process import read_page
from ingest.report import ignore_progress
from ingest.sources import Downloads, Source
from tests.ingest.fakes import HashEmbedder, make_folder, make_zip

PAGES = 40
PARAGRAPH = "A page says how a segment is sealed, moved and read again. " * 20
FILES = {
    f"part{number}/page{number}.md": f"# Page {number}\n\n"
    + "\n\n".join(f"## Part {part}\n\n{number} {part} {PARAGRAPH}" for part in range(20))
    + f"\n\n[The next](../part{(number + 1) % PAGES}/page{(number + 1) % PAGES}.md)\n"
    for number in range(PAGES)
}
BYTES = sum(map(len, FILES.values()))
MOST = BYTES // 3
"""Bytes that may stay in memory: they grow with the number of pages and chunks."""


@pytest.fixture(params=["folder", "zip"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Source:
    make = make_zip if request.param == "zip" else make_folder
    site = "https://example.com/docs"
    return Source("docs", str(make(tmp_path / f"docs.{request.param}", FILES)), site=site)


@contextmanager
def measuring() -> Iterator[list[int]]:
    """Measure the bytes that stay in memory, and the most that there were."""
    measured: list[int] = []
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        yield measured
        now, most = tracemalloc.get_traced_memory()
        measured += [now - before, most - before]
    finally:
        tracemalloc.stop()


def read_chunks(page: Page, chunker: Chunker) -> PageChunks:
    outcome = read_page(page, chunker)
    assert isinstance(outcome, PageChunks)
    return outcome


def test_pages_are_not_held_in_memory(source: Source, tmp_path: Path):
    read_pages([source], Downloads(tmp_path), progress=ignore_progress)  # so that all is imported
    with measuring() as measured:
        (pages,), _ = read_pages([source], Downloads(tmp_path), progress=ignore_progress)
    assert sum(page.size for page in pages.pages) == BYTES
    assert max(measured) < MOST


def test_chunks_are_not_held_in_memory(source: Source, tmp_path: Path):
    (pages,), _ = read_pages([source], Downloads(tmp_path), progress=ignore_progress)
    chunker = Chunker(HashEmbedder())
    in_memory = [replace(page, content=page.data) for page in pages.pages]
    expected = [chunk for page in in_memory for chunk in read_chunks(page, chunker)]
    assert len(expected) > PAGES

    def recall(*_: object) -> Iterator[PageChunks]:
        for page in in_memory:
            yield PageChunks(replace(c) for c in expected if c.path == page.path)

    with measuring() as measured:
        divided = chunk_pages(pages.pages, chunker, progress=ignore_progress, read_documents=recall)
    assert max(measured) < MOST
    assert list(divided.chunks) == expected
