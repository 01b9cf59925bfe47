# ruff: noqa: RUF001  (brackets of other languages)

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rag_core.generation.text import prose
from rag_core.generation.text.citations import CitationChecker
from rag_core.generation.text.links.addresses import KnownAddresses
from rag_core.generation.text.links.link_guard import check_links
from rag_core.types import Citation
from tests.rag_core.fakes import make_passage

LINKS = "See [a](https://known.example/a#part), [b](sub/b.md) or https://known.example/c."
PASSAGES = [make_passage(f"Passage {number}. {LINKS}", position=number) for number in (1, 2, 3)]
MARKER = re.compile(r"\[(\d+)\]")
CORPUS = Path(__file__).with_name("bracketed_answers.jsonl")
FIVE = [make_passage(f"Passage {number}.", position=number) for number in range(1, 6)]

# What answers are made of, valid, invalid and broken markers above all.
TOKENS = "[1]|[2, 3]|[4]|[0]|[1, 9]|[ 1]|[|]|(|1|,| |\n|\n\n|`|``|```|word|[link](u)|[7](u)|. "
TOKENS += "|【1】|【|】|【9】|[^1]|(Passage 2)|(|)| and |, |\\|-|*|**|<sup>|¹|[a][1]|:|- - |x|和|。"
TOKENS += "|    |- |[x](https://known.example/a)|![y](https://bad.example)|<https://bad.example>"
TOKENS += "|https://bad.example|www.|http|:|//|evil"
pieces = st.lists(st.sampled_from(TOKENS.split("|")), max_size=30).map("".join)


def checked(*parts: str) -> tuple[str, tuple[int, ...]]:
    checker = CitationChecker(PASSAGES)
    text = "".join(checker.feed(part) for part in parts) + checker.flush()
    return text, tuple(citation.number for citation in checker.citations)


@pytest.mark.parametrize(
    ("text", "shown", "cited"),
    [
        ("All is well [1].", "All is well [1].", (1,)),
        ("All is well 【4】.", "All is well.", ()),
        ("Zero 【0】 and long 【78】.", "Zero and long.", ()),
        ("Both [2][1] and [2].", "Both [2][1] and [2].", (2, 1)),
        ("Both [1, 2].", "Both [1][2].", (1, 2)),
        ("One of them 【1, 7】.", "One of them [1].", (1,)),
        ("Long, and another 【99999999999】.", "Long, and another 【99999999999】.", ()),
        ("A [1](https://known.example/a) stays.", "A [1](https://known.example/a) stays.", ()),
        ("Words [one] and [ ] stay.", "Words [one] and [ ] stay.", ()),
        ("Use `rows【9】` [1].", "Use `rows【9】` [1].", (1,)),
        ("``a ` [9]`` [2]", "``a ` [9]`` [2]", (2,)),
        (
            "```py\nx[9] = `a`\n\ny[8]\n```\nDone 【9】.",
            "```py\nx[9] = `a`\n\ny[8]\n```\nDone.",
            (),
        ),
        ("A stray ` tick 【9】.\n\nNext 【9】 [1].", "A stray ` tick.\n\nNext [1].", (1,)),
        ("Cut off in [1", "Cut off in [1", ()),
        ("So:\n\n    x【9】 = y\n\nDone 【9】 [1].", "So:\n\n    x【9】 = y\n\nDone [1].", (1,)),
        (
            "- so\n\n    no code 【9】\n\n        code【9】",
            "- so\n\n    no code\n\n        code【9】",
            (),
        ),
        ("A line\n    that goes on 【9】.", "A line\n    that goes on.", ()),
        ("", "", ()),
    ],
)
def test_markers(text, shown, cited):
    assert checked(text) == (shown, cited)
    assert checked(*text) == (shown, cited)


@pytest.mark.parametrize("pieces", [False, True])
def test_citations_are_told_from_the_brackets_of_the_answer(pieces):
    """Answers with brackets of every kind, as they come and as they are shown."""
    answers = [json.loads(line) for line in CORPUS.read_text().splitlines()]
    wrong = []
    for answer in answers:
        checker = CitationChecker(FIVE)
        text = answer["text"]
        shown = "".join(map(checker.feed, text if pieces else [text])) + checker.flush()
        # A call such as `args[0](x)` is a link for Markdown, and `* [1]: one` defines one.
        shown = check_links(shown, KnownAddresses.of(FIVE)).replace("\\[", "[")
        cited = [citation.number for citation in checker.citations]
        if (shown, cited) != (answer["shown"].replace("\\[", "["), answer["cited"]):
            wrong.append((text, shown, cited))
    assert len(answers) >= 200
    assert wrong == []


def test_citations_point_at_the_passages():
    checker = CitationChecker(PASSAGES)
    checker.feed("First [2]. Then [1].", last=True)
    assert checker.citations == (Citation(2, PASSAGES[1]), Citation(1, PASSAGES[0]))


def test_text_is_not_held_back_longer_than_needed():
    checker = CitationChecker(PASSAGES)
    assert checker.feed("Milvus stores") == "Milvus stores"
    assert checker.feed(" data [") == " data"
    assert checker.feed("1]") == ""
    assert checker.feed(". ") == " [1]."
    assert checker.feed("x") == " x"
    assert checker.flush() == ""


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


