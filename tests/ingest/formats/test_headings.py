from __future__ import annotations

import pytest

from ingest.documents import Page
from ingest.formats import read_document
from ingest.formats.headings import split_anchor


def read_anchors(text: str, rule: str, path: str = "a.md") -> list[tuple[str, str]]:
    document = read_document(Page("docs", path, "", text.encode(), anchors=rule))
    headed = (section for section in document.sections if section.headings)
    return [(section.headings[-1], section.anchor) for section in headed]


@pytest.mark.parametrize(
    ("heading", "expected"),
    [
        ("Limits {#quota}", ("Limits", "quota")),
        ("Limits { #quota .wide }", ("Limits", "quota")),
        ("Limits {: #quota }", ("Limits", "quota")),
        ("Limits {:#quota .no_toc}", ("Limits", "quota")),
        ('Limits { id="9.7.6" }', ("Limits", "9.7.6")),
        ("Limits { id=quota data-search-exclude }", ("Limits", "quota")),
        ("Limits { data-search-exclude }", ("Limits", "")),
        ("Limits { .wide hidden }", ("Limits", "")),
        ("Limits \\{#quota}", ("Limits", "quota")),
        ("Limits [#quota]", ("Limits", "quota")),
        ("Limits {/* #quota */}", ("Limits", "quota")),
        ("Limits <!-- #quota -->", ("Limits", "quota")),
        ("Limits ## {#quota}", ("Limits", "quota")),
        ("Limits [1]", ("Limits [1]", "")),
        ("Limits <!-- note -->", ("Limits <!-- note -->", "")),
        ("GET /users/{id}", ("GET /users/{id}", "")),
        ("The set {a b}", ("The set {a b}", "")),
        ("Issue [#12](x.md)", ("Issue [#12](x.md)", "")),
    ],
)
def test_anchors_that_headings_name(heading: str, expected: tuple[str, str]):
    assert split_anchor(heading) == expected


@pytest.mark.parametrize("path", ["a.md", "a.mdx"])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('<a id="old"></a>\n## New', "old"),
        ('<a name="old"></a>\n\n## New', "old"),
        ('## <a id="old"></a>New', "old"),
        ('## New <a name="old"></a>', "old"),
        ('<a id="old"></a>\n\nText between.\n\n## New', "new"),
        ('<a id="old"></a>\n\n```\ncode\n```\n\n## New', "new"),
    ],
)
def test_a_named_place_at_a_heading_is_its_anchor(text: str, expected: str, path: str):
    assert read_anchors(text, "docusaurus", path)[-1] == ("New", expected)


def test_a_link_to_itself_is_an_anchor_that_the_heading_names():
    text = '## New <a href="#old" id="old"></a>\n\n[x](b.md)\n\n## Next'
    assert read_anchors(text, "gitbook") == [("New", "old"), ("Next", "next")]


def test_comments_name_headings_of_mdx_but_not_in_code():
    text = "## One {/* #first */}\n\n```\n## Two {/* #second */}\n```\n"
    document = read_document(Page("docs", "a.mdx", "", text.encode(), anchors="docusaurus"))
    assert document.sections[0].anchor == "first"
    assert "{/* #second */}" in document.sections[0].blocks[0].text


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("github", ["same", "same-1", "same-3"]),
        ("vitepress", ["", "same", "same-2"]),
        ("mkdocs", ["", "same", "same_2"]),
    ],
)
def test_headings_in_html_and_in_quotations_count_as_the_maker_counts(
    rule: str, expected: list[str]
):
    text = "<h2>Same</h2>\n\n## Same\n\n> ## Same\n\n## Same\n"
    assert [anchor for _, anchor in read_anchors(text, rule)] == expected


def test_only_some_makers_name_the_html_headings_of_mdx():
    text = '<h2>One</h2>\n\n<h2 id="two">Two</h2>\n\n## One\n'
    expected = [("One", ""), ("Two", "two"), ("One", "one")]
    assert read_anchors(text, "docusaurus", "a.mdx") == expected
    expected = [("One", "one"), ("Two", "two"), ("One", "one-2")]
    assert read_anchors(text, "mintlify", "a.mdx") == expected


def test_labels_and_footnotes_take_the_numbers_that_docutils_gives():
    text = "# T\n\n(setup)=\n## Setup\n\nText.[^n]\n\n## Setup\n\n## 中文\n\n[^n]: Note.\n"
    anchors = [anchor for _, anchor in read_anchors(text, "myst")]
    assert anchors == ["t", "setup", "id3", "id4"]


def test_headings_in_directives_that_only_the_site_knows_have_no_anchor():
    text = "# T\n\n:::{my-example}\n(label)=\n## Inner\n:::\n\n:::{note}\n## Known\n:::\n"
    assert read_anchors(text, "myst") == [("T", "t"), ("Inner", ""), ("Known", "known")]


def test_emoji_images_and_line_breaks_count_as_the_maker_counts():
    text = "## :rocket: Go ![logo](a.png)<br>on\n"
    assert read_anchors(text, "docusaurus")[0][1] == "rocket-go-logoon"
    assert read_anchors(text, "starlight")[0][1] == "rocket-go-on"
    assert read_anchors(text, "vitepress")[0][1] == "go-on"
