"""Links between pages become addresses."""

from __future__ import annotations

import pytest

from ingest.documents import Page
from ingest.formats import read_document
from ingest.sites.links import resolve_page_links
from tests.ingest.sites.trees import find_page, read_tree

MKDOCS = "site_name: X\nsite_url: https://m.test/b/\n"


def read_text(page: Page) -> str:
    sections = read_document(page).sections
    return "\n".join(block.text for section in sections for block in section.blocks)


@pytest.mark.parametrize(
    ("link", "shown"),
    [
        ("[a](other.md)", "[a](https://m.test/b/guide/other/)"),
        ("[a](other.md#x)", "[a](https://m.test/b/guide/other/#x)"),
        ("[a](./other.md?y=1#x)", "[a](https://m.test/b/guide/other/?y=1#x)"),
        ("[a](../index.md)", "[a](https://m.test/b/)"),
        ('[a](../index.md "title")', '[a](https://m.test/b/ "title")'),
        ("[a](<other.md>)", "[a](https://m.test/b/guide/other/)"),
        ("[a](../with%20blank.md)", "[a](https://m.test/b/with%20blank/)"),
        ("[a](../dir/)", "[a](https://m.test/b/dir/)"),
        ("[a](/guide/other.md)", "[a](https://m.test/b/guide/other/)"),
        ("[a][ref]\n\n[ref]: other.md", "[a](https://m.test/b/guide/other/)"),
        ('<a href="other.md">a</a>', "[a](https://m.test/b/guide/other/)"),
        ('<div>\n<p><a href="other.md">a</a></p>\n</div>', "[a](https://m.test/b/guide/other/)"),
        ('<ul>\n<li><a href="other.md">a</a></li>\n</ul>', "- [a](https://m.test/b/guide/other/)"),
        ("[a](https://else.test/other.md)", "[a](https://else.test/other.md)"),
        ("`[a](other.md)`", "`[a](other.md)`"),
        ("```\n[a](other.md)\n```", "```\n[a](other.md)\n```"),
    ],
)
def test_markdown(link: str, shown: str):
    tree = {
        "mkdocs.yml": MKDOCS,
        "docs/index.md": "# I",
        "docs/with blank.md": "# B",
        "docs/dir/README.md": "# D",
        "docs/guide/page.md": link,
        "docs/guide/other.md": "# O",
    }
    assert read_text(find_page(read_tree(tree), "docs/guide/page.md")) == shown


def test_addresses_of_front_matter_count():
    tree = {
        "docusaurus.config.js": "module.exports = {url: 'https://d.test', baseUrl: '/b/'}",
        "docs/01-a.md": "[b](02-b.md) [b](/docs/quotas) [b](./02-b.md#x) [c](/other)",
        "docs/02-b.md": "---\nslug: /quotas\n---\n# B",
    }
    assert read_text(read_tree(tree).pages[0]) == (
        "[b](https://d.test/b/docs/quotas) [b](https://d.test/b/docs/quotas) "
        "[b](https://d.test/b/docs/quotas#x) [c](https://d.test/b/other)"
    )


def test_without_a_site_links_lead_where_pages_were_found():
    pages = [
        Page("docs", "a.md", "https://x.test/first", b"[b](b.md) [c](c.md)"),
        Page("docs", "b.md", "https://x.test/second", b"# B"),
    ]
    linked = [*resolve_page_links(pages, {}, "")]
    assert linked[0].links == {"b.md": "https://x.test/second"}
    assert linked[1] is pages[1]


def test_local_pages_have_no_addresses():
    pages = [
        Page("docs", "a.md", "file:///a.md", b"[b](b.md)"),
        Page("docs", "b.md", "file:///b", b""),
    ]
    assert [*resolve_page_links(pages, {}, "")] == pages


SPHINX = "extensions = ['myst_parser']\nhtml_baseurl = 'https://s.test/'\n"


def test_references_of_rst_show_titles():
    tree = {
        "conf.py": SPHINX,
        "a.rst": "A\n=\n\n:ref:`limits` :ref:`these <limits>` :doc:`sub/b` :doc:`it </sub/b>` "
        ":doc:`none` `own <sub/b.html>`_\n",
        "sub/b.rst": "The ``B`` page\n==============\n\n"
        ".. _limits:\n\nLimits of a plan\n-----\n\nText.\n",
    }
    assert read_text(find_page(read_tree(tree), "a.rst")) == (
        "[Limits of a plan](https://s.test/sub/b.html#limits) "
        "[these](https://s.test/sub/b.html#limits) [The B page](https://s.test/sub/b.html) "
        "[it](https://s.test/sub/b.html) none [own](https://s.test/sub/b.html)"
    )


def test_references_of_myst_show_titles():
    tree = {
        "conf.py": SPHINX,
        "a.md": "# A\n\n{ref}`limits` {ref}`these <limits>` {doc}`sub/b` [](#limits) [](sub/b.md) "
        "[x](#limits) {ref}`here`\n\n(here)=\n## Here\n",
        "sub/b.md": "# Page B\n\n(limits)=\n\n## Limits of a *plan*\n\nText.\n",
    }
    assert read_text(find_page(read_tree(tree), "a.md")) == (
        "[Limits of a plan](https://s.test/sub/b.html#limits) "
        "[these](https://s.test/sub/b.html#limits) [Page B](https://s.test/sub/b.html) "
        "[Limits of a plan](https://s.test/sub/b.html#limits) [Page B](https://s.test/sub/b.html) "
        "[x](https://s.test/sub/b.html#limits) Here"
    )
