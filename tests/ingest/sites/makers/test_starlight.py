"""Starlight: addresses as Astro builds them."""

from __future__ import annotations

import pytest

from tests.ingest.sites.trees import build_pages, list_addresses, read_tree

SETTINGS = """
import { defineConfig } from 'astro/config';
const locales = { root: { label: 'English', lang: 'en' }, fr: { label: 'F', lang: 'fr-CA' } };
export default defineConfig({ site: 'https://s.test', base: '/b', %s
  integrations: [other(), starlight({ title: 'T', locales })] });
"""


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("index.md", ""),
        ("My Guides/First Page.md", "my-guides/first-page/"),
        ("My Guides/index.mdx", "my-guides/"),
        ("fr/a.md", "fr/a/"),
        ("deep/Some_Page.v1.md", "deep/some_pagev1/"),
        ("deep/named.md", "other/Place/"),
        ("deep/README.md", "deep/readme/"),
        ("deep/c++.md", "deep/c/"),
    ],
)
def test_addresses(path: str, address: str):
    file = f"src/content/docs/{path}"
    tree = build_pages({"astro.config.mjs": SETTINGS % ""}, file, named="slug: other/Place")
    assert list_addresses(tree) == {file: f"https://s.test/b/{address}"}


@pytest.mark.parametrize(
    ("option", "ending"), [("trailingSlash: 'never',", ""), ("build: {format: 'file'},", ".html")]
)
def test_endings(option: str, ending: str):
    tree = build_pages({"astro.config.ts": SETTINGS % option}, "src/content/docs/x.md")
    assert list_addresses(tree) == {"src/content/docs/x.md": f"https://s.test/b/x{ending}"}


def test_languages():
    tree = build_pages(
        {"astro.config.mjs": SETTINGS % ""}, "src/content/docs/a.md", "src/content/docs/fr/a.md"
    )
    assert [page.language for page in read_tree(tree).pages] == ["en", "fr-CA"]


def test_astro_without_starlight_is_another_site():
    tree = build_pages(
        {"astro.config.mjs": "export default {site: 'https://s.test'}"}, "src/content/docs/a.md"
    )
    assert read_tree(tree).pages[0].maker == ""
