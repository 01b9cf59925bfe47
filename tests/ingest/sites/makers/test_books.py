"""mdBook, GitBook, and sites whose maker is unknown."""

from __future__ import annotations

import pytest

from tests.ingest.sites.trees import build_pages, list_addresses, read_tree

SUMMARY = "# Summary\n\n* [A](a.md)\n* [B](sub/b.md)\n"


@pytest.mark.parametrize(
    ("html", "base"),
    [
        ('site-url = "/docs/"\ncname = "b.test"', "https://b.test/docs"),
        ('site-url = "https://b.test/x"', "https://b.test/x"),
    ],
)
def test_mdbook(html: str, base: str):
    settings = f'[book]\nlanguage = "de"\n[output.html]\n{html}\n'
    pages = read_tree(build_pages({"book.toml": settings}, "src/README.md", "src/sub/a.md")).pages
    found = [(page.url, page.language, page.anchors) for page in pages]
    assert found == [
        (f"{base}/index.html", "de", "mdbook"),
        (f"{base}/sub/a.html", "de", "mdbook"),
    ]


@pytest.mark.parametrize("settings", [{".gitbook.yaml": "root: ./\n"}, {"SUMMARY.md": SUMMARY}])
def test_gitbook(settings: dict[str, str]):
    tree = build_pages(settings, "README.md", "sub/README.md", "sub/a.md")
    addresses = list_addresses(tree, site="https://g.test/b")
    assert addresses["README.md"] == "https://g.test/b/"
    assert addresses["sub/README.md"] == "https://g.test/b/sub"
    assert addresses["sub/a.md"] == "https://g.test/b/sub/a"
    assert {page.maker for page in read_tree(tree).pages} == {"gitbook"}


def test_an_address_without_a_maker():
    pages = read_tree(build_pages({}, "index.md", "sub/a.md"), site="https://p.test/b/")
    assert [page.url for page in pages.pages] == ["https://p.test/b/", "https://p.test/b/sub/a"]
    assert pages.sites == "https://p.test/b/, of an unknown site maker"
