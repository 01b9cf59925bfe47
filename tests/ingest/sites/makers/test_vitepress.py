"""VitePress: addresses as it builds them."""

from __future__ import annotations

import pytest

from tests.ingest.sites.trees import build_pages, list_addresses, read_tree

SETTINGS = """
import { defineConfig } from 'vitepress'
export default defineConfig({
  base: '/b/', srcDir: './src', %s
  rewrites: { 'en/:rest*': ':rest*', 'packages/:pkg/src/:slug*': ':pkg/:slug*' },
  sitemap: { hostname: 'https://v.test/b/' },
  locales: { root: { lang: 'en-US' }, zh: { lang: 'zh-Hans' } },
})
"""


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("en/index.md", ""),
        ("en/guide/index.md", "guide/"),
        ("en/guide/a.md", "guide/a.html"),
        ("packages/foo/src/b.md", "foo/b.html"),
        ("packages/foo/src/index.md", "foo/"),
        ("zh/README.md", "zh/README.html"),
    ],
)
def test_addresses(path: str, address: str):
    file = f"docs/src/{path}"
    tree = build_pages({"docs/.vitepress/config.mts": SETTINGS % ""}, file)
    assert list_addresses(tree) == {file: f"https://v.test/b/{address}"}
    tree = build_pages({"docs/.vitepress/config.mts": SETTINGS % "cleanUrls: true,"}, file)
    assert list_addresses(tree) == {file: f"https://v.test/b/{address.removesuffix('.html')}"}


def test_languages_and_dynamic_routes():
    tree = build_pages(
        {".vitepress/config.js": SETTINGS % ""}, "src/en/a.md", "src/zh/a.md", "src/[x].md"
    )
    pages = read_tree(tree).pages
    assert [page.language for page in pages] == ["en-US", "zh-Hans", ""]
    assert pages[2].url == "https://host.test/src/[x].md"


def test_the_address_may_stand_in_the_head():
    settings = "export default {head: [['link', {rel: 'canonical', href: 'https://v.test/'}]]}"
    tree = build_pages({".vitepress/config.js": settings}, "a.md")
    assert list_addresses(tree) == {"a.md": "https://v.test/a.html"}


def test_a_pattern_that_could_take_long_is_ignored():
    settings = "export default {rewrites: {'((a+)+)b': 'c'}, sitemap: {hostname: 'https://v.test'}}"
    path = f"{'a' * 50}.md"
    tree = build_pages({".vitepress/config.js": settings}, path)
    assert list_addresses(tree) == {path: f"https://v.test/{path.removesuffix('.md')}.html"}


def test_groups_without_a_name():
    settings = (
        "export default {sitemap: {hostname: 'https://v.test'}, rewrites: "
        "{'pkg/:name/docs/(.*)': ':name/(.*)', '(.*)/README.md': '(.*)/index.md'}}"
    )
    tree = build_pages({".vitepress/config.js": settings}, "pkg/core/docs/b.md", "guide/README.md")
    assert list_addresses(tree) == {
        "pkg/core/docs/b.md": "https://v.test/core/b.html",
        "guide/README.md": "https://v.test/guide/",
    }
