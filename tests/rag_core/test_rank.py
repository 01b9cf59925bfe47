from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.errors import ModelError, StoreError
from rag_core.rank import Ranked, Ranker, rank
from rag_core.types import Candidate
from tests.rag_core.fakes import ScriptedReranker, make_chunk

CANDIDATES = [
    Candidate(make_chunk(f"Sentence {n}.", position=n), 1 - n / 10, n + 1, None) for n in range(6)
]


def by_text(scores: dict[str, float]):
    return lambda _query, passage: next((s for text, s in scores.items() if text in passage), 0.1)


def texts(ranked: Ranked) -> list[str]:
    return [passage.chunk.text for passage in ranked.passages]


def test_a_cross_encoder_decides_the_order_and_the_tail_keeps_its_own():
    reranker = ScriptedReranker(by_text({"Sentence 2": 0.9, "Sentence 0": 0.4, "Sentence 1": 0.2}))
    ranked = rank(reranker, "Why?", CANDIDATES, Ranker(depth=3, weight=1.0))
    assert ranked.reranked
    assert texts(ranked) == [f"Sentence {n}." for n in (2, 0, 1, 3, 4, 5)]
    assert [p.rerank_score for p in ranked.passages] == pytest.approx([0.9, 0.4, 0.2] + [None] * 3)
    assert [p.retrieval_score for p in ranked.passages] == [0.8, 1.0, 0.9, 0.7, 0.6, 0.5]


def test_the_reranker_reads_the_question_and_the_text_below_its_headings():
    reranker = ScriptedReranker()
    rank(reranker, "Why?", CANDIDATES, Ranker(depth=2, weight=1.0))
    assert reranker.seen == [("Why?", ("Storage\n\nSentence 0.", "Storage\n\nSentence 1."))]


def test_a_weak_judge_has_a_small_share():
    reranker = ScriptedReranker(by_text({"Sentence 1": 0.9, "Sentence 5": 1.0}))
    ranked = rank(reranker, "Why?", CANDIDATES, Ranker(depth=6, weight=0.25))
    # 0: .25*.1 + .75*1.0 = .775; 1: .25*.9 + .75*.9 = .9; 5: .25*1 + .75*.5 = .625; 2: .625
    assert texts(ranked)[:2] == ["Sentence 1.", "Sentence 0."]
    assert texts(ranked)[-1] == "Sentence 4."


def test_equal_scores_keep_the_fused_order():
    ranked = rank(ScriptedReranker(), "Why?", CANDIDATES, Ranker(depth=6, weight=1.0))
    assert texts(ranked) == [f"Sentence {n}." for n in range(6)]


def test_a_reranker_that_finds_nothing_keeps_the_fused_order():
    reranker = ScriptedReranker(lambda *_: 0.0)
    ranked = rank(reranker, "Why?", CANDIDATES, Ranker(depth=6, weight=1.0))
    assert texts(ranked) == [f"Sentence {n}." for n in range(6)]
    assert {passage.rerank_score for passage in ranked.passages} == {0.0}


def test_a_reranker_that_fails_leaves_the_fused_order_and_says_so(caplog):
    reranker = ScriptedReranker(error=ModelError("out of memory"))
    with caplog.at_level(logging.ERROR):
        ranked = rank(reranker, "Why?", CANDIDATES, Ranker(depth=3, weight=1.0))
    assert not ranked.reranked
    assert texts(ranked) == [f"Sentence {n}." for n in range(6)]
    assert {passage.rerank_score for passage in ranked.passages} == {None}
    assert "out of memory" in caplog.text


def test_another_error_is_not_swallowed():
    reranker = ScriptedReranker(error=StoreError("not the reranker's"))
    with pytest.raises(StoreError):
        rank(reranker, "Why?", CANDIDATES, Ranker(depth=3, weight=1.0))


def test_no_candidates():
    reranker = ScriptedReranker()
    assert rank(reranker, "Why?", [], Ranker(depth=3, weight=1.0)) == Ranked((), reranked=True)
    assert reranker.seen == []


@given(st.lists(st.floats(0, 1), max_size=6), st.integers(1, 8), st.floats(0, 1, exclude_min=True))
def test_every_candidate_becomes_one_passage(scores, depth, weight):
    candidates = CANDIDATES[: len(scores)]
    reranker = ScriptedReranker(lambda _query, passage: scores[int(passage.split()[-1][:-1])])
    ranked = rank(reranker, "Why?", candidates, Ranker(depth, weight))
    assert sorted(texts(ranked)) == [candidate.chunk.text for candidate in candidates]
    scored = [passage.rerank_score is not None for passage in ranked.passages]
    assert scored == sorted(scored, reverse=True)
    assert sum(scored) == min(depth, len(scores))
