"""Hugo: addresses as it builds them."""

from __future__ import annotations

import pytest

from tests.ingest.sites.trees import build_pages, find_page, list_addresses, read_tree

BASE = "https://h.test/base"
SETTINGS = f"""
baseURL = "{BASE}/"
defaultContentLanguage = "en"
[languages.en]
weight = 1
[languages.fr]
weight = 2
[permalinks]
posts = "/:year/:month/:slug/"
[params]
version = "1.2"
"""
FRONT = {
    "slugged": "slug: other-name",
    "urled": "url: /x/y/",
    "urled2": "url: z.html",
    "urled3": "url: rel/",
    "a": "title: Hello World\ndate: 2024-03-05",
    "b": "title: Hey\ndate: 2024-03-05\nslug: own",
}


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("_index.md", ""),
        ("docs/_index.md", "docs/"),
        ("docs/My Section/Page One.md", "docs/my-section/page-one/"),
        ("docs/page.fr.md", "fr/docs/page/"),
        ("docs/bundle/index.md", "docs/bundle/"),
        ("docs/Leaf_B.x/index.md", "docs/leaf_b.x/"),
        ("docs/slugged.md", "docs/other-name/"),
        ("docs/urled.md", "x/y/"),
        ("docs/urled2.md", "z.html"),
        ("docs/urled3.fr.md", "fr/rel/"),
        ("posts/a.md", "2024/03/hello-world/"),
        ("posts/b.md", "2024/03/own/"),
        ("docs/C# & D+.md", "docs/c%23-d+/"),
        ("docs/hello, world!.md", "docs/hello-world/"),
        ("docs/v1.2.md", "docs/v1.2/"),
        ("docs/README.md", "docs/readme/"),
    ],
)
def test_addresses(path: str, address: str):
    tree = build_pages({"hugo.toml": SETTINGS}, f"content/{path}", **FRONT)
    assert list_addresses(tree) == {f"content/{path}": f"{BASE}/{address}"}


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("docs/My Section/_index.md", "en/docs/My-Section.html"),
        ("docs/page.fr.md", "fr/docs/page.html"),
        ("docs/bundle/index.md", "en/docs/bundle.html"),
        ("_index.md", "en/"),
    ],
)
def test_ugly_addresses_that_keep_their_case(path: str, address: str):
    settings = "uglyURLs: true\ndisablePathToLower: true\ndefaultContentLanguageInSubdir: true\n"
    settings += f"baseURL: {BASE}\nlanguages: {{en: {{weight: 1}}, fr: {{weight: 2}}}}\n"
    tree = build_pages({"hugo.yaml": settings}, f"content/{path}")
    assert list_addresses(tree) == {f"content/{path}": f"{BASE}/{address}"}


def test_settings_of_several_files_and_mounts():
    tree = build_pages(
        {
            "config/_default/hugo.toml": f'baseURL = "{BASE}"\n',
            "config/_default/languages.toml": '[en]\ncontentDir = "content/en"\n[de]\n'
            'contentDir = "content/de"\nlanguageCode = "de-AT"\n',
        },
        "content/en/x.md",
        "content/de/x.md",
    )
    found = [(page.url, page.language) for page in read_tree(tree).pages]
    assert found == [(f"{BASE}/x/", "en"), (f"{BASE}/de/x/", "de-AT")]
    mounts = '[[module.mounts]]\nsource = "docs"\ntarget = "content/manual"\n'
    tree = build_pages({"hugo.toml": f'baseURL = "{BASE}"\n{mounts}'}, "docs/x.md")
    assert list_addresses(tree) == {"docs/x.md": f"{BASE}/manual/x/"}


def test_a_settings_file_of_another_program_is_none_of_hugo():
    tree = build_pages(
        {"config.toml": '[server]\nport = 1\nbase = "https://x.test"\n'}, "content/a.md"
    )
    assert list_addresses(tree) == {"content/a.md": "https://host.test/content/a.md"}


def test_references_and_parameters_are_filled_in():
    tree = {
        "hugo.toml": SETTINGS,
        "content/docs/x.md": '[s]({{< ref "y.md#end" >}}) [t]({{% relref "/docs/y" %}}) '
        '[u]({{< ref "none.md" >}}) {{< param "version" >}} {{< param version >}}',
        "content/docs/y.md": "# Y\n",
    }
    text = find_page(read_tree(tree), "content/docs/x.md").text
    address = f"{BASE}/docs/y/"
    assert text == f'[s]({address}#end) [t]({address}) [u]({{{{< ref "none.md" >}}}}) 1.2 1.2'
