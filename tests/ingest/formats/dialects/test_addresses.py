"""Relative links become addresses as the page's own address shows them."""

from __future__ import annotations

import pytest

from ingest.documents import Page
from ingest.formats.dialects.addresses import resolve_link


@pytest.mark.parametrize(
    ("path", "url", "target", "address"),
    [
        ("a/b.md", "https://x.org/docs/a/b", "c.md#d", "https://x.org/docs/a/c#d"),
        ("a/b.md", "https://x.org/docs/a/b/", "../c.md", "https://x.org/docs/c/"),
        ("a/b.md", "https://x.org/a/b.html", "c.md?x=1", "https://x.org/a/c.html?x=1"),
        ("a/b.md", "https://x.org/blob/main/a/b.md", "c.md", "https://x.org/blob/main/a/c.md"),
        ("docs/a/b.md", "https://x.org/a/b/", "../c/index.md", "https://x.org/c/"),
        ("docs/a/b.md", "https://x.org/a/b", "./c.md", "https://x.org/a/c"),
        ("index.md", "https://x.org/docs/", "a/b.md", "https://x.org/docs/a/b/"),
        ("a/index.md", "https://x.org/docs/a/", "b.md", "https://x.org/docs/a/b/"),
        ("a/b.md", "https://x.org/a/b/", "../img/c.png", "https://x.org/img/c.png"),
        ("a b.md", "https://x.org/a%20b", "c%20d.md", "https://x.org/c%20d"),
        ("a.md", "https://x.org/other", "b.md", "https://x.org/b"),
        ("a.md", "https://x.org/docs/a", "/root", "https://x.org/root"),
        ("a.md", "https://x.org/docs/a", "#here", "https://x.org/docs/a#here"),
        ("a.md", "https://x.org/docs/a", "mailto:a@b.c", "mailto:a@b.c"),
        ("a.md", "https://x.org/docs/a", "//y.org/z", "//y.org/z"),
        ("a.md", "", "b.md", "b.md"),
    ],
)
def test_relative_links(path: str, url: str, target: str, address: str):
    assert resolve_link(Page("docs", path, url, b""), target) == address


def test_a_map_of_the_site_goes_before_the_pattern():
    page = Page("docs", "a/b.md", "https://x.org/a/b", b"")
    known = {"a/c.md": "https://x.org/slug"}
    assert resolve_link(page, "c.md#d", lambda path: known.get(path, "")) == "https://x.org/slug#d"
    assert resolve_link(page, "e.md", lambda path: known.get(path, "")) == "https://x.org/a/e"
