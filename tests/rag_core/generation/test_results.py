from __future__ import annotations

import numpy as np

from rag_core.generation.results import (
    RankedPart,
    build_result,
    choose_passages,
    list_degradations,
    share_ranker,
)
from rag_core.retrieval.forms import SearchedForm, SearchedPart
from rag_core.retrieval.hybrid_search import FusedCandidates
from rag_core.retrieval.rerank import RankedPassages, RerankConfig
from rag_core.types import IndexSpec, LiveIndex
from tests.rag_core.fakes import make_passage

LIVE = LiveIndex("docent__v1", IndexSpec("model", 1, "chunker", 2, "r1"))


def part(text: str, *queries: str, complete: bool = True, has_lexical: bool = True) -> SearchedPart:
    form = SearchedForm(text, np.ones(1, np.float32), FusedCandidates((), has_lexical))
    return SearchedPart(text, form, queries or (text,), complete)


def ranked(searched: SearchedPart, *pages: str, refused: bool = False, **outcome) -> RankedPart:
    passages = tuple(make_passage(f"{page} {page}{page}", path=page) for page in pages)
    verdict = "refused" if refused else "answerable"
    return RankedPart(searched, RankedPassages(passages, **({"reranked": True} | outcome)), verdict)


def list_pages(passages):
    return [passage.chunk.path for passage in passages]


def test_one_part_keeps_its_order():
    one = part("What is HNSW?")
    result = build_result(LIVE, [one], [ranked(one, "a", "b", "c")], ())
    assert (result.query, result.refused) == ("What is HNSW?", False)
    chosen = choose_passages(result, limit=2)
    assert list_pages(chosen.passages) == ["a", "b"]
    assert chosen.parts[0].numbers == (1, 2)


def test_parts_take_turns_and_each_query_is_told_once():
    first, second = part("one", "one", "one topic"), part("two", "two", "one")
    result = build_result(LIVE, [first, second], [ranked(first, "a", "b"), ranked(second, "x")], ())
    assert result.query == "one\none topic\ntwo"
    assert list_pages(result.passages) == ["a", "x", "b"]
    chosen = choose_passages(result, limit=1)
    assert [each.numbers for each in chosen.parts] == [(1, 3), (2,)]


def test_a_part_without_an_answer_has_no_passages():
    first, second, unread = part("one"), part("two"), part("three")
    found = [ranked(first, "a"), ranked(second, "x", refused=True)]
    result = build_result(LIVE, [first, second, unread], found, ())
    assert [list_pages(each.passages) for each in result.parts] == [["a"], [], []]
    assert not result.refused


def test_if_all_parts_are_refused_the_nearest_pages_stay():
    first, second = part("one"), part("two")
    found = [ranked(first, "a", refused=True), ranked(second, "x", refused=True)]
    result = build_result(LIVE, [first, second], found, ())
    assert result.refused
    assert list_pages(result.passages) == ["a", "x"]


def test_equal_parts_are_two():
    first, second = part("same"), part("same")
    found = [ranked(first, "a"), ranked(second, "a", refused=True)]
    result = build_result(LIVE, [first, second], found, ())
    assert [list_pages(each.passages) for each in result.parts] == [["a"], []]


def test_several_parts_share_depth_and_time():
    ranker = RerankConfig(depth=10, weight=1.0, budget_ms=9_000)
    assert share_ranker(ranker, 1) == ranker
    for parts, depth in ((2, 8), (3, 8)):
        shared = share_ranker(ranker, parts)
        assert (shared.depth, shared.budget_ms) == (depth, 9_000 // parts)
    assert share_ranker(RerankConfig(depth=6, weight=0.2), 2).budget_ms == 0


def test_each_failure_is_told_once():
    first = part("one", complete=False, has_lexical=False)
    second = part("two", has_lexical=False)
    found = [ranked(first, "a", reranked=False), ranked(second, "b", cut=True)]
    assert list_degradations([first, second], found) == (
        "search_incomplete",
        "lexical_failed",
        "rerank_failed",
        "rerank_cut",
    )
    assert list_degradations([part("one")], [ranked(part("one"), "a")]) == ()


def test_doubt_about_a_part_is_told_once():
    one = part("What is HNSW?")
    unsure = RankedPart(one, RankedPassages((), reranked=True), "unsure")
    assert list_degradations([one], [unsure]) == ("unsure",)
    assert list_degradations([one], [ranked(one, refused=True)]) == ()


def test_what_a_search_has_first_is_read():
    one = part("E4711")
    found = ranked(one, "a", "b", "c")
    last = found.ranked.passages[-1].chunk.id
    required = RankedPart(one, found.ranked, "answerable", frozenset({last}))
    chosen = choose_passages(build_result(LIVE, [one], [required], ()), limit=2)
    assert list_pages(chosen.passages) == ["a", "c"]
