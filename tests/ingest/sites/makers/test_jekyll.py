"""Jekyll: addresses by its rules for permalinks."""

from __future__ import annotations

import pytest

from tests.ingest.sites.trees import build_pages, find_page, list_addresses, read_tree

BASE = "https://j.test/b"
SETTINGS = "url: https://j.test\nbaseurl: /b\n"
FRONT = {
    "named": "permalink: /own/place/",
    "templated": "permalink: /x/:basename:output_ext",
    "2020-01-02-dated": "date: 2021-03-04",
    "2020-01-02-sorted": "categories: [One, two]",
    "2020-01-02-slugged": "slug: named",
}
COLLECTIONS = (
    "collections: {docs: {output: true, permalink: '/:collection/:path/'}, faq: {output: true},"
    " data: {}}"
)


@pytest.mark.parametrize(
    ("settings", "path", "address"),
    [
        ("", "index.md", ""),
        ("", "guide/index.md", "guide/"),
        ("", "guide/a.md", "guide/a.html"),
        ("", "guide/README.md", "guide/"),
        ("", "guide/named.md", "own/place/"),
        ("", "guide/templated.md", "x/templated.html"),
        ("permalink: pretty", "guide/a.md", "guide/a/"),
        ("permalink: none", "guide/a.md", "guide/a.html"),
        ("permalink: /:categories/:title/", "guide/a.md", "guide/a/"),
        ("permalink: /:title", "guide/a.md", "guide/a"),
        ("", "_posts/2020-01-02-a-post.md", "2020/01/02/a-post.html"),
        ("", "_posts/2020-01-02-dated.md", "2021/03/04/dated.html"),
        ("", "_posts/2020-01-02-sorted.md", "one/two/2020/01/02/sorted.html"),
        ("", "_posts/2020-01-02-slugged.md", "2020/01/02/named.html"),
        ("", "news/_posts/2020-1-2-a.md", "news/2020/01/02/a.html"),
        ("permalink: pretty", "_posts/2020-01-02-a.md", "2020/01/02/a/"),
        ("permalink: /blog/:year/:title", "_posts/2020-01-02-a.md", "blog/2020/a"),
        (COLLECTIONS, "_docs/sub/page.md", "docs/sub/page/"),
        (COLLECTIONS, "_faq/page.md", "faq/page.html"),
        (f"{COLLECTIONS}\npermalink: pretty", "_faq/page.md", "faq/page/"),
        (f"{COLLECTIONS}\ncollections_dir: all", "all/_faq/page.md", "faq/page.html"),
        (
            "defaults: [{scope: {path: guide, type: pages}, values: {permalink: /g/:basename/}}]",
            "guide/a.md",
            "g/a/",
        ),
    ],
)
def test_addresses(settings: str, path: str, address: str):
    tree = build_pages({"_config.yml": f"{SETTINGS}{settings}\n"}, path)
    name = path.rpartition("/")[2].removesuffix(".md")
    if name in FRONT:
        tree[path] = f"---\n{FRONT[name]}\n---\n# T\n"
    assert list_addresses(tree) == {path: f"{BASE}/{address}"}


@pytest.mark.parametrize("path", ["_data/a.md", "_drafts/a.md", "vendor/a.md", "_posts/a.md"])
def test_what_jekyll_does_not_build_keeps_its_address(path: str):
    settings = f"{SETTINGS}{COLLECTIONS}\nexclude: [vendor/]\n"
    tree = build_pages({"_config.yml": settings}, path, "index.md")
    assert list_addresses(tree)[path] == f"https://host.test/{path}"


@pytest.mark.parametrize(
    ("settings", "anchors"),
    [
        ("", "kramdown"),
        ("kramdown: {input: kramdown}", "kramdown-plain"),
        ("kramdown: {auto_ids: false}", "none"),
        ("markdown: CommonMark", "github"),
    ],
)
def test_the_rule_for_anchors(settings: str, anchors: str):
    tree = build_pages({"_config.yml": f"{SETTINGS}{settings}\n"}, "a.md")
    assert read_tree(tree).pages[0].anchors == anchors


def test_placeholders_are_filled_in_but_not_in_raw_parts():
    tree = {
        "_config.yml": f"{SETTINGS}version: 4.2\ncollections: {{docs: {{output: true}}}}\n",
        "_docs/a.md": "[b]({% link _docs/b.md %}#x) [c]({{ site.baseurl }}{% link _docs/b.md %}) "
        "v{{ site.version }} {% raw %}{{ site.version }}{% endraw %} {{ site.none }} "
        '[r]({{ "/docs/b.html" | relative_url }}) [p]({% post_url 2020-01-02-p %})',
        "_docs/b.md": "# B\n",
        "_posts/2020-01-02-p.md": "# P\n",
    }
    text = find_page(read_tree(tree), "_docs/a.md").text
    address = f"{BASE}/docs/b.html"
    assert text.startswith(f"[b]({address}#x) [c]({address}) v4.2 ")
    assert "{{ site.version }}" in text
    assert "{{ site.none }}" in text
    assert text.endswith(f"[r](/b/docs/b.html) [p]({BASE}/2020/01/02/p.html)")
