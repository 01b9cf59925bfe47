from __future__ import annotations

import itertools
import logging
import threading

import pytest

from rag_core.errors import LLMInterruptedError, LLMUnavailableError
from rag_core.generation.llm.client import OpenAIGenerator
from rag_core.query.rewrite import (
    REWRITE_PROMPT,
    REWRITE_SECONDS,
    Planner,
    SearchPlan,
)
from rag_core.settings import RagSettings
from rag_core.types import Question, Turn, Usage
from tests.rag_core.fakes import ScriptedGenerator

HISTORY = (
    Turn("user", "How do I create a partition?"),
    Turn("assistant", "With `create_partition` [1]."),
)
FOLLOW_UP = Question("How do I drop it?", HISTORY)
BY_WORDS = ("How do I drop it?", "How do I drop it? create partition")
GOOD = ("How do I drop it?", "How do I drop a partition?")
USAGE = Usage(50, 8)


def planned(*pieces, question=FOLLOW_UP) -> SearchPlan:
    return Planner(ScriptedGenerator(*pieces)).plan(question)


def test_the_llm_rewrites_a_follow_up_and_its_tokens_are_counted():
    plan = planned("How do I drop", " a partition?", USAGE)
    assert plan.part.forms == GOOD
    assert (plan.usage, plan.failed, plan.asked_llm) == (USAGE, False, True)


def test_the_llm_reads_the_conversation_and_has_little_time():
    generator = ScriptedGenerator("How do I drop a partition?")
    Planner(generator).plan(FOLLOW_UP)
    ((system, (turn,)),) = generator.asked
    assert system == REWRITE_PROMPT
    assert turn.text == (
        "<conversation>\n"
        "user: How do I create a partition?\n"
        "assistant: With `create_partition` [1].\n"
        "</conversation>\n\n"
        "Last message: How do I drop it?"
    )
    assert generator.patience == REWRITE_SECONDS


def test_a_long_conversation_is_cut():
    history = tuple(Turn("user", f"{number} " + "x" * 10_000) for number in range(50))
    generator = ScriptedGenerator("Fine?")
    Planner(generator).plan(Question("And?", history))
    text = generator.asked[0][1][0].text
    assert len(text) < 7_000
    assert [f"user: {number} x" in text for number in (0, 1, 39, 40, 49)] == [
        True,
        False,
        False,
        True,
        True,
    ]


def test_reasoning_is_neither_searched_nor_too_long():
    thought = "<think>" + "The question is about partitions. " * 300 + "</think>"
    assert planned(thought, "How do I drop a partition?").part.forms == GOOD


def test_several_questions_are_divided_in_the_same_call():
    generator = ScriptedGenerator("How do I drop a partition?\nWhat is a segment?")
    question = Question("How do I drop it? And what is a segment?", HISTORY)
    division = Planner(generator).plan(question).part.division
    assert division.by_llm
    assert division.first.asked == "How do I drop a partition?"
    assert division.second.asked == "What is a segment?"
    assert len(generator.asked) == 1


def test_a_first_message_with_several_questions_is_divided_by_the_llm():
    generator = ScriptedGenerator("What is a partition?\nHow do I drop a partition?")
    plan = Planner(generator).plan(Question("What is a partition? How do I drop it?"))
    assert plan.asked_llm
    assert plan.part.division.second.asked == "How do I drop a partition?"


def test_a_first_message_with_one_question_costs_no_call():
    generator = ScriptedGenerator("Never said.")
    for text in ("What is a partition?", "I have a cluster of four nodes. How do I stop it?"):
        assert not Planner(generator).plan(Question(text)).asked_llm
    assert generator.asked == []


@pytest.mark.parametrize("history", [(), (Turn("assistant", "Hello, ask me anything."),)])
def test_the_first_question_of_a_thread_stays_as_it_is(history):
    generator = ScriptedGenerator("Never said.")
    question = Question("How do I drop it?", history)
    plan = Planner(generator).plan(question)
    assert plan.part.forms == ("How do I drop it?",)
    assert (plan.failed, plan.asked_llm, generator.asked) == (False, False, [])


@pytest.mark.parametrize(
    "text", ['"How do I drop a partition?"\n', " `How do I drop a partition?`"]
)
def test_quotation_marks_around_it_are_taken_off(text):
    assert planned(text).part.forms == GOOD


def test_without_an_llm_the_words_of_the_thread_are_put_in():
    plan = Planner(None).plan(FOLLOW_UP)
    assert plan.part.forms == BY_WORDS
    assert (plan.failed, plan.asked_llm) == (False, False)


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
    plan = planned(*pieces)
    assert plan.part.forms == BY_WORDS
    assert plan.failed


def test_the_tokens_of_nonsense_are_counted_too():
    plan = planned(USAGE)
    assert (plan.part.forms, plan.usage) == (BY_WORDS, USAGE)


def test_an_llm_that_takes_too_long_is_not_waited_for(caplog):
    generator = ScriptedGenerator("How ", "do ", "I ", "drop ", "a ", "partition?")
    rewriter = Planner(generator, seconds=2, clock=itertools.count().__next__)
    with caplog.at_level(logging.WARNING):
        assert rewriter.plan(FOLLOW_UP).part.forms == BY_WORDS
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
        rewriter = Planner(stuck, seconds=0, clock=lambda: 0.0)
        assert rewriter.plan(FOLLOW_UP).part.forms == BY_WORDS
    assert "too late" in caplog.text
    assert not stuck.left.is_set()
    stuck.gate.set()
    assert stuck.left.wait(timeout=30)


def test_a_fault_of_ours_reaches_the_asker():
    with pytest.raises(KeyError):
        Planner(ScriptedGenerator(KeyError("a fault"))).plan(FOLLOW_UP)


def test_an_llm_that_is_silent_is_not_waited_for(openai_server):
    settings = RagSettings.load(
        openai_api_key=openai_server.api_key, openai_base_url=openai_server.base_url
    )
    gate = openai_server.hold()
    rewriter = Planner(OpenAIGenerator(settings), seconds=0.2)
    assert rewriter.plan(FOLLOW_UP).part.forms == BY_WORDS
    gate.open()
