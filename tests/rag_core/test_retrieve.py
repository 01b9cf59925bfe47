from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.errors import StoreError, StoreUnavailableError
from rag_core.retrieve import Fusion, fuse, retrieve
from rag_core.types import Hit, Question, Scope
from tests.rag_core.fakes import HashEmbedder, MemoryStore, make_chunk, publish

CHUNKS = [make_chunk(f"Sentence {n}.", path=f"{n % 3}.md", position=n) for n in range(9)]
NO_PAGE = Fusion(dense=0.6, page=0.0)

scores = st.floats(-1, 50, allow_subnormal=True)
found = st.lists(st.tuples(st.sampled_from(CHUNKS), scores), unique_by=lambda pair: pair[0].id).map(
    lambda pairs: [Hit(*pair) for pair in sorted(pairs, key=lambda pair: -pair[1])]
)
shares = st.floats(0, 1)
fusions = st.builds(Fusion, dense=shares, page=shares, page_chunks=st.integers(1, 4))


def hits(*pairs: tuple[int, float]) -> list[Hit]:
    return [Hit(CHUNKS[number], score) for number, score in pairs]


def order(candidates: Sequence) -> list[int]:
    return [CHUNKS.index(candidate.chunk) for candidate in candidates]


@given(found, found, fusions)
def test_every_hit_is_kept_once_with_its_ranks_and_a_score_in_0_to_1(dense, lexical, fusion):
    candidates = fuse(dense, lexical, fusion)
    ids = [candidate.chunk.id for candidate in candidates]
    assert len(ids) == len(set(ids))
    assert set(ids) == {hit.chunk.id for hit in (*dense, *lexical)}
    assert all(0 <= candidate.retrieval_score <= 1 + 1e-9 for candidate in candidates)
    by_id = {candidate.chunk.id: candidate for candidate in candidates}
    assert [by_id[hit.chunk.id].dense_rank for hit in dense] == list(range(1, len(dense) + 1))
    assert [by_id[hit.chunk.id].lexical_rank for hit in lexical] == list(range(1, len(lexical) + 1))
    assert sum(candidate.dense_rank is None for candidate in candidates) == len(ids) - len(dense)


@given(found, found, fusions, st.randoms(use_true_random=False))
def test_the_order_depends_on_scores_and_ids_only(dense, lexical, fusion, shuffle: random.Random):
    candidates = fuse(dense, lexical, fusion)
    keys = [(-candidate.retrieval_score, candidate.chunk.id) for candidate in candidates]
    assert keys == sorted(keys)
    shuffled = [shuffle.sample(one, len(one)) for one in (dense, lexical)]
    assert order(fuse(*shuffled, fusion)) == order(candidates)


@given(found)
def test_one_search_alone_keeps_its_order_whatever_its_share(alone):
    positive = [hit for hit in alone if hit.score > 0]
    for candidates in (fuse(positive, [], NO_PAGE), fuse([], positive, NO_PAGE)):
        assert [c.retrieval_score for c in candidates] == sorted(
            (hit.score / positive[0].score for hit in positive), reverse=True
        )


def test_nothing_found_at_all():
    assert fuse([], [], Fusion()) == ()


def test_the_convex_sum_of_max_normalised_scores():
    candidates = fuse(hits((0, 0.8), (1, 0.4)), hits((1, 20.0), (2, 10.0)), NO_PAGE)
    assert order(candidates) == [1, 0, 2]
    assert [c.retrieval_score for c in candidates] == pytest.approx([0.7, 0.6, 0.2])
    assert [(c.dense_rank, c.lexical_rank) for c in candidates] == [(2, 1), (1, None), (None, 2)]


def test_a_negative_cosine_counts_as_nothing():
    candidates = fuse(hits((0, -0.1), (1, -0.5)), hits((1, 3.0)), NO_PAGE)
    assert order(candidates) == [1, 0]
    assert [c.retrieval_score for c in candidates] == pytest.approx([0.4, 0.0])


def test_a_page_that_answers_in_several_places_goes_before_one_that_answers_once():
    # 0, 3 and 6 are on one page, 1 is alone on another.
    dense = hits((1, 1.0), (0, 0.95), (3, 0.9), (6, 0.9))
    assert order(fuse(dense, [], NO_PAGE))[0] == 1
    assert order(fuse(dense, [], Fusion(page=0.5)))[0] == 0


def test_pages_of_the_same_path_in_two_sources_are_two_pages():
    here, there = (make_chunk("Same.", source=name) for name in ("here", "there"))
    extra = make_chunk("More.", source="there", position=1)
    candidates = fuse([Hit(here, 1.0), Hit(there, 1.0), Hit(extra, 0.9)], [], Fusion(page=1.0))
    assert candidates[0].chunk == there


@pytest.fixture
def embedder() -> HashEmbedder:
    return HashEmbedder()


def ask(store, embedder, text, **options):
    return retrieve(store, store.live(), Question(text, **options), embedder.embed_query(text), FEW)


FEW = Fusion(depth=3)


def test_retrieve_searches_both_ways_of_the_live_version(embedder):
    store = MemoryStore()
    publish(store, embedder, CHUNKS)
    target = make_chunk("The broker keeps logs.", path="logs.md")
    publish(store, embedder, [*CHUNKS, target], revision="r2")
    retrieved = ask(store, embedder, "Who keeps the logs?")
    assert retrieved.lexical
    assert retrieved.candidates[0].chunk == target
    assert retrieved.candidates[0].dense_rank == retrieved.candidates[0].lexical_rank == 1
    assert 3 <= len(retrieved.candidates) <= 6


def test_retrieve_stays_in_the_scope(embedder):
    store = MemoryStore()
    publish(store, embedder, CHUNKS)
    retrieved = ask(store, embedder, "Sentence 4", scope=Scope(path_prefix="2."))
    assert {candidate.chunk.path for candidate in retrieved.candidates} == {"2.md"}


def test_without_bm25_the_vectors_go_on_alone_and_it_is_said(embedder):
    store = MemoryStore(lexical_error=StoreError("no BM25 here"))
    publish(store, embedder, CHUNKS)
    retrieved = ask(store, embedder, "Sentence 4")
    assert not retrieved.lexical
    assert len(retrieved.candidates) == 3
    assert all(candidate.lexical_rank is None for candidate in retrieved.candidates)


def test_without_the_dense_search_there_is_no_answer(embedder):
    class Down(MemoryStore):
        def search_dense(self, *_args, **_options):
            raise StoreUnavailableError("down")

    store = Down()
    publish(store, embedder, CHUNKS)
    with pytest.raises(StoreUnavailableError):
        ask(store, embedder, "Sentence 4")
