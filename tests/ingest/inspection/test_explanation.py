from __future__ import annotations

from pathlib import Path

import pytest

from ingest.errors import PageNotFoundError
from ingest.inspection.explanation import NO_TEXT, Explanation, explain_page
from ingest.sources import Downloads, Source
from tests.ingest.fakes import HashEmbedder, make_folder, make_zip
from tests.servers.git import Repository
from tests.servers.web import Resource, WebServer

TOKENIZER = HashEmbedder()
PAGE = """\
---
title: Mail
owner: Platform team
---

# Limits

<!-- an internal remark -->

A few words.

## Port

8080
"""


def explain(text: str, source: Source, folder: Path, *, stored: bool = True) -> Explanation:
    downloads = Downloads(folder / "data", prefers_stored=stored)
    return explain_page(text, [source], downloads, TOKENIZER)


def test_a_page_is_explained(tmp_path: Path):
    folder = make_folder(tmp_path / "docs", {"a/limits.md": PAGE, "b.md": "# B\n\nText."})
    page = explain("limits", Source("docs", str(folder), url="https://x.test/{slug}"), tmp_path)
    assert (page.source, page.path, page.title) == ("docs", "a/limits.md", "Mail")
    assert page.url == "https://x.test/a/limits"
    assert [(heading.headings, heading.anchor) for heading in page.headings] == [
        (("Limits",), "limits"),
        (("Limits", "Port"), "port"),
    ]
    (chunk,) = page.chunks
    assert (chunk.number, chunk.heading_path) == (1, "Mail > Limits")
    assert chunk.url == "https://x.test/a/limits#limits"
    assert chunk.text == "A few words.\n\nPort:\n\n8080"
    assert chunk.tokens == TOKENIZER.count_tokens([f"{chunk.heading_path}\n\n{chunk.text}"])[0]
    assert [(piece.reason, piece.text) for piece in page.left_out] == [
        ("front matter", "owner: Platform team"),
        ("comment", "<!-- an internal remark -->"),
    ]
    assert page.as_json()["chunks"][0]["text"] == chunk.text


def test_a_page_that_cannot_be_read_says_why(tmp_path: Path):
    folder = make_folder(tmp_path / "docs", {"a.ipynb": "{", "b.md": "# B\n\nText."})
    page = explain("a.ipynb", Source("docs", str(folder)), tmp_path)
    assert page.error.startswith("can't be read as a notebook")
    assert page.chunks == ()


def test_notes_of_the_report_about_the_page(tmp_path: Path):
    folder = make_folder(tmp_path / "docs", {"b.md": "# B\n\nText."})
    (folder / "a.md").write_bytes("# A\n\nGr\u00fc\u00dfe aus M\u00fcnchen.".encode("cp1252"))
    page = explain("a.md", Source("docs", str(folder)), tmp_path)
    assert page.notes == ("not UTF-8; read as cp1252",)


def test_a_page_that_only_leads_to_others_says_so(tmp_path: Path):
    pages = {"SUMMARY.md": "# Summary\n\n- [A](a.md)\n- [B](b.md)", "b.md": "# B\n\nText."}
    folder = make_folder(tmp_path / "docs", pages)
    page = explain("SUMMARY.md", Source("docs", str(folder)), tmp_path)
    assert (page.chunks, page.notes) == ((), (NO_TEXT,))


def test_the_page_of_an_api_has_no_data_that_is_left_out(tmp_path: Path):
    api = """
openapi: 3.1.0
info: {title: Pets, version: "1"}
paths:
  /pets: {get: {tags: [Pet], summary: List pets, responses: {"200": {description: ok}}}}
"""
    folder = make_folder(tmp_path / "docs", {"openapi.yaml": api})
    page = explain("openapi.yaml/Pet", Source("docs", str(folder)), tmp_path)
    assert page.title == "Pets: Pet"
    assert page.left_out == ()


def test_the_named_source_alone_is_read(tmp_path: Path):
    folder = make_folder(tmp_path / "docs", {"a.md": PAGE})
    sources = [Source("docs", str(folder)), Source("gone", str(tmp_path / "gone"))]
    assert explain_page("docs:a.md", sources, Downloads(tmp_path), TOKENIZER).path == "a.md"
    with pytest.raises(PageNotFoundError):
        explain_page("b.md", sources, Downloads(tmp_path), TOKENIZER)


def test_a_stored_archive_needs_no_network(tmp_path: Path):
    archive = make_zip(tmp_path / "docs.zip", {"a.md": PAGE})
    with WebServer() as web:
        web.resources["/docs.zip"] = Resource(archive.read_bytes(), "application/zip")
        source = Source("docs", f"{web.url}/docs.zip")
        first = explain("a.md", source, tmp_path)
        assert web.paths() == ["/docs.zip"]
    assert explain("a.md", source, tmp_path) == first


def test_a_stored_website_needs_no_network(tmp_path: Path):
    with WebServer() as web:
        body = b"<title>T</title><nav>Products</nav><main><h1 id=t>T</h1><p>Some words.</main>"
        web.resources["/docs/"] = Resource(body)
        source = Source("site", f"{web.url}/docs/", rate=1000)
        first = explain("docs", source, tmp_path)
        asked = len(web.paths())
        assert explain("docs", source, tmp_path) == first
        assert len(web.paths()) == asked
    assert [(piece.reason, piece.text) for piece in first.left_out] == [("navigation", "Products")]


def test_a_stored_repository_needs_no_network(tmp_path: Path):
    made = Repository(tmp_path / "repo")
    made.commit({"a.md": PAGE})
    source = Source("repo", f"git+file://{tmp_path / 'repo'}")
    first = explain("a.md", source, tmp_path)
    made.commit({"a.md": "# New\n\nOther words."})
    assert explain("a.md", source, tmp_path) == first
    assert explain("a.md", source, tmp_path, stored=False).title == "New"
