from __future__ import annotations

import logging
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.errors import ModelError, RerankerError, StoreError
from rag_core.retrieval.rerank import RankedPassages, RerankConfig, rerank_candidates
from rag_core.types import Candidate
from tests.rag_core.fakes import ScriptedReranker, make_chunk

CANDIDATES = [
    Candidate(make_chunk(f"Sentence {n}.", position=n), 1 - n / 10, n + 1, None) for n in range(6)
]


def by_text(scores: dict[str, float]):
    return lambda _query, passage: next((s for text, s in scores.items() if text in passage), 0.1)


def texts(ranked: RankedPassages) -> list[str]:
    return [passage.chunk.text for passage in ranked.passages]


def test_a_cross_encoder_decides_the_order_and_the_tail_keeps_its_own():
    reranker = ScriptedReranker(by_text({"Sentence 2": 0.9, "Sentence 0": 0.4, "Sentence 1": 0.2}))
    ranked = rerank_candidates(reranker, "Why?", CANDIDATES, RerankConfig(depth=3, weight=1.0))
    assert ranked.reranked
    assert texts(ranked) == [f"Sentence {n}." for n in (2, 0, 1, 3, 4, 5)]
    assert [p.rerank_score for p in ranked.passages] == pytest.approx([0.9, 0.4, 0.2] + [None] * 3)
    assert [p.retrieval_score for p in ranked.passages] == [0.8, 1.0, 0.9, 0.7, 0.6, 0.5]


def test_the_reranker_reads_the_question_and_the_text_below_its_headings():
    reranker = ScriptedReranker()
    rerank_candidates(reranker, "Why?", CANDIDATES, RerankConfig(depth=2, weight=1.0))
    assert reranker.seen == [("Why?", ("Storage\n\nSentence 0.", "Storage\n\nSentence 1."))]


def test_a_weak_judge_has_a_small_share():
    reranker = ScriptedReranker(by_text({"Sentence 1": 0.9, "Sentence 5": 1.0}))
    ranked = rerank_candidates(reranker, "Why?", CANDIDATES, RerankConfig(depth=6, weight=0.25))
    # 0: .25*.1 + .75*1.0 = .775; 1: .25*.9 + .75*.9 = .9; 5: .25*1 + .75*.5 = .625; 2: .625
    assert texts(ranked)[:2] == ["Sentence 1.", "Sentence 0."]
    assert texts(ranked)[-1] == "Sentence 4."


def test_equal_scores_keep_the_fused_order():
    ranked = rerank_candidates(
        ScriptedReranker(), "Why?", CANDIDATES, RerankConfig(depth=6, weight=1.0)
    )
    assert texts(ranked) == [f"Sentence {n}." for n in range(6)]


def test_a_reranker_that_finds_nothing_keeps_the_fused_order():
    reranker = ScriptedReranker(lambda *_: 0.0)
    ranked = rerank_candidates(reranker, "Why?", CANDIDATES, RerankConfig(depth=6, weight=1.0))
    assert texts(ranked) == [f"Sentence {n}." for n in range(6)]
    assert {passage.rerank_score for passage in ranked.passages} == {0.0}


def test_a_reranker_that_fails_leaves_the_fused_order_and_says_so(caplog):
    reranker = ScriptedReranker(error=ModelError("out of memory"))
    with caplog.at_level(logging.ERROR):
        ranked = rerank_candidates(reranker, "Why?", CANDIDATES, RerankConfig(depth=3, weight=1.0))
    assert not ranked.reranked
    assert texts(ranked) == [f"Sentence {n}." for n in range(6)]
    assert {passage.rerank_score for passage in ranked.passages} == {None}
    assert "out of memory" in caplog.text


def test_a_reranker_that_cannot_be_trusted_is_a_line_of_the_log(caplog):
    reranker = ScriptedReranker(error=RerankerError("it scores at random"))
    ranked = rerank_candidates(reranker, "Why?", CANDIDATES, RerankConfig(depth=3, weight=1.0))
    assert not ranked.reranked
    assert texts(ranked) == [f"Sentence {n}." for n in range(6)]
    [record] = caplog.records
    assert (record.message, record.exc_info) == ("it scores at random", None)


def test_another_error_is_not_swallowed():
    reranker = ScriptedReranker(error=StoreError("not the reranker's"))
    with pytest.raises(StoreError):
        rerank_candidates(reranker, "Why?", CANDIDATES, RerankConfig(depth=3, weight=1.0))


