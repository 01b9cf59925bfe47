from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.retrieval.fusion import (
    FusionConfig,
    choose_pages,
    collect_evidence,
    fuse,
    score_evidence,
)
from rag_core.types import Candidate, Hit
from tests.rag_core.fakes import make_chunk

CHUNKS = [make_chunk(f"Sentence {n}.", path=f"{n % 3}.md", position=n) for n in range(12)]
FUSION = FusionConfig(depth=12)

scores = st.floats(-1, 50, allow_subnormal=False)
found = st.lists(st.tuples(st.sampled_from(CHUNKS), scores), unique_by=lambda pair: pair[0].id).map(
    lambda pairs: [Hit(*pair) for pair in sorted(pairs, key=lambda pair: -pair[1])]
)
reaches = st.builds(FusionConfig, reach=st.integers(0, 12), depth=st.integers(1, 12))


def hits(*pairs: tuple[int, float]) -> list[Hit]:
    return [Hit(CHUNKS[number], score) for number, score in pairs]


def order(candidates: Sequence[Candidate]) -> list[int]:
    return [CHUNKS.index(candidate.chunk) for candidate in candidates]


def compare(*means: float) -> dict[tuple[str, str], float]:
    """Mean cosines of the first pages."""
    return {("docs", f"{number}.md"): mean for number, mean in enumerate(means)}


@given(found, found, reaches)
def test_every_hit_is_kept_once_with_its_ranks_and_a_score_in_0_to_1(dense, lexical, fusion):
    candidates = fuse(dense, lexical, fusion)
    ids = [candidate.chunk.id for candidate in candidates]
    assert len(ids) == len(set(ids))
    assert set(ids) == {hit.chunk.id for hit in (*dense, *lexical)}
    assert all(0 <= candidate.retrieval_score <= 1 for candidate in candidates)
    by_id = {candidate.chunk.id: candidate for candidate in candidates}
    assert [by_id[hit.chunk.id].dense_rank for hit in dense] == list(range(1, len(dense) + 1))
    assert [by_id[hit.chunk.id].lexical_rank for hit in lexical] == list(range(1, len(lexical) + 1))


@given(found, found, st.randoms(use_true_random=False))
def test_the_order_depends_on_scores_and_ids_only(dense, lexical, shuffle: random.Random):
    candidates = fuse(dense, lexical, FUSION)
    keys = [(-candidate.retrieval_score, candidate.chunk.id) for candidate in candidates]
    assert keys == sorted(keys)
    shuffled = [shuffle.sample(one, len(one)) for one in (dense, lexical)]
    assert order(fuse(*shuffled, FUSION)) == order(candidates)


@given(found, found, st.floats(0.01, 0.9))
def test_cosines_that_lie_close_together_are_fused_like_others(dense, lexical, shrink):
    """A model such as e5 has all cosines between .7 and .9."""
    dense = [Hit(hit.chunk, round(hit.score, 3)) for hit in dense]
    close = [Hit(hit.chunk, 0.9 + shrink * (hit.score - 50) / 500) for hit in dense]
    wide, narrow = (collect_evidence(each, lexical, {}) for each in (dense, close))
    np.testing.assert_allclose(wide.own, narrow.own, atol=1e-3)
    np.testing.assert_allclose(wide.pages, narrow.pages, atol=1e-3)


def test_nothing_found_at_all():
    assert fuse([], [], FusionConfig()) == ()


def test_the_evidence_of_each_chunk():
    dense, lexical = hits((0, 0.8), (1, 0.4)), hits((1, 20.0), (2, 10.0))
    evidence = collect_evidence(dense, lexical, compare(0.5, 0.4))
    assert [CHUNKS.index(chunk) for chunk in evidence.chunks] == [0, 1, 2]
    # Cosines are spread from that of the last hit, .4; means from that of the other page.
    np.testing.assert_allclose(evidence.pages, [[1, 1, 0], [0, 0, 1], [0, 0, 0.5]], atol=1e-9)
    np.testing.assert_allclose(evidence.own, [[1, 0], [0, 1], [0, 0.5]], atol=1e-9)


def test_a_page_is_as_near_as_its_nearest_hit():
    dense, lexical = hits((0, 0.8), (3, 0.5), (1, 0.4)), hits((3, 9.0), (2, 8.0))
    evidence = collect_evidence(dense, lexical, compare(0.6, 0.3, 0.2))
    assert evidence.pages[:, 1].tolist() == pytest.approx([1, 1, 0, 0])
    assert evidence.own[:, 0].tolist() == pytest.approx([1, 0.25, 0, 0])