@given(
    st.lists(
        st.sampled_from(["【1】", "【2】", "【4】", "【0, 9】", "【3, 5】", "word", ". ", " "])
    )
)
def test_every_marker_that_is_shown_is_a_citation_and_the_other_way_round(tokens):
    shown, cited = checked("".join(tokens))
    assert tuple(dict.fromkeys(int(number) for number in MARKER.findall(shown))) == cited
    assert set(cited) <= {1, 2, 3}


@given(
    st.text(st.sampled_from("[]0123456789, ab\n")),
    st.sampled_from(["```", "````"]),
    st.sampled_from(["", "Before [1].\n", "Before 【9】.\n\n"]),
)
def test_code_is_untouched(code, fence, before):
    block = f"{fence}\n{code}\n{fence}"
    assert checked(before + block + "\nAfter 【9】.")[0].endswith(f"{block}\nAfter.")


@given(
    st.text(st.characters(exclude_characters="[【［〔(（<$^¹²³⁴⁵⁶⁷⁸⁹", exclude_categories=["Cs"]))
)
def test_a_text_without_markers_is_unchanged(text):
    assert checked(text) == (text, ())
    assert checked(*text) == (text, ())


def test_a_marker_stays_only_where_its_passage_supports_the_sentence():
    asked = []

    def supported(sentence, number):
        asked.append((sentence, number))
        return number == 1

    checker = CitationChecker(PASSAGES, supported)
    text = "First things [1]. Second things [2].\n\nThird `code` things. [1][2]"
    shown = "".join(map(checker.feed, text)) + checker.flush()
    assert shown == "First things [1]. Second things.\n\nThird `code` things. [1]"
    assert [citation.number for citation in checker.citations] == [1]
    assert asked == [
        ("First things", 1),
        ("Second things", 2),
        ("Third `code` things.", 1),
        ("Third `code` things.", 2),
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Run this:\n```\nstop. now\n```\n[1]", ""),  # a paragraph of its own
        ("Run this:\n\n~~~sh\nstop. now\n~~~\nIt stops [1]", "It stops"),
        ("Run this:\n\n    stop `it`. now\n\nIt stops [1]", "It stops"),
        ("- Run `stop\nnow` like this:\n  ```\n  a `b` c\n  ```\n  all of it [1]", "all of it"),
        ("Then `stop\nnow` and ``a ` b`` [1]", "Then `stop\nnow` and ``a ` b``"),
    ],
)
def test_blocks_of_code_are_no_part_of_the_sentence_and_spans_are(text, sentence):
    for pieces in ([text], text):
        judged = []
        checker = CitationChecker(PASSAGES, lambda *asked, judged=judged: judged.append(asked))
        for piece in pieces:
            checker.feed(piece)
        checker.flush()
        assert judged == [(sentence, 1)]


def test_the_last_passage_can_be_cited_and_none_behind_it():
    assert checked("All of it 【3】. More 【4】.") == ("All of it [3]. More.", (3,))


UNITS = [
    "Segments are in S3 [1]. ",
    "segments [1], ",
    "so [1] it ",
    "x[9] ",
    "[",
    "[abc ",
    "(",
    "`",
    "*[",
]
UNITS += [
    "a ` b ",
    "[a](b",
    "[1](",
    "[1, ",
    "【1",
    "<sup>",
    "[Passage 1",
    "$^{",
    "http",
    " ",
    "[1]",
    "[a][",
]


class CountingPattern:
    """A pattern that counts the characters in which it searches."""

    def __init__(self, pattern):
        self.pattern = pattern
        self.searched = 0

    def finditer(self, text, start=0):
        self.searched += len(text) - start
        return self.pattern.finditer(text, start)


def count_searched(text: str, monkeypatch) -> int:
    """Characters in which ends of sentences are looked for."""
    patterns = [CountingPattern(prose.SENTENCE_END), CountingPattern(prose._PARAGRAPH)]
    with monkeypatch.context() as patch:
        patch.setattr(prose, "SENTENCE_END", patterns[0])
        patch.setattr(prose, "_PARAGRAPH", patterns[1])
        checked(*(text[at : at + 8] for at in range(0, len(text), 8)))
    return sum(pattern.searched for pattern in patterns)


@pytest.mark.parametrize("unit", ["Segments are in S3 [1]. ", "segments [1], "])
def test_the_search_for_sentences_grows_with_the_text_and_not_with_its_square(unit, monkeypatch):
    few, many = (count_searched(unit * count, monkeypatch) for count in (500, 2_000))
    assert 0 < many < 4.1 * few
    assert many < 4 * len(unit) * 2_000


@pytest.mark.parametrize("unit", UNITS)
def test_the_text_that_is_held_back_is_bounded(unit):
    """Each piece is read together with the text that is held back."""
    checker = CitationChecker(PASSAGES)
    text, shown = unit * 1_000, 0
    for at in range(0, len(text), 4):
        shown += len(checker.feed(text[at : at + 4]))
        assert at - shown <= 4_000
