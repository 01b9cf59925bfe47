"""MkDocs: addresses as it builds them."""

from __future__ import annotations

import pytest

from tests.ingest.sites.trees import build_pages, find_page, list_addresses, read_tree

BASE = "https://m.test/b"
SETTINGS = f"site_name: X\nsite_url: {BASE}\n"


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("docs/index.md", f"{BASE}/"),
        ("docs/sub/index.md", f"{BASE}/sub/"),
        ("docs/sub/README.md", f"{BASE}/sub/"),
        ("docs/sub/Readme.md", f"{BASE}/sub/Readme/"),
        ("docs/sub/page.md", f"{BASE}/sub/page/"),
        ("docs/sub/with space.md", f"{BASE}/sub/with%20space/"),
        ("docs/v1.2.md", f"{BASE}/v1.2/"),
        ("other/page.md", "https://host.test/other/page.md"),
    ],
)
def test_addresses(path: str, address: str):
    assert list_addresses(build_pages({"mkdocs.yml": SETTINGS}, path)) == {path: address}


@pytest.mark.parametrize(
    ("settings", "path", "address"),
    [
        ("use_directory_urls: false", "docs/sub/page.md", f"{BASE}/sub/page.html"),
        ("use_directory_urls: false", "docs/sub/index.md", f"{BASE}/sub/index.html"),
        ("docs_dir: src/pages", "src/pages/a.md", f"{BASE}/a/"),
        ("docs_dir: .", "a.md", f"{BASE}/a/"),
        (
            "extra: {version: {provider: mike, default: stable}}",
            "docs/a.md",
            f"{BASE}/stable/a/",
        ),
        (
            (
                "plugins: [{i18n: {docs_structure: folder, languages: [{locale: en, default: true},"
                " {locale: de}]}}]"
            ),
            "docs/de/a.md",
            f"{BASE}/de/a/",
        ),
        (
            (
                "plugins: [{i18n: {docs_structure: folder, languages: [{locale: en, default: true},"
                " {locale: de}]}}]"
            ),
            "docs/en/a.md",
            f"{BASE}/a/",
        ),
        (
            "plugins: [{i18n: {languages: [{locale: en, default: true}, {locale: de}]}}]",
            "docs/a.de.md",
            f"{BASE}/de/a/",
        ),
    ],
)
def test_settings_change_addresses(settings: str, path: str, address: str):
    tree = build_pages({"mkdocs.yml": f"{SETTINGS}{settings}\n"}, path)
    assert list_addresses(tree) == {path: address}


def test_posts_of_a_blog():
    tree = {
        "mkdocs.yml": f"{SETTINGS}plugins: [blog]\n",
        "docs/blog/posts/a.md": "---\ndate: 2024-02-03\n---\n# Some *Title*: what's new?\n",
        "docs/blog/posts/b.md": "---\ndate:\n  created: 2024-02-03\nslug: own\n---\n# B\n",
    }
    assert list(list_addresses(tree).values()) == [
        f"{BASE}/blog/2024/02/03/some-title-whats-new/",
        f"{BASE}/blog/2024/02/03/own/",
    ]


def test_settings_are_inherited_and_those_of_zensical_are_the_same():
    tree = build_pages(
        {
            "mkdocs.base.yml": "docs_dir: none\n",
            "mkdocs.yml": f"{SETTINGS}theme: {{language: en}}\n",
            "de/mkdocs.yml": "INHERIT: ../mkdocs.yml\ntheme: {language: de}\n",
        },
        "de/docs/a.md",
    )
    page = read_tree(tree).pages[0]
    assert (page.url, page.language) == (f"{BASE}/a/", "de")
    tree = build_pages(
        {"zensical.toml": f'[project]\nsite_url = "{BASE}"\nsite_name = "X"\n'}, "docs/a.md"
    )
    assert list_addresses(tree) == {"docs/a.md": f"{BASE}/a/"}


@pytest.mark.parametrize(
    ("toc", "anchors"),
    [
        ("permalink: true", "mkdocs"),
        ("slugify: !!python/name:markdown.extensions.toc.slugify_unicode", "mkdocs-unicode"),
        (
            "slugify: !!python/object/apply:pymdownx.slugs.slugify {kwds: {case: lower}}",
            "pymdownx",
        ),
        ("slugify: !!python/name:pymdownx.slugs.uslugify", "pymdownx"),
        ("slugify: !!python/object/apply:pymdownx.slugs.slugify {}", "pymdownx-case"),
    ],
)
def test_the_rule_for_anchors(toc: str, anchors: str):
    settings = f"{SETTINGS}markdown_extensions:\n  - toc:\n      {toc}\n"
    page = read_tree(build_pages({"mkdocs.yml": settings}, "docs/a.md")).pages[0]
    assert (page.maker, page.anchors) == ("mkdocs", anchors)


def test_macros_are_filled_in_where_the_plugin_is_on():
    page = "Version {{ product.version }} of {{ config.site_name }}, {{ unknown }}."
    settings = f"{SETTINGS}extra: {{product: {{version: '2.1'}}}}\n"
    tree = {"mkdocs.yml": f"{settings}plugins: [macros]\n", "docs/a.md": page}
    assert find_page(read_tree(tree), "docs/a.md").text == "Version 2.1 of X, {{ unknown }}."
    tree["mkdocs.yml"] = settings
    assert find_page(read_tree(tree), "docs/a.md").text == page
