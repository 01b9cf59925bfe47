"""An answer's text is what the LLM wrote as one, whatever stands around it."""

from __future__ import annotations

import itertools
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.generation.prompt import NOT_FOUND
from rag_core.generation.text.answer_text import AnswerText
from tests.rag_core.fakes import make_passage

PASSAGES = [
    make_passage("See https://docs.example/x.", headings=("Data",)),
    make_passage("Logs.", title="Logs", position=1),
]
TOKENS = [
    "<think>",
    "</think>",
    "```markdown\n",
    "```",
    "\n",
    "Sources:\n",
    "- [1] Logs",
    "【2】",
    " [1]",
]
TOKENS += [
    "It is kept",
    ".",
    " ",
    "[the page][2]",
    "[2]: https://docs.example/x\n",
    NOT_FOUND,
    "\ud83d",
]


def write(pieces) -> AnswerText:
    answer = AnswerText(PASSAGES)
    for piece in pieces:
        answer.feed(piece)
    answer.flush()
    return answer


def summarise(answer: AnswerText) -> tuple[str, list[int], bool]:
    return answer.text, [citation.number for citation in answer.citations], answer.is_refused


@pytest.mark.parametrize(
    ("text", "shown", "cited"),
    [
        ("<think>Is it [2]?</think>\n\nIt is kept 【1】.", "It is kept [1].", [1]),
        ("```markdown\nIt is kept [1].\n```", "It is kept [1].\n", [1]),
        ("<think>\nHm.\n</think>\n```md\nIt is kept [1].\n```", "It is kept [1].\n", [1]),
        ("It is kept 【1】.\n\nSources:\n【1】 Data\n【2】 Logs\n", "It is kept [1].\n\n", [1]),
        ("It is kept.\n\nSources:\n【2】 Logs\n", "It is kept.\n\n", [2]),
        ("Half \ud83d and \ud83d\ude00 is kept [1].", "Half � and 😀 is kept [1].", [1]),
        (
            "See [it][2] [1].\n\n[2]: https://docs.example/x",
            "See [it](https://docs.example/x) [1].\n\n",
            [1],
        ),
        ("See [it][x] [1].\n\n[x]: https://bad.example/x", "See it [1].\n\n", [1]),
        ("[x]: https://docs.example/x\nSee [it][x] or [x][].", None, []),
        ("See [it][x] [1].", "See [it][x] [1].", [1]),
        ("<think>It never ends [1].", "", []),
    ],
)
def test_the_text_of_an_answer(text, shown, cited):
    if shown is None:
        shown = "See [it](https://docs.example/x) or [x](https://docs.example/x)."
    assert summarise(write([text])) == (shown, cited, False)
    assert summarise(write(text)) == (shown, cited, False)


@pytest.mark.parametrize(
    "text",
    [
        f"<think>The passages say nothing of it.</think>\n\n{NOT_FOUND}",
        f"Okay, the user asks. Not there.</think>{NOT_FOUND}",
        f"```markdown\n{NOT_FOUND}\n```",
    ],
)
def test_a_refusal_is_found_behind_reasoning_and_fences(text):
    assert summarise(write([text])) == ("", [], True)
    assert summarise(write(text)) == ("", [], True)


def test_a_word_of_refusal_in_the_reasoning_refuses_nothing():
    text = f"<think>Should I write {NOT_FOUND}? No.</think>It is kept [1]."
    assert summarise(write(text)) == ("It is kept [1].", [1], False)


def test_text_that_was_reasoning_is_forgotten_with_its_citations():
    answer = AnswerText(PASSAGES)
    assert answer.feed("Storage is asked for, and there it is [2]. \n") != ""
    answer.feed("</think>\n\nIt is kept [1].")
    answer.flush()
    assert summarise(answer) == ("It is kept [1].", [1], False)


def test_an_answer_that_is_cut_off_keeps_its_beginning_but_no_reasoning():
    answer = AnswerText(PASSAGES)
    assert answer.feed("The data") == ""
    assert answer.end_early() + answer.flush() == "The data"
    thinking = AnswerText(PASSAGES)
    thinking.feed("Okay, the user wants to know where the data is. " * 4)
    assert thinking.end_early() == ""
    assert thinking.is_empty


@given(st.lists(st.sampled_from(TOKENS), max_size=15).map("".join), st.data())
def test_a_text_in_pieces_reads_as_in_one(text, data):
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=8))
    pieces = [text[a:b] for a, b in itertools.pairwise(sorted({0, len(text), *cuts}))]
    assert summarise(write(pieces)) == summarise(write([text])) == summarise(write(text))


def count_calls(text: str) -> int:
    calls = 0

    def count(*_event) -> None:
        nonlocal calls
        calls += 1

    sys.setprofile(count)
    try:
        write(text[at : at + 6] for at in range(0, len(text), 6))
    finally:
        sys.setprofile(None)
    return calls


@pytest.mark.parametrize(
    "unit",
    [
        "It is kept in S3 [1]. ",
        "It is kept【1】, and ",
        "x[9] [a][b] [c](d) `e` ",
        "Sources:\n- [1] Logs\n- no item\n",
        "<think>a</think>\n",
        "Okay, the user asks. ",
        "[a]: https://docs.example/x\n",
        "```\nx\n```\n",
        "Half \ud83d ",
        "\n",
    ],
)
def test_work_grows_with_the_text_and_not_with_its_square(unit):
    few, many = (count_calls(unit * count) for count in (250, 1_000))
    assert many < 4.2 * few
