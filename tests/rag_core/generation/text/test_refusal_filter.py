"""The refusal is never shown, however it comes."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.generation.prompt import NOT_FOUND
from rag_core.generation.text.refusal_filter import RefusalFilter


def filtered(pieces):
    refusal = RefusalFilter()
    return "".join(map(refusal.feed, pieces)) + refusal.flush(), refusal.refused


@pytest.mark.parametrize(
    "text",
    [
        NOT_FOUND,
        f"{NOT_FOUND}.",
        f"`{NOT_FOUND}`",
        f"{NOT_FOUND}\n\nThe documentation does not say.",
        f"{NOT_FOUND} [1]",
        NOT_FOUND.replace("_", "\\_"),
        "**NOT\\_IN_THE\\_DOCUMENTATION**.",
    ],
)
def test_an_answer_that_begins_with_it_is_silent(text):
    assert filtered([text]) == ("", True)
    assert filtered(text) == ("", True)


def test_in_the_middle_it_is_dropped():
    assert filtered(f"Sorry. {NOT_FOUND} Ask them.") == ("Sorry.  Ask them.", True)


@pytest.mark.parametrize("word", [NOT_FOUND, NOT_FOUND.replace("_", "\\_")])
def test_within_a_sentence_it_is_common_words(word):
    text = f"Logs go to S3 [1]. Retention is {word}."
    for pieces in ([text], text):
        shown, refused = filtered(pieces)
        assert shown == "Logs go to S3 [1]. Retention is not in the documentation."
        assert refused


@given(st.text(), st.booleans(), st.text(), st.lists(st.integers(0, 60)))
def test_pieces_change_nothing_and_the_word_is_never_shown(before, said, after, cuts):
    text = before + NOT_FOUND * said + after
    bounds = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    pieces = [text[a:b] for a, b in itertools.pairwise(bounds)]
    shown, refused = filtered(pieces)
    assert (shown, refused) == filtered([text])
    assert NOT_FOUND not in shown
    assert refused == said
    if not said:
        assert shown == text
