from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.generation.text.length_limit import cut_cleanly

SENTENCES = "The log goes to a broker [1]. It is kept there for a while [2]. " * 30
FENCED = "First this:\n\n```python\n" + "client.drop_partition()\n" * 100 + "```\n"


def is_balanced(text: str) -> bool:
    return len(re.findall(r"^```", text, re.MULTILINE)) % 2 == 0


def test_a_short_text_stays():
    assert cut_cleanly(SENTENCES, 10_000) == SENTENCES


def test_it_ends_with_a_block():
    text = "A paragraph of some length [1].\n\n" * 40
    cut = cut_cleanly(text, 500)
    assert cut.endswith("[1].")
    assert text.startswith(cut)
    assert 300 <= len(cut) <= 500


def test_it_ends_with_a_sentence_and_its_citation():
    cut = cut_cleanly(SENTENCES, 500)
    assert re.search(r"\[\d\]\.$", cut)
    assert len(cut) <= 500


def test_a_citation_behind_the_full_stop_is_kept():
    text = "The log goes to a broker.[1][2] " * 40
    for most in range(500, 540):
        assert cut_cleanly(text, most).endswith("broker.[1][2]")


def test_code_keeps_its_closing_fence():
    cut = cut_cleanly(FENCED, 500)
    assert cut.endswith("client.drop_partition()\n```")
    assert is_balanced(cut)


def test_no_sentence_is_looked_for_in_code():
    text = "```\n" + "wait. " * 500
    assert cut_cleanly(text, 600).endswith("\n```")


@pytest.mark.parametrize(
    "part", ["[a label of some words](https://docs.example/page)", "`some code in words`"]
)
def test_no_link_and_no_code_is_cut_in_two(part):
    text = f"{'word ' * 100}{part}{' word' * 100}"
    for most in range(text.index(part) + 1, text.index(part) + len(part)):
        assert cut_cleanly(text, most).rstrip().endswith("word")


@given(
    st.lists(
        st.sampled_from(
            ["word ", "a. ", "\n", "\n\n", "```\n", "```py\n", "[1]", "[l](u) ", "`c` "]
        )
        | st.text(max_size=9),
        min_size=1,
    ),
    st.integers(1, 60),
)
def test_any_text_is_cut_to_its_beginning(parts, most):
    text = "".join(parts)
    cut = cut_cleanly(text, most)
    body = re.sub(r"\n(`{3,}|~{3,})\Z", "", cut) if not text.startswith(cut) else cut
    assert text.startswith(body)
    assert len(body) <= max(most, 0) or body == text
