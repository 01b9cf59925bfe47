from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.sources.website.media_types import (
    DOCX,
    HTML,
    MARKDOWN,
    MDX,
    NOTEBOOK,
    PDF,
    PPTX,
    RST,
    SNIFFED_BYTES,
    TEXT,
    YAML,
    can_be_page,
    describe_content,
    detect_media_type,
    parse_media_type,
    should_download,
)

OCTETS = "application/octet-stream"
WORD = b"PK\x03\x04 [Content_Types].xml word/document.xml"


def test_types():
    assert parse_media_type("Text/HTML; charset=utf-8") == HTML
    assert parse_media_type("application/xhtml+xml") == HTML
    assert parse_media_type("text/x-markdown") == MARKDOWN
    assert parse_media_type("image/png") == ""


@pytest.mark.parametrize(
    ("content_type", "path", "data", "media_type"),
    [
        ("text/x-markdown", "/a", b"# A", MARKDOWN),
        ("application/markdown", "/a", b"# A", MARKDOWN),
        ("text/mdx; charset=utf-8", "/a", b"# A", MDX),
        (OCTETS, "/a.md", b"# A", MARKDOWN),
        ("binary/octet-stream", "/a.MDX?x=1", b"# A", MDX),
        ("", "/a.markdown", b"# A", MARKDOWN),
        ("text/plain", "/a.md", b"# A", MARKDOWN),
        ("text/plain", "/a.rst", b"A", RST),
        ("text/plain", "/api/openapi.yaml", b"openapi: 3.1.0", YAML),
        ("text/plain", "/prices.yaml", b"a: 1", TEXT),
        ("application/json", "/a.ipynb", b"{}", NOTEBOOK),
        ("text/plain", "/a.html", b"<p>A", TEXT),
        ("text/html", "/a.md", b"<p>A", HTML),
        ("application/pdf", "/a", b"%PDF-1.7", PDF),
        (OCTETS, "/download", b"%PDF-1.7", PDF),
        ("text/html", "/a.pdf", b"%PDF-1.7", PDF),
        ("text/html", "/a.pdf", b"<p>Sign in", HTML),
        (DOCX, "/a", WORD, DOCX),
        (OCTETS, "/a.docx", WORD, DOCX),
        ("application/zip", "/download", WORD, DOCX),
        (OCTETS, "/x", b"PK\x03\x04 ppt/presentation.xml", PPTX),
        ("application/zip", "/a.zip", b"PK\x03\x04 a.md", ""),
        ("application/msword", "/a.docx.exe", b"\xd0\xcf", ""),
        ("", "/a", b"\n<!DOCTYPE html><p>A", HTML),
        (OCTETS, "/a", b"\x7fELF", ""),
        ("image/png", "/a.md", b"x", ""),
        ("application/json", "/openapi.json", b"{}", "application/json"),
        ("text/yaml", "/api/v1.yaml", b"openapi: 3", "application/yaml"),
        (OCTETS, "/swagger.yml", b"swagger: 2", "application/yaml"),
        ("application/json", "/search_index.json", b"{}", ""),
        ("text/html", "/a", b"", ""),
    ],
)
def test_kinds_by_header_suffix_and_signature(
    content_type: str, path: str, data: bytes, media_type: str
):
    assert detect_media_type(content_type, f"https://h{path}", data) == media_type


def test_what_is_not_worth_its_download():
    assert should_download("text/html", "https://h/a.png", b"")
    assert should_download(OCTETS, "https://h/a", b"")
    assert should_download(OCTETS, "https://h/a", b"PK\x03\x04")
    assert not should_download("image/png", "https://h/a", b"")
    assert should_download("application/json", "https://h/a.ipynb", b"")
    assert not should_download(OCTETS, "https://h/a.exe", b"")
    assert not should_download(OCTETS, "https://h/a", b"\x7fELF")


def test_links_to_pages():
    assert can_be_page("https://h/openapi.json")
    for name in ("a.html", "v1.2", "a.md", "a.mdx", "a.pdf", "a.docx", "a", "a.ipynb"):
        assert can_be_page(f"https://h/{name}")
    for name in ("a.png", "a.tar.gz", "a.css", "a.xml", "a.zip", "a.js", "search_index.json"):
        assert not can_be_page(f"https://h/{name}")


def test_a_header_is_corrected_only_where_it_is_wrong():
    assert describe_content("text/html;charset=latin-1", HTML) == "text/html;charset=latin-1"
    assert describe_content("text/plain; charset=latin-1", MARKDOWN) == (
        "text/markdown; charset=latin-1"
    )
    assert describe_content(OCTETS, PDF) == PDF


@given(st.text(max_size=40), st.text(max_size=40), st.binary(max_size=40))
def test_of_any_bytes_the_beginning_says_whether_they_are_read(kind: str, path: str, data: bytes):
    address = f"https://h/{path}".replace("[", "").replace("]", "")
    beginning = data[:SNIFFED_BYTES]
    if detect_media_type(kind, address, data) and can_be_page(address):
        assert should_download(kind, address, beginning) or parse_media_type(kind)
