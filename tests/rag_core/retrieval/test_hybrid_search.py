from __future__ import annotations

import logging

import pytest

from rag_core.errors import StoreError, StoreUnavailableError
from rag_core.retrieval.fusion import FusionConfig
from rag_core.retrieval.hybrid_search import retrieve
from rag_core.types import Question, Scope
from tests.rag_core.fakes import HashEmbedder, MemoryStore, make_chunk, publish

CHUNKS = [make_chunk(f"Sentence {n}.", path=f"{n % 3}.md", position=n) for n in range(9)]


@pytest.fixture
def embedder() -> HashEmbedder:
    return HashEmbedder()


def ask(store, embedder, text, **options):
    return retrieve(
        store, store.read_live_index(), Question(text, **options), embedder.embed_query(text), FEW
    )


FEW = FusionConfig(depth=3)


def make_pages():
    stray = [make_chunk(t, path="stray.md") for t in ("backup logs", "red fox", "blue bird")]
    logs = [make_chunk(t, path="logs.md") for t in ("old logs", "backup keeps logs", "logs")]
    return [*stray, *logs]


def list_paths(store, embedder, fusion) -> list[str]:
    question = Question("backup logs")
    found = retrieve(
        store, store.read_live_index(), question, embedder.embed_query(question.text), fusion
    )
    return [candidate.chunk.path for candidate in found.candidates]


def test_the_page_counts(embedder):
    store = MemoryStore()
    publish(store, embedder, make_pages())
    alone = FusionConfig(weights=(0.0, 0.0, 0.0))
    assert list_paths(store, embedder, alone)[0] == "stray.md"
    by_page = FusionConfig(weights=(9.0, 0.0, 0.0))
    assert list_paths(store, embedder, by_page)[:3] == ["logs.md"] * 3


def test_pages_of_the_same_path_in_two_sources_are_two_pages(embedder):
    store = MemoryStore()
    chunks = [make_chunk(c.text, path="a.md", source=c.path) for c in make_pages()]
    publish(store, embedder, chunks)
    question, vector = Question("backup logs"), embedder.embed_query("backup logs")
    fusion = FusionConfig(weights=(9.0, 0.0, 0.0))
    found = retrieve(store, store.read_live_index(), question, vector, fusion)
    assert [each.chunk.source for each in found.candidates][:3] == ["logs.md"] * 3
    assert set(found.page_cosines) == {("stray.md", "a.md"), ("logs.md", "a.md")}


def test_only_the_best_pages_are_compared(embedder):
    store = MemoryStore()
    publish(store, embedder, make_pages())
    question, vector = Question("backup logs"), embedder.embed_query("backup logs")
    found = retrieve(store, store.read_live_index(), question, vector, FusionConfig(pages=1))
    assert [path for _, path in found.page_cosines] == ["stray.md"]


def test_without_the_comparison_of_pages_the_order_goes_on_and_the_log_says_so(embedder, caplog):
    class Down(MemoryStore):
        def score_pages(self, *_args):
            raise StoreError("down")

    store = Down()
    publish(store, embedder, make_pages())
    with caplog.at_level(logging.WARNING):
        assert sorted(set(list_paths(store, embedder, FusionConfig()))) == ["logs.md", "stray.md"]
    assert "ranking without that: down" in caplog.text


def test_nothing_is_compared_where_nothing_was_found(embedder):
    class Strict(MemoryStore):
        def score_pages(self, *_args):
            raise AssertionError("no page was found")

    store = Strict()
    publish(store, embedder, CHUNKS)
    nowhere = Scope(path_prefix="nowhere/")
    assert ask(store, embedder, "Sentence 4", scope=nowhere).candidates == ()


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


def test_the_hits_of_each_search_are_told_as_deep_as_it_was_asked(embedder):
    store = MemoryStore()
    publish(store, embedder, CHUNKS)
    found = ask(store, embedder, "Sentence 4")
    assert len(found.dense_hits) == len(found.lexical_hits) == FEW.depth
    ranked = {c.chunk.id: (c.dense_rank, c.lexical_rank) for c in found.candidates}
    assert [ranked[hit.chunk.id][0] for hit in found.dense_hits] == [1, 2, 3]
    assert [ranked[hit.chunk.id][1] for hit in found.lexical_hits] == [1, 2, 3]
