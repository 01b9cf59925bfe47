"""Broken files among good ones: a line in the report for each, and the others are read."""

from __future__ import annotations

import pytest

from ingest.chunk import Chunker
from ingest.documents import Page
from ingest.reading import chunk_pages
from tests.ingest.fakes import HashEmbedder

BROKEN = {
    "a.pdf": (b"%PDF-1.7 broken", "can't be read as a PDF ("),
    "a.docx": (b"PK broken", "can't be read as a Word document ("),
    "a.ipynb": (b"{", "can't be read as a notebook ("),
    "b.ipynb": (b"[]", "is not a Jupyter notebook"),
    "a.html": (b"<div>" * 30_000, "is nested too deeply"),
    "a.md": (b"<!-- nothing -->", "the page has no text"),
}


@pytest.mark.parametrize("path", BROKEN)
def test_a_broken_file_is_a_line_in_the_report(path: str):
    data, reason = BROKEN[path]
    pages = [Page("docs", path, "", data), Page("docs", "good.md", "", b"# Good\n\nText.")]
    chunks, failures = chunk_pages(pages, Chunker(HashEmbedder()), progress=lambda _: None)
    assert [chunk.text for chunk in chunks] == ["Text."]
    assert len(failures) == 1
    assert failures[0].startswith(f"{path}: {reason}")
    assert "\n" not in failures[0]
