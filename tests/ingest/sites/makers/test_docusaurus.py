"""Docusaurus: addresses as it builds them."""

from __future__ import annotations

import pytest

from tests.ingest.sites.trees import build_pages, find_page, list_addresses, read_tree

BASE = "https://d.test/b"
SETTINGS = """
import type {Config} from '@docusaurus/types';
const config: Config = {
  url: 'https://d.test', baseUrl: '/b/',
  i18n: {defaultLocale: 'en', locales: ['en', 'fr']},
  presets: [['classic', {docs: {routeBasePath: 'manual'}, blog: {}} satisfies Preset.Options]],
};
export default config;
"""
FRONT = {
    "readme": "slug: zz",
    "a": "id: other",
    "b": "slug: /abs/x",
    "c": "slug: rel/y",
    "d": "slug: ../up",
    "e": "slug: t/",
    "own": "slug: named",
}


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("docs/index.md", "manual/"),
        ("docs/01-intro/02-first.md", "manual/intro/first"),
        ("docs/01-intro/index.md", "manual/intro/"),
        ("docs/guide/guide.md", "manual/guide/"),
        ("docs/guide/README.md", "manual/guide/"),
        ("docs/guide/readme.md", "manual/guide/zz"),
        ("docs/guide/a.mdx", "manual/guide/other"),
        ("docs/guide/b.md", "manual/abs/x"),
        ("docs/guide/c.md", "manual/guide/rel/y"),
        ("docs/guide/d.md", "manual/up"),
        ("docs/guide/e.md", "manual/guide/t/"),
        ("docs/guide/2021-03-04-date.md", "manual/guide/2021-03-04-date"),
        ("docs/guide/1.2-ver.md", "manual/guide/1.2-ver"),
        ("docs/guide/3_under.md", "manual/guide/under"),
        ("docs/guide/4 - blank.md", "manual/guide/blank"),
        ("docs/guide/Cap.md", "manual/guide/Cap"),
        ("docs/02-same/same.md", "manual/same/same"),
        ("i18n/fr/docusaurus-plugin-content-docs/current/index.md", "fr/manual/"),
        ("blog/2020-05-06-post.md", "blog/2020/05/06/post"),
        ("blog/2021-01-02-folder/index.md", "blog/2021/01/02/folder"),
        ("blog/2023/04/05/n.md", "blog/2023/04/05/n"),
        ("blog/2022-01-01-x/own.md", "blog/named"),
        ("blog/plain.md", "blog/plain"),
        ("src/pages/about.md", "about"),
        ("src/pages/index.md", ""),
    ],
)
def test_addresses(path: str, address: str):
    tree = build_pages({"docusaurus.config.ts": SETTINGS}, path, **FRONT)
    assert list_addresses(tree) == {path: f"{BASE}/{address}"}


def test_versions():
    tree = build_pages(
        {"docusaurus.config.ts": SETTINGS, "versions.json": '["2.0", "1.0"]'},
        "docs/a1.md",
        "versioned_docs/version-2.0/a1.md",
        "versioned_docs/version-1.0/a1.md",
        "i18n/fr/docusaurus-plugin-content-docs/version-1.0/a1.md",
    )
    found = [(page.url, page.version, page.language) for page in read_tree(tree).pages]
    assert found == [
        (f"{BASE}/manual/next/a1", "", "en"),
        (f"{BASE}/manual/a1", "2.0", "en"),
        (f"{BASE}/manual/1.0/a1", "1.0", "en"),
        (f"{BASE}/fr/manual/1.0/a1", "1.0", "fr"),
    ]


def test_options_of_plugins():
    settings = """module.exports = {
      url: 'https://d.test', baseUrl: '/', trailingSlash: true,
      plugins: [['@docusaurus/plugin-content-docs', {id: 'api', path: './api', routeBasePath: '/'}],
                [require.resolve('x'), {}]],
      presets: [['@docusaurus/preset-classic', {docs: {numberPrefixParser: false}, blog: false}]],
    };"""
    tree = build_pages(
        {"docusaurus.config.js": settings},
        "api/a1.md",
        "docs/01-b1.md",
        "blog/c1.md",
        "api/index.md",
    )
    assert list_addresses(tree) == {
        "api/a1.md": "https://d.test/a1/",
        "docs/01-b1.md": "https://d.test/docs/01-b1/",
        "blog/c1.md": "https://host.test/blog/c1.md",
        "api/index.md": "https://d.test/",
    }


def test_a_site_below_a_folder_and_its_partials():
    tree = build_pages(
        {"website/docusaurus.config.js": SETTINGS}, "website/docs/x.md", "website/docs/_part.mdx"
    )
    addresses = list_addresses(tree)
    assert addresses["website/docs/x.md"] == f"{BASE}/manual/x"
    assert BASE not in addresses.get("website/docs/_part.mdx", "")


def test_markdown_is_read_as_mdx():
    from ingest.formats import read_document

    tree = {
        "docusaurus.config.ts": SETTINGS,
        "docs/a.md": '# T\n\n<Card title="Read me">in</Card>\n',
    }
    document = read_document(find_page(read_tree(tree), "docs/a.md"))
    assert "Read me" in " ".join(block.text for each in document.sections for block in each.blocks)
