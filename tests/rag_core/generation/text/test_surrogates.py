"""Half characters never reach a reader."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.generation.text.surrogates import SurrogateRepairer


def repair(pieces) -> str:
    repairer = SurrogateRepairer()
    return "".join(map(repairer.feed, pieces)) + repairer.flush()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a \ud800 b", "a � b"),
        ("x\udc00", "x�"),
        ("cut off \ud83d", "cut off �"),
        ("\ud83d\ude00", "😀"),
        ("\ud83d\ud83d\ude00", "�😀"),
    ],
)
def test_a_lone_surrogate_is_a_replacement_character(text, shown):
    assert repair([text]) == shown
    assert repair(text) == shown


@given(st.text())
def test_whole_characters_stay(text):
    assert repair(text) == text


@given(st.text(st.characters(categories=["Cs", "Ll"])))
def test_any_text_can_be_written(text):
    assert isinstance(repair(text).encode(), bytes)
    assert repair(text) == repair([text])
