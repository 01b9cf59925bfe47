from __future__ import annotations

import pytest

from ingest.formats.anchors import AnchorMaker


def make(rule: str, *headings: str) -> list[str]:
    maker = AnchorMaker(rule)
    return [maker.make(heading, heading, 2) for heading in headings]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("github", ["note", "note-1", "note-1-1", "note-2"]),
        ("docusaurus", ["note", "note-1", "note-1-1", "note-2"]),
        ("vitepress", ["note", "note-1", "note-1-1", "note-2"]),
        ("hugo", ["note", "note-1", "note-1-1", "note-2"]),
        ("mkdocs", ["note", "note_1", "note-1", "note_2"]),
        ("pymdownx", ["note", "note_1", "note-1", "note_2"]),
        ("kramdown", ["note", "note-1", "note-1", "note-2"]),
        ("mdbook", ["note", "note-1", "note-1", "note-2"]),
        ("sphinx", ["note", "id1", "note-1", "id2"]),
        ("mintlify", ["note", "note-2", "note-1", "note-3"]),
        ("asciidoc", ["_note", "_note_2", "_note_1", "_note_3"]),
        ("none", ["", "", "", ""]),
    ],
)
def test_equal_headings_are_numbered_as_the_maker_numbers_them(rule: str, expected: list[str]):
    assert make(rule, "Note", "Note", "Note 1", "Note") == expected


def test_mkdocs_counts_on_from_the_number_in_a_slug():
    assert make("mkdocs", "a_1", "a_1", "a", "a") == ["a_1", "a_2", "a", "a_3"]
    assert make("mkdocs", "!", "?") == ["_1", "_2"]


def test_mintlify_numbers_headings_that_look_like_numbered_ones():
    assert make("mintlify", "Go", "Go", "Go", "Go 1") == ["go", "go-2", "go-3", "go-1-1"]


def test_a_heading_without_letters_has_the_name_that_its_maker_gives():
    assert make("hugo", "!", "?") == ["heading", "heading-1"]
    assert make("kramdown-plain", "1", "2") == ["section", "section-1"]
    assert make("github", "!", "?") == ["", "-1"]
    assert make("gitbook", "!", "?") == ["", ""]


@pytest.mark.parametrize(("rule", "levels"), [("nextra", "23456"), ("mintlify", "1234")])
def test_only_some_levels_have_anchors(rule: str, levels: str):
    maker = AnchorMaker(rule)
    assert [n for n in range(1, 7) if maker.make(f"H{n}", f"H{n}", n)] == [*map(int, levels)]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [("github", "a"), ("vitepress", "a-1"), ("hugo", "a-1"), ("sphinx", "id1"), ("mkdocs", "a")],
)
def test_an_anchor_that_a_heading_names_is_taken_below_it(rule: str, expected: str):
    maker = AnchorMaker(rule)
    maker.take("b")
    maker.take("a") if rule != "mkdocs" else None
    assert maker.make("A", "A", 2) == expected


def test_mkdocs_takes_the_anchors_of_the_whole_page():
    maker = AnchorMaker("mkdocs")
    maker.reserve(["a", "b"])
    assert maker.make("A", "A", 2) == "a_1"
    maker = AnchorMaker("hugo")
    maker.reserve(["a"])
    assert maker.make("A", "A", 2) == "a"


def test_a_page_of_equal_headings_is_numbered_in_one_pass():
    for rule in ("github", "mkdocs", "sphinx", "hugo"):
        anchors = make(rule, *["Same"] * 20_000)
        assert len(set(anchors)) == 20_000
