"""The end of the prose: its last sentence, and its line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.generation.text.prose import ProseTail

words = st.lists(st.sampled_from(["word", ". ", "Next", "\n", "\n\n", "- ", "。", " "]))


def read(*texts: str) -> ProseTail:
    tail = ProseTail()
    for text in texts:
        tail.add(text)
    return tail


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("One thing. Another thing", "Another thing"),
        ("One thing. Another thing. ", "Another thing."),
        ("Before.\n\n- An item", "- An item"),
        ("1. An item", "1. An item"),
        ("一件事。另一件事。", "另一件事。"),
        ("Before.\n\n", ""),
        ("", ""),
    ],
)
def test_the_sentence_before_a_marker(text, sentence):
    assert read(text).find_sentence() == sentence


def test_a_full_stop_in_code_ends_no_sentence():
    tail = read("First. Then call ")
    tail.add("`client. Load()`", is_code=True)
    tail.add(" and wait")
    assert tail.find_sentence() == "Then call `client. Load()` and wait"


def test_a_sentence_may_begin_with_code():
    tail = read("First. ")
    tail.add("`load()`", is_code=True)
    tail.add(" is called")
    assert tail.find_sentence() == "`load()` is called"


@given(words)
def test_an_earlier_question_changes_no_sentence(parts):
    asked = ProseTail()
    for part in parts:
        asked.add(part)
        asked.find_sentence()
    assert asked.find_sentence() == read("".join(parts)).find_sentence()


def test_the_head_of_a_table_is_known_in_its_rows():
    tail = read("| part | source |\n|---|:-:|\n| logs | broker |\n| data")
    assert tail.head == "| part | source |"
    assert tail.line == "| data"
    tail.add(" |\n\nProse")
    assert (tail.head, tail.line_before) == ("", "| data |")
