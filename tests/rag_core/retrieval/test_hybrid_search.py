from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.errors import StoreError, StoreUnavailableError
from rag_core.retrieval.hybrid_search import FusionConfig, fuse, retrieve
from rag_core.types import (
    Chunk,
    Hit,
    IndexSpec,
    LiveIndex,
    PageKey,
    PageVector,
    Question,
    Scope,
)
from tests.rag_core.fakes import HashEmbedder, MemoryStore, make_chunk, publish

CHUNKS = [make_chunk(f"Sentence {n}.", path=f"{n % 3}.md", position=n) for n in range(9)]
NO_PAGE = FusionConfig(dense=0.6, page=0.0, best=0.0)

scores = st.floats(-1, 50, allow_subnormal=True)
found = st.lists(st.tuples(st.sampled_from(CHUNKS), scores), unique_by=lambda pair: pair[0].id).map(
    lambda pairs: [Hit(*pair) for pair in sorted(pairs, key=lambda pair: -pair[1])]
)
shares = st.floats(0, 1)
fusions = st.builds(FusionConfig, dense=shares)


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
    assert fuse([], [], FusionConfig()) == ()


def test_the_convex_sum_of_max_normalised_scores():
    candidates = fuse(hits((0, 0.8), (1, 0.4)), hits((1, 20.0), (2, 10.0)), NO_PAGE)
    assert order(candidates) == [1, 0, 2]
    assert [c.retrieval_score for c in candidates] == pytest.approx([0.7, 0.6, 0.2])
    assert [(c.dense_rank, c.lexical_rank) for c in candidates] == [(2, 1), (1, None), (None, 2)]


def test_a_negative_cosine_counts_as_nothing():
    candidates = fuse(hits((0, -0.1), (1, -0.5)), hits((1, 3.0)), NO_PAGE)
    assert order(candidates) == [1, 0]
    assert [c.retrieval_score for c in candidates] == pytest.approx([0.4, 0.0])


@pytest.fixture
def embedder() -> HashEmbedder:
    return HashEmbedder()


def ask(store, embedder, text, **options):
    return retrieve(
        store, store.read_live_index(), Question(text, **options), embedder.embed_query(text), FEW
    )


FEW = FusionConfig(depth=3)


class TestPages:
    """Chunks of a page that is about the question come before a stray one."""

    def store(self, embedder: HashEmbedder, *chunks: Chunk) -> MemoryStore:
        store = MemoryStore()
        publish(store, embedder, chunks)
        return store

    def chunks(self) -> list[Chunk]:
        stray = [make_chunk(t, path="stray.md") for t in ("backup logs", "red fox", "blue bird")]
        logs = [make_chunk(t, path="logs.md") for t in ("old logs", "backup keeps logs", "logs")]
        return [*stray, *logs]

    def best(self, store: MemoryStore, embedder: HashEmbedder, fusion: FusionConfig) -> list[str]:
        question = Question("backup logs")
        vector = embedder.embed_query(question.text)
        found = retrieve(store, store.read_live_index(), question, vector, fusion)
        assert all(0 <= one.retrieval_score <= 1 + 1e-6 for one in found.candidates)
        return [one.chunk.path for one in found.candidates]

    def scores(
        self, store: MemoryStore, embedder: HashEmbedder, fusion: FusionConfig
    ) -> dict[str, float]:
        """The score of each page's best chunk."""
        vector = embedder.embed_query("backup logs")
        found = retrieve(store, store.read_live_index(), Question("backup logs"), vector, fusion)
        return {one.chunk.path: one.retrieval_score for one in reversed(found.candidates)}

    def test_the_page_counts(self, embedder):
        store = self.store(embedder, *self.chunks())
        assert self.best(store, embedder, FusionConfig(page=0.0, best=0.0))[0] == "stray.md"
        assert self.best(store, embedder, FusionConfig(page=0.9, best=0.0))[:3] == ["logs.md"] * 3

    def test_pages_of_the_same_path_in_two_sources_are_two_pages(self, embedder):
        chunks = [make_chunk(c.text, path="a.md", source=c.path) for c in self.chunks()]
        store = self.store(embedder, *chunks)
        vector = embedder.embed_query("backup logs")
        found = retrieve(
            store,
            store.read_live_index(),
            Question("backup logs"),
            vector,
            FusionConfig(page=0.9, best=0.0),
        )
        assert [one.chunk.source for one in found.candidates][:3] == ["logs.md"] * 3

    def test_a_page_that_was_not_asked_for_counts_as_the_last_that_was(self, embedder):
        store = self.store(embedder, *self.chunks())
        assert (
            self.best(store, embedder, FusionConfig(page=0.9, pages=1, best=0.0))[0] == "stray.md"
        )

    def test_the_last_page_that_was_asked_for_speaks_for_the_others(self, embedder):
        others = [make_chunk(text, path="other.md") for text in ("logs of a fox", "grey owl")]
        store = self.store(embedder, *self.chunks(), *others)
        plain = self.scores(store, embedder, FusionConfig(page=0.0, best=0.0))
        mixed = self.scores(store, embedder, FusionConfig(page=0.5, pages=2, best=0.0))
        added = {path: mixed[path] - plain[path] / 2 for path in plain}
        least, *_, nearest = sorted(added.values())
        assert 0.01 < least < nearest - 0.01
        assert sorted(added.values()) == pytest.approx([least, least, nearest])

    def test_without_the_vectors_of_pages_the_order_of_the_searches_stands(self, embedder):
        class Down(MemoryStore):
            def read_page_vectors(self, *_args):
                raise StoreError("down")

        store = Down()
        publish(store, embedder, self.chunks())
        plain = self.store(embedder, *self.chunks())
        expected = self.best(plain, embedder, FusionConfig(page=0.0, best=0.0))
        assert self.best(store, embedder, FusionConfig(page=0.9, best=0.9)) == expected

    def test_two_good_chunks_of_a_page_count_for_more_than_one(self, embedder):
        store = self.store(embedder, *self.chunks())
        alone, together = FusionConfig(page=0.0, best=0.0), FusionConfig(page=0.0, best=0.9)
        assert self.best(store, embedder, alone)[0] == "stray.md"
        assert self.best(store, embedder, together)[0] == "logs.md"

    def test_a_page_of_one_chunk_is_no_worse_for_it(self, embedder):
        alone = make_chunk("backup logs", path="alone.md")
        others = [make_chunk(f"backup logs {word}", path="two.md") for word in ("red", "blue")]
        store = self.store(embedder, alone, *others)
        first = self.best(store, embedder, FusionConfig(page=0.0, best=0.0))[0]
        assert (first, self.best(store, embedder, FusionConfig(page=0.0, best=0.9))[0]) == (
            "alone.md",
            "alone.md",
        )

    @given(share=st.floats(0, 0.99))
    def test_the_order_within_a_page_stays(self, share):
        embedder = HashEmbedder()
        store = self.store(embedder, *self.chunks())
        vector = embedder.embed_query("backup logs")

        def order(fusion: FusionConfig) -> dict[str, list[str]]:
            found = retrieve(
                store, store.read_live_index(), Question("backup logs"), vector, fusion
            )
            pages: dict[str, list[str]] = {}
            for one in found.candidates:
                pages.setdefault(one.chunk.path, []).append(one.chunk.text)
            return pages

        assert order(FusionConfig(best=share)) == order(FusionConfig(best=0.0))


