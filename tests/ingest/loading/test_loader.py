"""Broken files among good ones: a line in the report for each, and the others are read."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from ingest.documents import Page, translate_parser_errors
from ingest.errors import SourceEmptyError
from ingest.loading.chunker import Chunker
from ingest.loading.frames import PageChunks
from ingest.loading.loader import chunk_pages, read_pages
from ingest.report import Progress
from ingest.sources import Downloads, Source
from tests.ingest.fakes import HashEmbedder, make_folder
from tests.servers.web import Resource, WebServer

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
    divided = chunk_pages(pages, Chunker(HashEmbedder()), progress=lambda _: None)
    failures = divided.failures
    assert [chunk.text for chunk in divided.chunks] == ["Text."]
    assert len(failures) == 1
    assert failures[0].startswith(f"{path}: {reason}")
    assert "\n" not in failures[0]
    assert divided.broken == (set() if path == "a.md" else {("docs", path)})


def test_what_a_reader_left_out_is_a_line_in_the_report():
    page = Page("docs", "a.pdf", "", b"%PDF")
    divided = chunk_pages(
        [page],
        Chunker(HashEmbedder()),
        progress=lambda _: None,
        read_documents=lambda *_: (PageChunks([], ["page 3 was scanned"]) for _ in range(1)),
    )
    assert divided.failures[0] == "a.pdf: page 3 was scanned"
    assert divided.broken == set()


def test_want_of_memory_in_a_parser_goes_up():
    with pytest.raises(MemoryError), translate_parser_errors("a PDF"):
        raise MemoryError


def test_a_download_says_how_far_it_is(tmp_path: Path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.md", "text " * 2_000)
    steps: list[Progress] = []
    with WebServer() as web:
        web.resources["/docs.zip"] = Resource(buffer.getvalue(), "application/zip")
        source = Source("docs", f"{web.url}/docs.zip")
        read_pages([source], Downloads(tmp_path), progress=steps.append)
    size = len(buffer.getvalue()) // 2**10
    assert Progress("downloading", size, size) in steps
    assert steps[-1] == Progress("reading", 1, 1)


def load(folder: Path, **options: object) -> tuple[tuple[str, ...], tuple[str, ...]]:
    source = Source("docs", str(folder), **options)  # type: ignore[arg-type]
    (pages,), failures = read_pages([source], Downloads(folder), progress=lambda _: None)
    return failures, pages.notes


def test_files_without_a_reader_are_a_line(tmp_path: Path):
    files = {"a.md": "# A\n\nSome text.", "b/x.vue": "", "b/y.vue": "", "c.drawio": "", "d.png": ""}
    failures, _ = load(make_folder(tmp_path, files), url="https://docs.test/{slug}")
    assert failures == ("docs: 3 files of kinds that docent doesn't read: 2 .vue, 1 .drawio",)


def test_a_source_of_such_files_alone_says_so(tmp_path: Path):
    with pytest.raises(SourceEmptyError, match=r"it has 2 files of a kind .*: 2 \.doc\.$"):
        load(make_folder(tmp_path, {"a.doc": "x", "b.doc": "y"}))


def test_pages_without_a_web_address_are_a_note(tmp_path: Path):
    folder = make_folder(tmp_path, {"a.md": "# A\n\nSome text."})
    (note,) = load(folder)[1]
    assert note.startswith("docs: 1 page has no web address, so answers can't link there: give")
    assert load(folder, url="https://docs.test/{slug}")[1] == ()


def test_a_near_empty_page_is_a_note():
    pages = [
        Page("docs", "a.md", "", b"# A\n\n[b](b.md)"),
        Page("docs", "b.md", "", b"# B\n\nWith text.\n\n## C\n\n8080"),
    ]
    divided = chunk_pages(pages, Chunker(HashEmbedder()), progress=lambda _: None)
    assert divided.notes == ("a.md: 1 chunk of 1 near-empty, such as “[b](b.md)”",)
