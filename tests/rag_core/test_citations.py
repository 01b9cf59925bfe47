from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rag_core.citations import CitationChecker
from rag_core.types import Citation
from tests.rag_core.fakes import make_passage

PASSAGES = [make_passage(f"Passage {number}.", position=number) for number in (1, 2, 3)]
MARKER = re.compile(r"\[(\d+)\](?!\()")

# What answers are made of, valid, invalid and broken markers above all.
TOKENS = "[1]|[2, 3]|[4]|[0]|[1, 9]|[ 1]|[|]|(|1|,| |\n|\n\n|`|``|```|word|[link](u)|[7](u)|. "
pieces = st.lists(st.sampled_from(TOKENS.split("|")), max_size=30).map("".join)


def checked(*parts: str) -> tuple[str, tuple[int, ...]]:
    checker = CitationChecker(PASSAGES)
    text = "".join(checker.feed(part) for part in parts) + checker.close()
    return text, tuple(citation.number for citation in checker.citations)


@pytest.mark.parametrize(
    ("text", "shown", "cited"),
    [
        ("All is well [1].", "All is well [1].", (1,)),
        ("All is well [4].", "All is well.", ()),
        ("Zero [0] and long [99999999999].", "Zero and long.", ()),
        ("Both [2][1] and [2].", "Both [2][1] and [2].", (2, 1)),
        ("Both [1, 2].", "Both [1][2].", (1, 2)),
        ("One of them [1, 7].", "One of them [1].", (1,)),
        ("None [8,9] of them.", "None of them.", ()),
        ("A link [1](https://x) stays.", "A link [1](https://x) stays.", ()),
        ("Words [one] and [ ] stay.", "Words [one] and [ ] stay.", ()),
        ("Use `rows[9]` [1].", "Use `rows[9]` [1].", (1,)),
        ("``a ` [9]`` [2]", "``a ` [9]`` [2]", (2,)),
        ("```py\nx[9] = `a`\n\ny[8]\n```\nDone [9].", "```py\nx[9] = `a`\n\ny[8]\n```\nDone.", ()),
        ("A stray ` tick [9].\n\nNext [9] [1].", "A stray ` tick [9].\n\nNext [1].", (1,)),
        ("Cut off in [1", "Cut off in [1", ()),
        ("", "", ()),
    ],
)
def test_markers(text, shown, cited):
    assert checked(text) == (shown, cited)
    assert checked(*text) == (shown, cited)


def test_citations_point_at_the_passages():
    checker = CitationChecker(PASSAGES)
    checker.feed("First [2]. Then [1].")
    assert checker.citations == (Citation(2, PASSAGES[1]), Citation(1, PASSAGES[0]))


def test_text_is_not_held_back_longer_than_needed():
    checker = CitationChecker(PASSAGES)
    assert checker.feed("Milvus stores") == "Milvus stores"
    assert checker.feed(" data [") == " data"
    assert checker.feed("1]") == ""
    assert checker.feed(".") == " [1]."
    assert checker.close() == ""


@given(pieces | st.text(), st.data())
@example("```\n", None)
@example("word \n", None)
@example("[" + "1, " * 30 + "1]", None)
@example("[" + "1" * 5_000 + "]", None)
def test_a_text_cut_anywhere_reads_as_in_one_piece(text, data):
    if data is None:
        parts = list(text)
    else:
        cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=8).map(sorted))
        edges = [0, *cuts, len(text)]
        parts = [text[a:b] for a, b in itertools.pairwise(edges)]
    assert checked(*parts) == checked(text)


@given(st.lists(st.sampled_from(["[1]", "[2]", "[4]", "[0, 9]", "[3, 5]", "word", ". ", " "])))
def test_every_marker_that_is_shown_is_a_citation_and_the_other_way_round(tokens):
    shown, cited = checked("".join(tokens))
    assert tuple(dict.fromkeys(int(number) for number in MARKER.findall(shown))) == cited
    assert set(cited) <= {1, 2, 3}


@given(
    st.text(st.sampled_from("[]0123456789, ab\n")),
    st.sampled_from(["```", "````"]),
    st.sampled_from(["", "Before [1].\n", "Before [9].\n\n"]),
)
def test_code_is_untouched(code, fence, before):
    block = f"{fence}\n{code}\n{fence}"
    assert checked(before + block + "\nAfter [9].")[0].endswith(f"{block}\nAfter.")


@given(st.text(st.characters(exclude_characters="[", exclude_categories=["Cs"])))
def test_a_text_without_markers_is_unchanged(text):
    assert checked(text) == (text, ())
    assert checked(*text) == (text, ())