def test_retrieve_searches_both_ways_of_the_live_version(embedder):
    store = MemoryStore()
    publish(store, embedder, CHUNKS)
    target = make_chunk("The broker keeps logs.", path="logs.md")
    publish(store, embedder, [*CHUNKS, target], revision="r2")
    retrieved = ask(store, embedder, "Who keeps the logs?")
    assert retrieved.has_lexical
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
    assert not retrieved.has_lexical
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


class Found:
    """A store that finds what it is told to, and says which pages it was asked for."""

    def __init__(self, dense: Sequence[Hit], pages: dict[str, PageVector] | None = None) -> None:
        self.dense = dense
        self.pages = {("docs", path): vector for path, vector in (pages or {}).items()}
        self.asked: list[list[PageKey]] = []

    def search_dense(self, *_args, **_options):
        return self.dense

    def search_lexical(self, *_args, **_options):
        return []

    def read_page_vectors(self, _collection, pages):
        self.asked.append(pages)
        return {page: self.pages[page] for page in pages}

    def scores(self, fusion: FusionConfig) -> list[float]:
        live = LiveIndex("docent__v1", IndexSpec("hash", 2, "1", 1, ""))
        vector = np.array([1, 0], np.float32)
        found = retrieve(self, live, Question("Why?"), vector, fusion)
        return [one.retrieval_score for one in found.candidates]


def page_of(cosine: float, chunks: int = 3) -> PageVector:
    return PageVector(np.array([cosine, 0], np.float32), chunks)


def test_pages_count_by_how_near_they_are_to_the_nearest():
    pages = {"0.md": page_of(0.1), "1.md": page_of(0.4), "2.md": page_of(-0.2)}
    store = Found(hits((0, 0.8), (1, 0.4), (2, 0.2)), pages)
    assert store.scores(FusionConfig(page=0.5, best=0.0)) == pytest.approx([0.75, 0.625, 0.125])


def test_the_best_page_gives_all_of_its_share_and_the_others_in_proportion():
    pages = {"0.md": page_of(0.0), "1.md": page_of(0.0, chunks=1), "2.md": page_of(0.0)}
    store = Found(hits((0, 1.0), (1, 0.6), (3, 0.5), (2, 0.3)), pages)
    best = store.scores(FusionConfig(page=0.0, best=0.5))
    assert best == pytest.approx([1.0, 0.75, 0.7, 0.25])


def test_nothing_found_is_no_candidate_and_no_page_is_asked_for():
    store = Found([])
    assert store.scores(FusionConfig()) == []
    assert store.asked == []


@pytest.mark.parametrize(("page", "best", "asked"), [(0, 0, 0), (0.5, 0, 1), (0, 0.5, 1)])
def test_pages_are_asked_for_only_where_they_count(page: float, best: float, asked: int):
    store = Found(hits((0, 0.8), (3, 0.4)), {"0.md": page_of(0.5)})
    store.scores(FusionConfig(page=page, best=best))
    assert store.asked == [[("docs", "0.md")]] * asked


def test_the_hits_of_each_search_are_told_as_deep_as_it_was_asked(embedder):
    store = MemoryStore()
    publish(store, embedder, CHUNKS)
    found = ask(store, embedder, "Sentence 4")
    assert len(found.dense_hits) == len(found.lexical_hits) == FEW.depth
    ranked = {c.chunk.id: (c.dense_rank, c.lexical_rank) for c in found.candidates}
    assert [ranked[hit.chunk.id][0] for hit in found.dense_hits] == [1, 2, 3]
    assert [ranked[hit.chunk.id][1] for hit in found.lexical_hits] == [1, 2, 3]


def test_scores_of_zero_stay_zero():
    candidates = fuse(hits((0, 0.0), (1, -0.5)), [], NO_PAGE)
    assert [c.retrieval_score for c in candidates] == [0.0, 0.0]
