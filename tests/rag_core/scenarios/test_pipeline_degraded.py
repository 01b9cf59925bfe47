"""What the pipeline does without: LLM, reranker or BM25; and the LLM that finds no answer."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.errors import LLMInterruptedError, LLMUnavailableError, ModelError, StoreError
from rag_core.generation.prompt import NOT_FOUND
from rag_core.types import Question, RerankStarted, Scope, SearchStarted
from tests.rag_core.fakes import MemoryStore, ScriptedReranker
from tests.rag_core.test_pipeline import CHUNKS, QUESTION, TUNING, USAGE, build, texts


def test_without_an_llm_the_passages_are_quoted():
    *events, done = build(llm=False).stream(QUESTION)
    answer = done.answer
    assert texts(events) == [answer.text]
    assert answer.text == "> **Logs** [1]\n>\n> Logs go to a message broker."
    assert (answer.status, answer.degraded, answer.usage) == ("answered", ("no_llm",), None)
    assert answer.citations[0].passage == answer.passages[0]


@pytest.mark.parametrize(
    "pieces",
    [
        (LLMUnavailableError("down"),),
        (LLMInterruptedError("cut off while the text was still held back"),),
        ("NOT_IN", LLMInterruptedError("cut off in what could have been a refusal")),
        (" ", LLMInterruptedError("cut off behind nothing")),
    ],
)
def test_an_llm_that_fails_before_any_text_is_replaced_by_quotations(pieces, caplog):
    with caplog.at_level(logging.WARNING):
        answer = build(*pieces).answer(QUESTION)
    assert answer.text == "> **Logs** [1]\n>\n> Logs go to a message broker."
    assert (answer.status, answer.degraded) == ("answered", ("llm_failed",))
    assert str(pieces[-1]) in caplog.text


@pytest.mark.parametrize(
    "pieces",
    [
        (),
        (" \n",),
        ("<think>hm</think>",),
        ("<think>hm", " the logs"),
        ("<think>", "NOT_IN_THE_DOCUMENTATION?", "</think>\n"),
        ("\u200b",),
        ("\ufeff", "\u00a0"),
        ("[1]",),
        ("[", "1", "]", " ", "[2]."),
        ("**",),
        ("**", "**"),
        ("---",),
        ("#",),
        ("...",),
        ("```\n```",),
        ("```", "python", "\n", "```"),
        ("<b></b>",),
        ("> ",),
    ],
)
def test_an_llm_that_writes_no_answer_is_replaced_by_quotations(pieces):
    *events, done = build(*pieces, USAGE).stream(QUESTION)
    answer = done.answer
    assert "".join(texts(events)).strip() == answer.text
    assert answer.text == "> **Logs** [1]\n>\n> Logs go to a message broker."
    assert (answer.status, answer.degraded, answer.usage) == ("answered", ("llm_empty",), USAGE)


@pytest.mark.parametrize(
    "pieces",
    [("**", "Yes", "**"), ("5",), ("\N{THUMBS UP SIGN}",), ("`", "x", "`"), ("是",), ("- ", "a")],
)
def test_a_short_answer_is_an_answer(pieces):
    *events, done = build(*pieces).stream(QUESTION)
    assert "".join(texts(events)).strip() == done.answer.text == "".join(pieces)
    assert "llm_empty" not in done.answer.degraded


def test_markup_alone_before_the_llm_fails_is_no_text():
    answer = build("**", LLMInterruptedError("cut off")).answer(QUESTION)
    assert (answer.status, answer.degraded) == ("answered", ("llm_failed",))


def test_an_llm_that_is_cut_off_leaves_what_it_wrote():
    pipeline = build("To a broker [1]", " and", LLMInterruptedError("cut off"))
    *events, done = pipeline.stream(QUESTION)
    assert "".join(texts(events)) == done.answer.text == "To a broker [1] and"
    assert (done.answer.status, done.answer.degraded) == ("answered", ("llm_cut_off",))
    assert [citation.number for citation in done.answer.citations] == [1]


def test_what_the_citation_check_held_back_is_shown_when_the_llm_is_cut_off():
    answer = build("To a broker", " [1]", LLMInterruptedError("cut off")).answer(QUESTION)
    assert answer.text == "To a broker [1]"


def test_a_reranker_that_fails_leaves_the_fused_order():
    reranker = ScriptedReranker(error=ModelError("out of memory"))
    answer = build("To a broker [1].", reranker=reranker).answer(QUESTION)
    assert answer.degraded == ("rerank_failed",)
    assert answer.passages[0].chunk == CHUNKS[0]
    assert {passage.rerank_score for passage in answer.passages} == {None}


def test_bm25_that_fails_leaves_the_dense_search():
    store = MemoryStore(lexical_error=StoreError("no BM25"))
    answer = build("To a broker [1].", store=store).answer(QUESTION)
    assert (answer.status, answer.degraded) == ("answered", ("lexical_failed",))


def test_everything_at_once_is_all_said():
    store = MemoryStore(lexical_error=StoreError("no BM25"))
    reranker = ScriptedReranker(error=ModelError("out of memory"))
    answer = build(llm=False, store=store, reranker=reranker).answer(QUESTION)
    assert answer.degraded == ("lexical_failed", "rerank_failed", "no_llm")


@pytest.mark.parametrize(
    "pieces",
    [
        (NOT_FOUND,),
        ("NOT_IN", "_THE_", "DOCUMENTATION"),
        tuple(NOT_FOUND),
        ("\n", NOT_FOUND, " \n"),
        (f"`{NOT_FOUND}`",),
        (f"{NOT_FOUND}.", USAGE),
    ],
)
def test_a_refusal_is_never_shown(pieces):
    *events, done = build(*pieces).stream(QUESTION)
    assert texts(events) == []
    assert (done.answer.text, done.answer.status) == ("", "not_found")
    assert (done.answer.citations, done.answer.degraded) == ((), ())
    assert len(done.answer.passages) == TUNING.passages


def test_the_usage_of_a_refusal_is_kept():
    assert build("NOT_IN_THE", "_DOCUMENTATION", USAGE).answer(QUESTION).usage == USAGE


@pytest.mark.parametrize("text", ["NOT_IN_RANGE is an error.", "No.", "N", "Not in the docs."])
def test_what_only_begins_like_a_refusal_is_shown(text):
    for pieces in ((text,), tuple(text)):
        assert build(*pieces).answer(QUESTION).text == text


@given(st.lists(st.text(), max_size=6))
def test_any_text_of_the_llm_is_shown_as_the_answer_says(pieces):
    *events, done = build(*pieces, chunks=CHUNKS[:2]).stream(QUESTION)
    said = "".join(texts(events)).strip()
    # Behind a closing tag, the answer may begin anew.
    assert said == done.answer.text or "</" in "".join(pieces)
    assert said.endswith(done.answer.text)
    assert (done.answer.status == "answered") == bool(done.answer.text)


def test_nothing_found_asks_no_llm():
    pipeline = build("Never said.")
    *events, done = pipeline.stream(Question("logs", scope=Scope(sources=("elsewhere",))))
    assert events == [SearchStarted(), RerankStarted(0)]
    assert (done.answer.status, done.answer.passages) == ("not_found", ())
    assert pipeline._writer._generator.asked == []