@given(st.lists(scores, min_size=12, max_size=12), st.integers(1, 12), found)
def test_the_cosines_of_chunks_that_are_no_hits_change_nothing(cosines, depth, lexical):
    """So they need not be fetched: no other chunk is nearer than the last hit."""
    ranked = [Hit(*pair) for pair in sorted(zip(CHUNKS, cosines, strict=True), key=lambda p: -p[1])]
    evidence = collect_evidence(ranked[:depth], lexical, {})
    last = ranked[depth - 1].score
    known = {hit.chunk.id: max(hit.score, last) - last for hit in ranked}
    best = max(known.values())
    for row, chunk in enumerate(evidence.chunks):
        page = max(known[c.id] for c in CHUNKS if c.page_key == chunk.page_key)
        if best > 1e-3:
            assert evidence.pages[row, 1] == pytest.approx(page / best, abs=1e-6)
            assert evidence.own[row, 0] == pytest.approx(known[chunk.id] / best, abs=1e-6)


def test_cosines_are_spread_to_the_last_hit():
    assert collect_evidence(hits((0, 0.9)), [], {}).own[0].tolist() == [1, 0]
    few = collect_evidence(hits((0, 0.9), (1, 0.6), (2, 0.3)), [], {})
    assert few.own[:, 0].tolist() == pytest.approx([1, 0.5, 0])


def test_the_weights_of_a_page_and_the_order_within_it():
    dense, lexical = hits((0, 0.9), (3, 0.8), (1, 0.7)), hits((1, 9.0), (4, 8.0))
    by_cosine = replace(FUSION, weights=(0.0, 5.0, 0.0))
    by_words = replace(FUSION, weights=(0.0, 0.0, 5.0))
    assert order(fuse(dense, lexical, by_cosine)) == [0, 3, 1, 4]
    assert order(fuse(dense, lexical, by_words)) == [1, 4, 0, 3]
    scores = score_evidence(collect_evidence(dense, lexical, {}), by_words)
    assert scores.shape == (4,)


def test_the_mean_of_a_page_counts():
    dense = hits((0, 0.9), (1, 0.89), (3, 0.5), (4, 0.5))
    cosines = compare(0.5, 0.845)
    assert order(fuse(dense, [], replace(FUSION, weights=(0.0, 3.0, 0.0)), cosines))[0] == 0
    assert order(fuse(dense, [], replace(FUSION, weights=(3.0, 3.0, 0.0)), cosines))[0] == 1


def test_the_pages_that_are_compared_are_those_first_in_either_search():
    dense, lexical = hits((0, 0.9), (3, 0.8), (1, 0.7)), hits((2, 9.0), (1, 8.0))
    pages = choose_pages(dense, lexical, 2)
    assert [path for _, path in pages] == ["1.md", "0.md"]
    assert [path for _, path in choose_pages(dense, lexical, 9)] == ["1.md", "0.md", "2.md"]
    assert choose_pages([], [], 3) == []


class TestReach:
    """What one search has first, the reranker reads, whatever the other thinks of it."""

    def test_a_pasted_error_that_only_words_find(self):
        dense = [Hit(make_chunk(f"About {n}.", path=f"d{n}.md"), 0.9 - n / 100) for n in range(20)]
        error = make_chunk("E4711: lease lost", path="errors.md")
        lexical = [Hit(error, 12.0)]
        ignoring = replace(FusionConfig(depth=20), weights=(1.0, 5.0, 0.0), chunk=0.0)
        position = [c.chunk for c in fuse(dense, lexical, ignoring)].index(error)
        assert position > 10
        reached = fuse(dense, lexical, replace(ignoring, reach=10))
        assert [c.chunk for c in reached].index(error) == 9
        others = [c for c in reached if c.chunk != error]
        assert others == [c for c in fuse(dense, lexical, ignoring) if c.chunk != error]

    @given(found, found, st.integers(0, 12))
    def test_the_first_four_of_each_search_are_reached(self, dense, lexical, reach):
        candidates = fuse(dense, lexical, FusionConfig(depth=12, reach=reach))
        first = {hit.chunk.id for each in (dense, lexical) for hit in each[:4]}
        reached = first & {c.chunk.id for c in candidates[:reach]}
        assert len(reached) == min(len(first), reach) or reach == 0
