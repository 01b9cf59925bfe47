"""The maker of a source is found by its settings."""

from __future__ import annotations

import pytest

from ingest.documents import Page
from tests.ingest.sites.trees import build_pages, list_addresses, read_tree

MKDOCS = "site_name: X\nsite_url: https://m.test/\n"


def test_one_line_says_what_was_found():
    assert read_tree(build_pages({"mkdocs.yml": MKDOCS}, "docs/a.md")).sites == (
        "MkDocs, https://m.test/, anchors as MkDocs makes them"
    )
    assert read_tree(build_pages({}, "a.md")).sites == ""


def test_settings_above_the_folder_of_a_source_count():
    tree = build_pages({"mkdocs.yml": MKDOCS}, "docs/en/a.md")
    page = read_tree(tree, folder="docs/en/").pages[0]
    assert (page.path, page.url) == ("a.md", "https://m.test/en/a/")


def test_each_page_is_on_the_site_whose_settings_are_nearest():
    tree = build_pages(
        {
            "mkdocs.yml": f"{MKDOCS}docs_dir: .\n",
            "api/conf.py": "extensions = []\nhtml_baseurl = 'https://s.test'\n",
        },
        "a.md",
        "api/a.md",
    )
    assert list_addresses(tree) == {
        "a.md": "https://m.test/a/",
        "api/a.md": "https://s.test/a.html",
    }


def test_options_go_before():
    tree = build_pages({"mkdocs.yml": MKDOCS}, "docs/a.md")
    assert list_addresses(tree, site="https://o.test/x") == {"docs/a.md": "https://o.test/x/a/"}
    pages = read_tree(tree, url="https://u.test/{slug}", anchors="case", language="fr", version="3")
    page = pages.pages[0]
    assert page.url == "https://host.test/docs/a.md"  # the source has filled the template in
    assert (page.anchors, page.language, page.version, page.maker) == ("case", "fr", "3", "mkdocs")


def test_a_website_has_the_addresses_of_its_pages():
    tree = build_pages({"mkdocs.yml": MKDOCS}, "docs/a.md")
    pages = read_tree(tree, uri="https://w.test/", site="https://o.test")
    assert (pages.pages[0].url, pages.sites) == ("https://host.test/docs/a.md", "")


def test_settings_are_no_pages():
    tree = build_pages({"mkdocs.yml": MKDOCS, "docs.json": "{}", "conf.py": "x = 1"}, "docs/a.md")
    assert [page.path for page in read_tree(tree).pages] == ["docs/a.md"]


@pytest.mark.parametrize(
    "address",
    ["ftp://m.test", "//m.test", "/docs/", "javascript:x", "https://", "https://m.test/<x>"],
)
def test_an_address_that_is_none_of_the_web_is_not_believed(address: str):
    settings = f"site_name: X\nsite_url: '{address}'\n"
    assert list_addresses(build_pages({"mkdocs.yml": settings}, "docs/a.md")) == {
        "docs/a.md": "https://host.test/docs/a.md"
    }


def test_broken_settings_change_nothing():
    tree = build_pages({"mkdocs.yml": "site_name: [", "conf.py": "extensions = ["}, "docs/a.md")
    assert list_addresses(tree) == {"docs/a.md": "https://host.test/docs/a.md"}


def test_a_page_changes_with_its_site():
    page = Page("docs", "a.md", "https://x.test/a", b"# A")
    others = [
        Page("docs", "a.md", "https://x.test/b", b"# A"),
        Page("docs", "a.md", "https://x.test/a", b"# A", anchors="mkdocs"),
        Page("docs", "a.md", "https://x.test/a", b"# A", maker="mkdocs"),
        Page("docs", "a.md", "https://x.test/a", b"# A", links={"b.md": "https://x.test/b"}),
        Page("docs", "a.md", "https://x.test/a", b"# A", links={"b.md": "https://x.test/c"}),
        Page("docs", "a.md", "https://x.test/a", b"# A", link_titles={"b.md": "B"}),
    ]
    assert len({each.content_hash for each in [page, *others]}) == 7
