from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.sources.website.paths import (
    HTML,
    MARKDOWN,
    SUFFIXES,
    TEXT,
    build_page_path,
    can_be_page,
    extract_host,
    parse_media_type,
    resolve_link,
)


@pytest.mark.parametrize(
    ("link", "address"),
    [
        ("b", "https://h.example/a/b"),
        ("../c#part", "https://h.example/c"),
        ("HTTPS://H.example:443", "https://h.example/"),
        ("//other:8080/x y?q=ü", "https://other:8080/x%20y?q=%C3%BC"),
        ("/a%20b", "https://h.example/a%20b"),
        ("mailto:a@b.c", ""),
        ("javascript:void(0)", ""),
        ("http://[x/", ""),
        ("http://h:port/", ""),
        ("http://[::1]/x", "http://[::1]/x"),
    ],
)
def test_links_become_one_spelling(link: str, address: str):
    assert resolve_link("https://h.example/a/", link) == address


@pytest.mark.parametrize(
    ("address", "media_type", "path"),
    [
        ("https://h/", HTML, "index.html"),
        ("https://h/docs/", HTML, "docs/index.html"),
        ("https://h/docs/install", HTML, "docs/install.html"),
        ("https://h/docs/v1.2", HTML, "docs/v1.2.html"),
        ("https://h/a.htm", HTML, "a.htm"),
        ("https://h/a.php", HTML, "a.php.html"),
        ("https://h/a.md", TEXT, "a.md"),
        ("https://h/a.html", MARKDOWN, "a.html.md"),
        ("https://h/a%20b", TEXT, "a b.txt"),
        ("https://h/%2e%2e/%5cx/a", HTML, "_x/a.html"),
        ("https://h/page?id=3&x=/y", HTML, "page_id=3_x=_y.html"),
    ],
)
def test_addresses_become_paths(address: str, media_type: str, path: str):
    assert build_page_path(address, media_type) == path


def test_a_long_address_has_a_path_of_its_own():
    first, second = (build_page_path(f"https://h/{'a' * 900}{n}", HTML) for n in (1, 2))
    assert len(first) < 300
    assert first != second
    assert first.endswith(".html")


@given(st.text(max_size=80))
def test_any_link_has_one_spelling_and_a_safe_path(link: str):
    address = resolve_link("https://h.example/docs/", link)
    if not address:
        return
    assert resolve_link(address, "") == address
    extract_host(address)
    can_be_page(address)
    for media_type, suffixes in SUFFIXES.items():
        path = build_page_path(address, media_type)
        assert path.endswith(suffixes) or path.lower().endswith(suffixes)
        assert not path.startswith("/")
        assert ".." not in path.split("/")
        assert not set(path) & set("\\\0\n")
        path.encode()


def test_types():
    assert parse_media_type("Text/HTML; charset=utf-8") == HTML
    assert parse_media_type("application/xhtml+xml") == HTML
    assert parse_media_type("text/x-markdown") == MARKDOWN
    assert parse_media_type("application/pdf") == ""
    assert can_be_page("https://h/a.html")
    assert can_be_page("https://h/v1.2")
    assert not can_be_page("https://h/a.png")
    assert not can_be_page("https://h/a.tar.gz")


def test_both_schemes_are_one_site():
    assert extract_host("http://h/") == extract_host("https://h:443/x")
    assert extract_host("http://h:8080/") != extract_host("http://h/")
