"""Problems are told once, whichever process meets them, and their end once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine

from bot.storage import tables
from bot.storage.problems import Problems

KEY = "The server of the language model refuses the key (401): set OPENAI_API_KEY."


@pytest.fixture
def engine(engine: Engine) -> Engine:
    tables.ensure_bot_tables(engine)
    return engine


def test_a_problem_is_told_by_one_of_many_processes(engine: Engine):
    def meet(_: int) -> bool:
        problems = Problems(engine)
        problems.record("llm", KEY)
        return problems.take_untold("llm")

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(meet, range(24))) == 1
    [problem] = Problems(engine).list_current()
    assert (problem.service, problem.text, problem.is_told) == ("llm", KEY, True)


def test_its_end_is_known_to_one_of_many_processes(engine: Engine):
    Problems(engine).record("milvus", "No Milvus answers.")
    with ThreadPoolExecutor(8) as pool:
        ended = list(pool.map(lambda _: Problems(engine).end("milvus"), range(8)))
    assert [each.text for each in ended if each] == ["No Milvus answers."]
    assert Problems(engine).list_current() == ()


@pytest.mark.parametrize(
    ("text", "is_news"),
    [
        (KEY, False),
        (KEY.replace("401", "403"), True),
        ("The model gpt-6-luna is not known there: set DOCENT_LLM_MODEL.", True),
    ],
)
def test_only_another_problem_of_the_service_is_told_again(
    engine: Engine, text: str, is_news: bool
):
    problems = Problems(engine)
    problems.record("llm", KEY)
    problems.take_untold("llm")
    [before] = problems.list_current()
    problems.record("llm", text)
    [after] = problems.list_current()
    assert (after.text, after.since) == (text, before.since)
    assert problems.take_untold("llm") is is_news


def test_numbers_that_vary_make_no_other_problem(engine: Engine):
    problems = Problems(engine)
    problems.record("llm", "The LLM is over its limit (429): it asks to wait 20.5 s, for 3 calls.")
    problems.take_untold("llm")
    problems.record("llm", "The LLM is over its limit (429): it asks to wait 3 s, for 12 calls.")
    assert not problems.take_untold("llm")
    assert "3 s" in problems.list_current()[0].text


def test_a_message_that_was_not_taken_is_told_again(engine: Engine):
    problems = Problems(engine)
    problems.record("llm", KEY)
    assert problems.take_untold("llm")
    problems.mark_untold("llm")
    assert problems.take_untold("llm")


def test_what_is_not_there_is_not_told(engine: Engine):
    assert not Problems(engine).take_untold("llm")
    assert Problems(engine).end("llm") is None
