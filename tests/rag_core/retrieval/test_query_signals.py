from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.query.follow_up import find_signs
from rag_core.query.plan import Division, PlannedPart, plan_by_words
from rag_core.query.segments import split_message
from rag_core.retrieval.hybrid_search import FusedCandidates
from rag_core.retrieval.query_signals import (
    DIVIDED,
    LEANING,
    MARKED,
    NEUTRAL_DIVISION_GAIN,
    NEUTRAL_FORM_GAIN,
    NEUTRAL_WORDS,
    SignalModel,
    collect_division_signals,
    collect_form_signals,
)
from rag_core.types import Candidate, Hit, Question
from tests.rag_core.fakes import make_chunk


def find(*paths: str, cosine: float = 0.5, words: float = 10.0) -> FusedCandidates:
    """A search that found the pages, best first; cosines end at zero."""
    chunks = [make_chunk(path=path) for path in paths or ("a.md", "b.md")]
    last = max(1, len(chunks) - 1)
    return FusedCandidates(
        tuple(Candidate(chunk, 1 - n / 100, n + 1, n + 1) for n, chunk in enumerate(chunks)),
        has_lexical=True,
        dense_hits=tuple(Hit(chunk, cosine * (1 - n / last)) for n, chunk in enumerate(chunks)),
        lexical_hits=tuple(Hit(chunk, words / (n + 1)) for n, chunk in enumerate(chunks))
        if words
        else (),
    )


LEANS, ALONE = find_signs("How do I drop it?"), find_signs("How do I configure access logs?")


def divide(message: str) -> Division:
    division = plan_by_words(Question(message), split_message(message)).division
    assert division is not None
    return division


def test_the_gain_is_measured_in_spreads_so_that_models_compare():
    for scale in (1.0, 0.1):
        asked, other = find(cosine=0.5 * scale), find(cosine=0.75 * scale)
        gain, words, *_ = collect_form_signals(ALONE, asked, other, readable=True)
        assert gain == pytest.approx(0.5)
        assert words == 1.0


def test_the_share_of_words_does_not_depend_on_the_sign_or_scale_of_bm25():
    for scale in (1, -1, 100):
        asked, other = find(words=5.0 * scale), find(words=20.0 * scale)
        assert collect_form_signals(ALONE, asked, other, readable=True)[1] == 0.25


def test_what_the_model_can_not_read_says_nothing():
    asked, other = find(cosine=0.1), find(cosine=0.9)
    assert collect_form_signals(ALONE, asked, other, readable=False)[0] == NEUTRAL_FORM_GAIN
    empty = FusedCandidates((), has_lexical=False)
    assert collect_form_signals(ALONE, empty, empty, readable=True)[:2] == (NEUTRAL_FORM_GAIN, 1.0)


def test_scores_overrule_the_signs():
    def leans(signs, asked, other):
        signals = collect_form_signals(signs, asked, other, readable=True)
        return LEANING.compute_probability(signals)

    near, far = find(cosine=0.8, words=20.0), find(cosine=0.2, words=4.0)
    assert leans(LEANS, far, near) > 0.9
    assert leans(ALONE, near, near) < 0.1
    # A pronoun alone does not replace a question that finds its page.
    assert leans(replace(LEANS, words=5), near, find(cosine=0.6, words=20.0)) < 0.5
    # A question without any sign leans, if it finds nothing and its topic everything.
    assert leans(ALONE, find(cosine=0.2, words=2.0), near) > leans(ALONE, near, near) + 0.3


def test_the_llms_rewriting_counts_for_more():
    signals = (0.3, 0.5, 0.0, 0.0, 1.0, 0.0)
    assert LEANING.compute_probability(signals, by_llm=True) > LEANING.compute_probability(signals)


TWO = divide("How do I drop a partition? What is HNSW?")


def test_parts_that_find_other_pages_better_are_two():
    whole = find("a.md", "b.md", cosine=0.5, words=12.0)
    apart = (find("a.md", "c.md", cosine=0.6), find("b.md", "d.md", cosine=0.6))
    signals = collect_division_signals(TWO, whole, apart, readable=True)
    assert signals[:2] == pytest.approx((0.2, 0.2))
    assert signals[2] == pytest.approx(20 / 12)
    assert signals[3] == 0.0
    assert DIVIDED.compute_probability(signals) > 0.8


def test_a_part_that_finds_nothing_is_a_part_all_the_same():
    whole = find("a.md", "b.md", cosine=0.5, words=12.0)
    apart = (find("a.md", "c.md", cosine=0.7), find("x.md", "d.md", cosine=0.15, words=3.0))
    signals = collect_division_signals(TWO, whole, apart, readable=True)
    assert signals[0] < 0 < signals[1]
    assert DIVIDED.compute_probability(signals) > MARKED


def test_sentences_that_find_less_than_the_whole_are_one():
    context = divide("Searches find nothing at once. How do I reduce the lag?")
    whole = find(*"abcde", cosine=0.8, words=20.0)
    apart = (find(*"abcde", cosine=0.4, words=11.0), find(*"abcde", cosine=0.4, words=11.0))
    signals = collect_division_signals(context, whole, apart, readable=True)
    assert signals[3] == 1.0
    assert DIVIDED.compute_probability(signals) < 0.1


def test_without_searches_the_signs_decide():
    empty = FusedCandidates((), has_lexical=False)
    signals = collect_division_signals(TWO, empty, (empty, empty), readable=True)
    assert signals[:4] == (NEUTRAL_DIVISION_GAIN, NEUTRAL_DIVISION_GAIN, NEUTRAL_WORDS, 0.0)


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=2), st.booleans())
def test_any_signals_give_a_probability(signals, by_llm):
    evidence = SignalModel((1e3, -1e3), 0.0, 2.0)
    assert 0.0 <= evidence.compute_probability(signals, by_llm=by_llm) <= 1.0


def test_each_model_has_a_weight_for_each_signal():
    part = PlannedPart("Why?", "Why? HNSW", ALONE)
    signals = collect_form_signals(part.signs, find(), find(), readable=True)
    assert len(signals) == len(LEANING.weights)
    signals = collect_division_signals(TWO, find(), (find(), find()), readable=True)
    assert len(signals) == len(DIVIDED.weights)
