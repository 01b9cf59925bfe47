from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.retrieval.abstention import (
    ENOUGH_CHUNKS,
    NEUTRAL,
    Abstention,
    Signals,
    compute_signals,
)
from rag_core.types import Hit, Passage
from tests.rag_core.fakes import make_chunk

CHUNKS = [make_chunk(f"Milvus stores row {n}.", path=f"p{n}.md") for n in range(ENOUGH_CHUNKS)]
DENSE = [Hit(chunk, 0.9 - n / 1000) for n, chunk in enumerate(CHUNKS)]
WORDS = [Hit(chunk, 9.0) for chunk in CHUNKS]
RANKED = [Passage(CHUNKS[0], 1.0, 0.7), Passage(CHUNKS[1], 0.9, 0.8), Passage(CHUNKS[2], 0.8, None)]
DECISION = Abstention(weights=(5.0, 5.0, 1.0, -3.0), bias=-5.0, threshold=0.4)


def told(question: str = "row", *, dense=DENSE, words=WORDS, ranked=RANKED) -> Signals:
    found = compute_signals(question, dense, words, ranked)
    assert found is not None
    return found


def test_the_best_cosine_and_the_best_score():
    assert (told().cosine, told().rerank) == (0.9, pytest.approx(0.8))


def test_the_searches_agree_if_the_nearest_page_is_among_the_first_that_words_find():
    assert told().agreement == 1.0
    assert told(words=[*WORDS[5:7], WORDS[0]]).agreement == 1.0
    assert told(words=[*WORDS[5:8], WORDS[0]]).agreement == 0.0


@pytest.mark.parametrize(
    ("question", "unknown"),
    [
        ("milvus stores rows", 0.0),
        ("Storing MILVUS zebras", 1 / 3),
        ("ray", 1.0),
        ("milvus ray", 0.5),
        ("что такое ray", 1.0),  # Cyrillic says nothing about English pages
        ("это что", 0.0),
        ("это 2?", 0.0),  # a number is in no alphabet
        ("?!", 1.0),
        ("What is the flibber?", 1.0),  # the words that hold a sentence together say nothing
        ("How do I store the zebras?", 0.5),
        ("is it", 1.0),
        ("IT", 1.0),
        ("a row in it", 0.0),
        ("row of", 0.0),
        ("Wie speichert man eine row?", 0.5),
    ],
)
def test_unknown_words(question, unknown):
    assert told(question).unknown == pytest.approx(unknown)


@pytest.mark.parametrize(
    ("question", "unknown"),
    [
        ("ray", 1.0),
        ("What is ray?", 1.0),
        ("row", 1.0),  # BM25 reads the whole index, the text of the hits is only a part of it
        ("42", 1.0),
        ("?!", 1.0),
        ("это что", 0.0),
        ("什么", 0.0),
    ],
)
def test_every_word_is_unknown_where_bm25_found_none(question, unknown):
    assert told(question, words=[]).unknown == unknown
    assert told(question, words=[]).agreement == NEUTRAL.agreement


def test_a_word_inside_another_is_not_known():
    array = [replace(hit, chunk=make_chunk("An array.")) for hit in DENSE]
    assert told("ray", dense=array, words=array).unknown == 1.0


def test_few_chunks_say_nothing_about_words():
    found = told("ray", dense=DENSE[: ENOUGH_CHUNKS - 1])
    assert (found.agreement, found.unknown) == (NEUTRAL.agreement, NEUTRAL.unknown)


def test_without_a_search_or_a_score_there_are_no_signals():
    assert compute_signals("row", [], WORDS, RANKED) is None
    assert compute_signals("row", DENSE, WORDS, [RANKED[2]]) is None


def test_where_too_little_is_indexed_nothing_is_refused():
    bad = Signals(0.2, 0.3, 0.0, 0.3, chunks=99)
    assert DECISION.should_refuse(bad)
    assert not replace(DECISION, fewest=100).should_refuse(bad)


def test_a_decision():
    assert not DECISION.should_refuse(Signals(0.7, 0.7, 0.3, 0.0))
    assert DECISION.should_refuse(Signals(0.2, 0.3, 0.0, 0.3))


numbers = st.floats(-1e6, 1e6)


@given(st.builds(Signals, numbers, numbers, numbers, numbers))
def test_a_probability_is_one(found):
    assert 0 <= DECISION.compute_probability(found) <= 1


@given(st.text(), st.text())
def test_any_question_and_any_text_have_signals(question, text):
    hits = [replace(hit, chunk=replace(hit.chunk, text=text)) for hit in DENSE]
    found = told(question, dense=hits, words=hits)
    assert 0 <= found.unknown <= 1


def test_between_sure_and_refused_docent_is_unsure():
    decision = replace(DECISION, sure=0.8, fewest=100)
    clear, doubtful, hopeless = (Signals(x, x, 0.0, 0.0) for x in (0.9, 0.55, 0.2))
    assert [decision.should_refuse(each) for each in (clear, doubtful, hopeless)] == [
        False,
        False,
        True,
    ]
    assert [decision.is_unsure(each) for each in (clear, doubtful)] == [False, True]
    few = replace(hopeless, chunks=99)
    assert (decision.should_refuse(few), decision.is_unsure(few)) == (False, True)
