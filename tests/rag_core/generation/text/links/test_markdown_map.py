from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from rag_core.generation.text.links.addresses import HIDDEN
from rag_core.generation.text.links.markdown_map import MarkdownReader

READER = MarkdownReader(html=True, tables=True)


@pytest.mark.parametrize("blank", list("\v\f\x1c\x1f\x85\u00a0\u2003\u2028\u3000"))
@pytest.mark.parametrize("block", ["{}", "> - {}", "# {}", "{}\n===", "| {} |\n|---|", "a\n{}\nb"])
def test_each_sign_has_its_place_beside_blanks(block: str, blank: str):
    text = block.format(f"{blank}evil.com{blank}") + "\n"
    for leaf in READER.read(text).leaves:
        assert leaf.places is not None
        assert [text[place] for place in leaf.places] == list(leaf.content)


def test_words_are_decoded_and_hide_what_is_no_text():
    (leaf,) = READER.read("a&#46;b \\* `c.d` [e](f.g) <b>h</b>").leaves
    words, places = leaf.read_words()
    plain = f"a.b * {HIDDEN} {HIDDEN}e{HIDDEN} {HIDDEN}h{HIDDEN}"
    assert words == plain
    assert len(places) == len(words)
    assert places[1] == (1, 6)


def test_the_words_of_html_are_decoded():
    (leaf,) = READER.read("<div>\nevil&period;com &x\n</div>\n").leaves
    assert leaf.read_words()[0] == f"{HIDDEN}\nevil.com &x\n{HIDDEN}"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("|a|\n|-|\n|b|\n|c|\n|d|\n", "|a|\n|-|\n|d|\n"),
        ("* a\n  - b\n  - c\n  - d\n", "* a\n  - b\n  - d\n"),
        ("> a\n>\n> b\n>\n> c\n", "> a\n>\n> c\n"),
        ("```\na\nb\nc\n", "```\nc\n"),
        ("- a b\n  c d `e f` ", "- x\n  x `e f` "),
        ("a | b | c d", "x|| d"),
    ],
)
def test_middles_change_nothing_of_what_follows(text: str, kept: str):
    mapped = READER.read(text)
    for start, end, stub in sorted(mapped.list_middles(), reverse=True):
        text = text[:start] + stub + text[end:]
    assert text == kept
    assert READER.read(text).describe_end() == mapped.describe_end()


def test_threads_read_at_the_same_moment():
    text = "a [b](c) `d` <e> ![f](g) &amp; \\* [h](i `j` k) " * 5
    expected = READER.read(text).leaves[0].elements
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as threads:
            maps = list(threads.map(READER.read, [text] * 40))
    finally:
        sys.setswitchinterval(interval)
    assert all(mapped.leaves[0].elements == expected for mapped in maps)
