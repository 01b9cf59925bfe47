from __future__ import annotations

import itertools
import logging
import threading

import pytest

from rag_core.errors import LLMInterruptedError, LLMUnavailableError
from rag_core.generation.llm import OpenAIGenerator
from rag_core.query.rewrite import (
    REWRITE_PROMPT,
    REWRITE_SECONDS,
    QuestionRewriter,
    RewrittenQuestion,
)
from rag_core.settings import RagSettings
from rag_core.types import Question, Turn, Usage
from tests.rag_core.fakes import ScriptedGenerator

HISTORY = (
    Turn("user", "How do I create a partition?"),
    Turn("assistant", "With `create_partition` [1]."),
)
FOLLOW_UP = Question("How do I drop it?", HISTORY)
BY_WORDS = "How do I drop it? create partition"
USAGE = Usage(50, 8)


def rewritten(*pieces, question=FOLLOW_UP) -> RewrittenQuestion:
    return QuestionRewriter(ScriptedGenerator(*pieces)).rewrite(question)


def test_the_llm_rewrites_a_follow_up_and_its_tokens_are_counted():
    assert rewritten("How do I drop", " a partition?", USAGE) == RewrittenQuestion(
        "How do I drop a partition?", USAGE
    )


def test_the_llm_reads_the_conversation_and_has_little_time():
    generator = ScriptedGenerator("How do I drop a partition?")
    QuestionRewriter(generator).rewrite(FOLLOW_UP)
    ((system, (turn,)),) = generator.asked
    assert system == REWRITE_PROMPT
    assert turn.text == (
        "<conversation>\n"
        "user: How do I create a partition?\n"
        "assistant: With `create_partition` [1].\n"
        "</conversation>\n\n"
        "Last question: How do I drop it?"
    )
    assert generator.patience == REWRITE_SECONDS


def test_a_long_conversation_is_cut():
    history = tuple(Turn("user", f"{number} " + "x" * 10_000) for number in range(50))
    generator = ScriptedGenerator("Fine?")
    QuestionRewriter(generator).rewrite(Question("And?", history))
    assert len(generator.asked[0][1][0].text) < 5_000
    assert "user: 49 x" in generator.asked[0][1][0].text


@pytest.mark.parametrize("history", [(), (Turn("assistant", "Hello, ask me anything."),)])
def test_the_first_question_of_a_thread_stays_as_it_is(history):
    generator = ScriptedGenerator("Never said.")
    question = Question("How do I drop it?", history)
    assert QuestionRewriter(generator).rewrite(question) == RewrittenQuestion("How do I drop it?")
    assert generator.asked == []


@pytest.mark.parametrize(
    "text", ['"How do I drop a partition?"\n', " `How do I drop a partition?`"]
)
def test_quotation_marks_around_it_are_taken_off(text):
    assert rewritten(text).text == "How do I drop a partition?"


def test_without_an_llm_the_words_of_the_thread_are_put_in():
    assert QuestionRewriter(None).rewrite(FOLLOW_UP) == RewrittenQuestion(BY_WORDS)


@pytest.mark.parametrize(
    "pieces",
    [
        (),
        ("",),
        (' "\n" ',),
        ("To drop a partition, call drop_partition. " * 20,),
        (LLMUnavailableError("down"),),
        ("How do I", LLMInterruptedError("cut off")),
    ],
)
def test_nonsense_and_failure_leave_the_words_of_the_thread(pieces):
    assert rewritten(*pieces).text == BY_WORDS


def test_the_tokens_of_nonsense_are_counted_too():
    assert rewritten(USAGE) == RewrittenQuestion(BY_WORDS, USAGE)


def test_an_llm_that_takes_too_long_is_not_waited_for(caplog):
    generator = ScriptedGenerator("How ", "do ", "I ", "drop ", "a ", "partition?")
    rewriter = QuestionRewriter(generator, seconds=2, clock=itertools.count().__next__)
    with caplog.at_level(logging.WARNING):
        assert rewriter.rewrite(FOLLOW_UP).text == BY_WORDS
    assert generator.given < 6
    assert generator.closed
    assert "too late" in caplog.text


class Stuck(ScriptedGenerator):
    """An LLM that says one word, and then keeps its line open without another."""

    def __init__(self) -> None:
        super().__init__("How ")
        self.gate, self.left = threading.Event(), threading.Event()

    def generate(self, *asked, **options):
        try:
            yield from super().generate(*asked, **options)
            self.gate.wait()
            yield "late?"
        finally:
            self.left.set()


def test_the_wait_for_a_server_that_hangs_ends_in_time(caplog):
    stuck = Stuck()
    with caplog.at_level(logging.WARNING):
        rewriter = QuestionRewriter(stuck, seconds=0, clock=lambda: 0.0)
        assert rewriter.rewrite(FOLLOW_UP) == RewrittenQuestion(BY_WORDS)
    assert "too late" in caplog.text
    assert not stuck.left.is_set()
    stuck.gate.set()
    assert stuck.left.wait(timeout=30)


def test_a_fault_of_ours_reaches_the_asker():
    with pytest.raises(KeyError):
        QuestionRewriter(ScriptedGenerator(KeyError("a fault"))).rewrite(FOLLOW_UP)


def test_an_llm_that_is_silent_is_not_waited_for(openai_server):
    settings = RagSettings.load(
        openai_api_key=openai_server.api_key, openai_base_url=openai_server.base_url
    )
    gate = openai_server.hold()
    rewriter = QuestionRewriter(OpenAIGenerator(settings), seconds=0.2)
    assert rewriter.rewrite(FOLLOW_UP).text == BY_WORDS
    gate.open()
