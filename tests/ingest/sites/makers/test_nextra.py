"""Nextra: addresses below `content`, `pages` and `app`."""

from __future__ import annotations

import pytest

from tests.ingest.sites.trees import build_pages, list_addresses, read_tree

SETTINGS = """
import nextra from 'nextra'
const withNextra = nextra({ %s })
export default withNextra({ basePath: '/b', i18n: { locales: ['en', 'de'], defaultLocale: 'en' } })
"""


@pytest.mark.parametrize(
    ("option", "path", "address"),
    [
        ("", "content/index.mdx", "b"),
        ("", "content/guide/a.mdx", "b/guide/a"),
        ("contentDirBasePath: '/docs'", "content/guide/a.mdx", "b/docs/guide/a"),
        ("", "src/content/a.mdx", "b/a"),
        ("", "pages/guide/index.mdx", "b/guide"),
        ("", "pages/a.de.mdx", "b/a"),
        ("", "app/docs/(group)/a/page.mdx", "b/docs/a"),
    ],
)
def test_addresses(option: str, path: str, address: str):
    tree = build_pages({"next.config.mjs": SETTINGS % option}, path)
    assert list_addresses(tree, site="https://n.test") == {path: f"https://n.test/{address}"}


def test_without_an_address_pages_keep_theirs():
    pages = read_tree(build_pages({"next.config.js": SETTINGS % ""}, "content/de/a.mdx"))
    assert [(page.url, page.maker, page.language) for page in pages.pages] == [
        ("https://host.test/content/de/a.mdx", "nextra", "de")
    ]
    assert "option `site`" in pages.sites


def test_next_without_nextra_is_another_site():
    tree = build_pages({"next.config.js": "module.exports = {}"}, "pages/a.mdx")
    assert read_tree(tree).pages[0].maker == ""
