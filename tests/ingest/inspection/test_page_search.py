from __future__ import annotations

import pytest

from ingest.documents import Page
from ingest.errors import PageNotFoundError
from ingest.inspection.page_search import MOST_NAMED, find_page

PAGES = [
    Page("handbook", "limits.md", "https://docs.test/limits", b""),
    Page("handbook", "guide/limits.md", "https://docs.test/guide/limits", b""),
    Page("wiki", "limits.md", "https://wiki.test/limits", b""),
    Page("wiki", "Backup.md", "https://wiki.test/backup", b""),
]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("guide/limits.md", 1),
        ("handbook:limits.md", 0),
        ("wiki:limits.md", 2),
        ("backup", 3),
        (" guide/lim ", 1),
        ("https://docs.test/limits", 0),
        ("wiki:back", 3),
        ("./guide/limits.md", 1),
        ("/srv/docs/guide/limits.md", 1),
        ("https://docs.test/guide/limits/", 1),
        ("https://docs.test/limits#most", 0),
    ],
)
def test_the_page_that_is_meant(text: str, number: int):
    assert find_page(text, PAGES) is PAGES[number]


def test_several_are_named():
    with pytest.raises(PageNotFoundError, match=r"in full: handbook:limits\.md, wiki:limits\.md\."):
        find_page("limits.md", PAGES)
    many = [Page("s", f"{n}.md", "", b"") for n in range(MOST_NAMED + 2)]
    with pytest.raises(PageNotFoundError, match=r"7\.md, 2 more\.$"):
        find_page(".md", many)


@pytest.mark.parametrize("text", ["limts.md", "guide/limmits.md", "handbook:limit5.md"])
def test_the_nearest_names_are_told(text: str):
    with pytest.raises(PageNotFoundError, match=r"the nearest names are .*limits\.md"):
        find_page(text, PAGES)


def test_a_source_without_anything_near():
    for text in ("", "zzzzzzzzzz"):
        with pytest.raises(PageNotFoundError, match="There is no page"):
            find_page(text, PAGES)


@pytest.mark.parametrize("text", ["a/x.md", "handbook:a/x.md", "x.md"])
def test_a_page_that_was_left_out_has_its_reason(text: str):
    lines = ["a/x.md: an include is gone", "a/x.md: looks like a binary file; left out"]
    with pytest.raises(PageNotFoundError, match=r"a/x\.md: looks like a binary file; left out\.$"):
        find_page(text, PAGES, lines)


def test_a_file_without_a_reader():
    with pytest.raises(PageNotFoundError, match=r"no reader for \.vue files"):
        find_page("a/limits.vue", PAGES)