def test_no_candidates():
    reranker = ScriptedReranker()
    assert rerank_candidates(
        reranker, "Why?", [], RerankConfig(depth=3, weight=1.0)
    ) == RankedPassages((), reranked=True)
    assert reranker.seen == []


@given(st.lists(st.floats(0, 1), max_size=6), st.integers(1, 8), st.floats(0, 1, exclude_min=True))
def test_every_candidate_becomes_one_passage(scores, depth, weight):
    candidates = CANDIDATES[: len(scores)]
    reranker = ScriptedReranker(lambda _query, passage: scores[int(passage.split()[-1][:-1])])
    ranked = rerank_candidates(reranker, "Why?", candidates, RerankConfig(depth, weight))
    assert sorted(texts(ranked)) == [candidate.chunk.text for candidate in candidates]
    scored = [passage.rerank_score is not None for passage in ranked.passages]
    assert scored == sorted(scored, reverse=True)
    assert sum(scored) == min(depth, len(scores))


# The time budget


class SlowReranker(ScriptedReranker):
    """Takes a second for each passage, on a clock of its own."""

    def __init__(self, *, waited: float = 0.0) -> None:
        super().__init__(lambda _query, passage: int(passage[-2]) / 10)
        self._waited = waited
        self.now = 100.0

    def rerank(self, query, passages):
        self.now += len(passages) + self._waited
        self._waited = 0.0
        return super().rerank(query, passages)

    @property
    def parts(self) -> list[int]:
        return [len(passages) for _, passages in self.seen]


def rank_within(seconds: float, reranker: SlowReranker, *, depth: int = 6) -> RankedPassages:
    ranker = RerankConfig(depth, weight=1.0, budget_ms=int(seconds * 1000))
    return rerank_candidates(reranker, "Why?", CANDIDATES, ranker, clock=lambda: reranker.now)


@pytest.mark.parametrize(
    ("seconds", "parts"), [(0.5, [1]), (1.5, [1]), (3.5, [1, 2]), (6.5, [1, 5]), (60, [1, 5])]
)
def test_passages_are_scored_until_the_budget_is_spent(seconds, parts):
    reranker = SlowReranker()
    ranked = rank_within(seconds, reranker)
    assert reranker.parts == parts
    scored = sum(parts)
    best_first = [f"Sentence {n}." for n in reversed(range(scored))]
    assert texts(ranked) == [*best_first, *(f"Sentence {n}." for n in range(scored, 6))]
    assert [p.rerank_score is None for p in ranked.passages] == [n >= scored for n in range(6)]
    assert ranked.reranked
    assert ranked.cut == (scored < 6)


def test_those_past_the_depth_were_not_cut():
    ranked = rank_within(60, SlowReranker(), depth=3)
    assert not ranked.cut
    assert texts(ranked)[:3] == ["Sentence 2.", "Sentence 1.", "Sentence 0."]


def test_waiting_for_the_models_counts():
    reranker = SlowReranker(waited=20)
    assert rank_within(10, reranker).cut
    assert reranker.parts == [1]


def test_a_part_that_took_too_long_is_the_last():
    class Tiring(SlowReranker):
        def rerank(self, query, passages):
            self.now += 3 * len(self.seen)
            return super().rerank(query, passages)

    reranker = Tiring()
    assert rank_within(4.5, reranker).cut
    assert reranker.parts == [1, 3]


def test_without_a_budget_all_are_scored_at_once():
    reranker = SlowReranker()
    assert not rank_within(0, reranker).cut
    assert reranker.parts == [6]


def test_a_reranker_that_fails_in_its_second_part_leaves_the_fused_order():
    class Breaking(SlowReranker):
        def rerank(self, query, passages):
            if self.seen:
                raise ModelError("out of memory")
            return super().rerank(query, passages)

    ranked = rank_within(60, Breaking())
    assert (ranked.reranked, ranked.cut) == (False, False)
    assert texts(ranked) == [f"Sentence {n}." for n in range(6)]


def test_among_near_equal_candidates_a_clear_judgement_decides():
    near = [replace(found, retrieval_score=0.7 - 0.01 * n) for n, found in enumerate(CANDIDATES)]
    reranker = ScriptedReranker(by_text({"Sentence 3": 0.8}))
    ranked = rerank_candidates(reranker, "Why?", near, RerankConfig(depth=6, weight=0.15))
    assert texts(ranked)[:2] == ["Sentence 3.", "Sentence 0."]
