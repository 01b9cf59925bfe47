from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.index.word_runs import split_runs


def split(text: str) -> list[str]:
    return [run.text for run in split_runs(text)]


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("", []),
        ("Run `docker rm --force x`.", ["Run", "docker", "rm", "--force", "x"]),
        ("a -- b - c", ["a", "b", "c"]),
        ("well-known query_iterator v2.4.1", ["well-known", "query_iterator", "v2.4.1"]),
        ("C++, C#/.NET and F#.", ["C++", "C#", ".NET", "and", "F#"]),
        ("c++17 x++y C+++ page#1 A##", ["c++17", "x", "y", "C", "page", "1", "A"]),
        ("I/O on TCP/IP. a/b/c and/or read/write", ["I/O", "on", "TCP/IP", "a", "b", "c"]),
        ("foo().then ./x ../y obj.method", ["foo", "then", "x", "y", "obj.method"]),
        ("it's don't L'index O'Reilly", ["it", "don", "L", "index", "O", "Reilly"]),
        ("数据库のデータ한국어", ["数据库", "の", "データ", "한국어"]),
        ("हिन्दी, ตาราง।x", ["हिन्दी", "ตาราง", "x"]),
        ("३.५ ٣\u066b\u0665 v२.४ ๒๕", ["3.5", "3.5", "v2.4", "25"]),
        ("3किमी ३किमी", ["3", "किमी", "3", "किमी"]),
        ("1½ ½", ["1", "1", "2", "1", "2"]),
    ],
)
def test_runs(text, runs):
    assert split(text)[: len(runs)] == runs


def test_a_mark_belongs_to_its_letter():
    assert split("e\u0301te\u0301") == ["\u00e9t\u00e9"]
    assert split("x\u0304 y") == ["x", "y"]
    assert split("\u0915\u094d\u200d\u0937") == ["\u0915\u094d\u0937"]
    assert split("\u0e01\u0e38\u200b\u0e02") == ["\u0e01\u0e38", "\u0e02"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("AI models", {"AI"}),
        ("IT", {"IT"}),
        ("Is it IT?", {"IT"}),
        ("HOW DO I FIX IT", set()),  # somebody shouts
        ("WHAT IS IT FOR US", set()),
        ("WHO CAN USE IT WITH THE KEY", set()),
        ("WHAT IS THE IT OS", {"IT"}),
        ("WHERE IS OUR US REGION", {"US"}),
        ("WHAT IS THE SAME AS A FEW OF THEM", set()),
        ("the `in` and 'to' of \u201cor\u201d", {"in", "to", "or"}),
        ("A plan. A vitamin A", {"A"}),
        ("- A list\n* I do\nE mail", set()),
        ("What can I do", set()),
    ],
)
def test_names_are_written_in_capitals_or_in_quotation_marks(text, names):
    runs = list(split_runs(text))
    assert {run.text for run in runs if run.is_name} == names


def test_an_apostrophe_ties_a_word_to_the_next():
    assert [run.text for run in split_runs("l'index d\u2019une l x'") if run.is_clitic] == [
        "l",
        "d",
    ]


@given(st.text())
def test_runs_are_in_order_and_hold_letters(text):
    runs = split(text)
    assert all(any(character.isalnum() for character in run) or len(run) < 9 for run in runs)
    assert split(text) == runs


@given(st.text(alphabet="aB1 .-_+#/&'"))
def test_every_letter_of_plain_text_is_in_a_run(text):
    endings = "".join(run.text for run in split_runs(text))
    assert [c for c in endings if c.isalnum()] == [c for c in text if c.isalnum()]
