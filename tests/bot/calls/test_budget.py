"""A result stays within its budget, and says what was left out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.calls.budget import RESULT_TOKENS, fit_budget
from bot.calls.schema import AnswerResult, SearchResult
from rag_core.models.token_estimate import estimate_tokens
from rag_core.types import Passage
from tests.bot.fakes import answer
from tests.rag_core.fakes import make_passage


def search(*texts: str) -> SearchResult:
    return SearchResult.of("Where?", [make_passage(text) for text in texts], revision="r1")


def test_a_short_result_stays_as_it_is():
    result = search("One.", "Two.")
    assert fit_budget(result) is result


def test_the_best_passages_stay_and_the_others_are_counted():
    result = fit_budget(search(*["word " * 1_500] * 8))
    assert 2 <= len(result.passages) < 8
    assert result.cut.startswith(f"{8 - len(result.passages)} of 8 passages are left out.")
    assert "read_page" in result.cut
    assert estimate_tokens(result.model_dump_json()) <= RESULT_TOKENS


def test_a_single_long_passage_is_cut():
    result = fit_budget(search("word " * 20_000))
    assert len(result.passages) == 1
    assert result.passages[0].text.startswith("word word")
    assert "The last passage is cut." in result.cut


def test_a_long_answer_is_cut_and_says_so():
    long = AnswerResult.of("Where?", answer("word " * 20_000))
    result = fit_budget(long)
    assert long.answer.startswith(result.answer)
    assert 1_000 < estimate_tokens(result.answer) <= RESULT_TOKENS // 2
    assert result.cut.startswith("The answer is cut")


@given(
    st.lists(st.text(max_size=3_000), max_size=8), st.sampled_from([1_000, 2_000, RESULT_TOKENS])
)
@pytest.mark.filterwarnings("ignore")
def test_no_result_is_larger_than_its_budget(texts: list[str], tokens: int):
    passages: list[Passage] = [
        make_passage(text.encode(errors="replace").decode(), path=f"{number}.md")
        for number, text in enumerate(texts)
    ]
    result = SearchResult.of("Where?", passages)
    fitted = fit_budget(result, tokens)
    assert estimate_tokens(fitted.model_dump_json()) <= tokens
    assert bool(fitted.cut) == (fitted.passages != result.passages)
