"""Mintlify: addresses are paths without a suffix."""

from __future__ import annotations

import pytest

from tests.ingest.sites.trees import build_pages, list_addresses, read_tree

NAVIGATION = '"navigation": {"languages": [{"language": "en"}, {"language": "es"}]}'


@pytest.mark.parametrize(
    "settings",
    [
        (
            '{"$schema": "https://mintlify.com/docs.json", '
            '"seo": {"metatags": {"canonical": "https://m.test/docs"}}, %s}'
        ),
        (
            '{"theme": "mint", "name": "x", '
            '"seo": {"metatags": {"og:url": "https://m.test/docs"}}, %s}'
        ),
    ],
    ids=["canonical", "og:url"],
)
def test_addresses(settings: str):
    paths = ("index.mdx", "cli/index.mdx", "cli/a b.mdx", "es/x.mdx")
    pages = read_tree(build_pages({"docs.json": settings % NAVIGATION}, *paths)).pages
    assert [(page.url.removeprefix("https://m.test/docs"), page.language) for page in pages] == [
        ("/", ""),
        ("/cli", ""),
        ("/cli/a%20b", ""),
        ("/es/x", "es"),
    ]


def test_other_settings():
    tree = build_pages({"mint.json": '{"metadata": {"canonical": "https://m.test"}}'}, "a.mdx")
    assert list_addresses(tree) == {"a.mdx": "https://m.test/a"}
    tree = build_pages({"docs.json": '{"canonicalUrl": "https://m.test"}'}, "a.mdx")
    assert list_addresses(tree) == {"a.mdx": "https://host.test/a.mdx"}
