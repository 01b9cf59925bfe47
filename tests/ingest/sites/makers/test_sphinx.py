"""Sphinx and Jupyter Book: addresses by the names of documents."""

from __future__ import annotations

import pytest

from tests.ingest.sites.trees import build_pages, list_addresses, read_tree

BASE = "https://s.test/en/latest"
SETTINGS = (
    f"extensions = ['myst_parser']\nhtml_baseurl = '{BASE}/'\nlanguage = 'pt_BR'\nversion = '2.1'\n"
)


def test_addresses_language_and_version():
    tree = build_pages({"docs/conf.py": SETTINGS}, "docs/how/index.rst", "docs/a.md", "a.md")
    found = [(page.url, page.language, page.version) for page in read_tree(tree).pages]
    assert found == [
        (f"{BASE}/how/index.html", "pt-BR", "2.1"),
        (f"{BASE}/a.html", "pt-BR", "2.1"),
        ("https://host.test/a.md", "", ""),
    ]


def test_markdown_and_rst_have_the_anchors_of_their_parsers():
    pages = read_tree(build_pages({"conf.py": SETTINGS}, "a.md", "b.rst")).pages
    assert [(page.maker, page.anchors) for page in pages] == [
        ("sphinx", "myst"),
        ("sphinx", "sphinx"),
    ]


@pytest.mark.parametrize("settings", [".readthedocs.yaml", ".readthedocs.yml"])
def test_folders_for_pages(settings: str):
    tree = build_pages(
        {"doc/conf.py": SETTINGS, settings: "sphinx: {builder: dirhtml}\n"},
        "doc/x/index.md",
        "doc/x/a.rst",
    )
    assert list(list_addresses(tree).values()) == [f"{BASE}/x/", f"{BASE}/x/a/"]


@pytest.mark.parametrize(
    "line",
    [
        "html_theme_options = {'canonical_url': 'https://s.test/x/'}",
        "html_context = dict(canonical_url='https://s.test/x/')",
        "ogp_site_url = 'https://s.test/x/'",
        "import os\nhtml_baseurl = os.environ.get('READTHEDOCS_CANONICAL_URL', 'https://s.test/x/')",
    ],
)
def test_where_the_address_may_stand(line: str):
    tree = build_pages({"conf.py": f"project = 'x'\nextensions = []\n{line}\n"}, "a.rst")
    assert list_addresses(tree) == {"a.rst": "https://s.test/x/a.html"}


def test_a_module_of_another_program_is_none_of_sphinx():
    tree = build_pages({"conf.py": "html_baseurl = 'https://s.test'\nDEBUG = True\n"}, "a.md")
    assert list_addresses(tree) == {"a.md": "https://host.test/a.md"}


def test_jupyter_book():
    tree = build_pages(
        {
            "book/_config.yml": "html: {baseurl: 'https://s.test/b'}\n",
            "book/_toc.yml": "root: intro\n",
        },
        "book/intro.md",
    )
    page = read_tree(tree).pages[0]
    assert (page.url, page.maker) == ("https://s.test/b/intro.html", "sphinx")
