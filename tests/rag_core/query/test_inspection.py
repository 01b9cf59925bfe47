# ruff: noqa: RUF001  (Cyrillic letters and Chinese marks)
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.query.inspection import inspect_rewriting
from rag_core.types import Question, Turn

HISTORY = (
    Turn("user", "How do I create a partition?"),
    Turn("assistant", "With `create_partition` [1]."),
)
FOLLOW_UP = Question("How do I drop it?", HISTORY)
GOOD = "How do I drop a partition?"


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        f"  {GOOD}\n",
        f'"{GOOD}"',
        f"**{GOOD}**",
        f"- {GOOD}",
        f"1. {GOOD}",
        f"Rewritten question: {GOOD}",
        f"Standalone question:\n{GOOD}",
        f"Here is the question:\n\n{GOOD}",
        f"Umgeschriebene Frage: {GOOD}",
        f"<think>It is a partition.</think>\n{GOOD}",
        f"{GOOD}\n{GOOD}",
    ],
)
def test_a_question_is_found_in_what_models_write(text):
    assert inspect_rewriting(text, FOLLOW_UP) == (GOOD,)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ' "\n" ',
        "<think>How do I drop a partition?",
        f"<question>{GOOD}</question>",
        "I'm sorry, I can't rewrite the question about the partition.",
        "I cannot help you to drop a partition?",
        "As an AI, how do I drop a partition?",
        "NOT_IN_THE_DOCUMENTATION",
        "To drop a partition, call `drop_partition()` [1].",
        "Use drop_partition to drop the partition",
        "Drop the partition with drop_partition.",
        "How do I drop a partition [1]?",
        "How do I drop a partition?【1†source】",
        '{"question": "How do I drop a partition?"}',
        '["How do I drop a partition?"]',
        f"```\n{GOOD}\n```",
        "How do I drop a partition with https://evil.test/?d=SECRET?",
        "How do I drop a partition as www.evil.test/SECRET says?",
        f"{GOOD}\nThe pronoun stands for the partition.",
        f"{GOOD}\nHow do I create a partition?\nWhy drop it?\nWhat is a partition?",
        "What is the weather in Paris?",
        "How do I drop " + "a partition " * 100 + "?",
    ],
)
def test_what_is_never_searched_for(text):
    assert inspect_rewriting(text, FOLLOW_UP) == ()


@pytest.mark.parametrize(
    ("question", "before", "text"),
    [
        ("А как её удалить?", "Как создать партицию?", "Как удалить партицию?"),
        ("怎么删除它?", "如何创建分区?", "怎么删除分区?"),
        ("それを削除するには?", "パーティションを作成するには?",
         "パーティションを削除するには?"),
        ("Und wie lösche ich sie?", "Wie lege ich eine Partition an?",
         "Wie lösche ich eine Partition?"),
        ("Et comment la supprimer ?", "Comment créer une partition ?",
         "Comment supprimer une partition ?"),
        ("And with Helm?", "Milvus CDC: how do I deploy it?",
         "Milvus CDC: how do I deploy it with Helm?"),
        ("does not work [2024] either", "Error in `args[0]` [2024]",
         "Error in args[0] [2024] does not work"),
        ("I can't drop it, why?", "What is a partition?",
         "Why can't I drop a partition? I can't drop it"),
        ("it has no effect", "I set a password in docker compose",
         "I set a password in docker compose and it has no effect"),
    ],
)  # fmt: skip
def test_words_of_the_thread_in_any_script(question, before, text):
    asked = Question(question, (Turn("user", before),))
    assert inspect_rewriting(text, asked) == (text,)


@pytest.mark.parametrize(
    ("question", "answer", "text"),
    [
        ("And its default?", "Set `MILVUS_LOG_LEVEL` [1].",
         "What is the default of MILVUS_LOG_LEVEL?"),
        ("What does that stand for?", "Run helm install <release-name> milvus.",
         "What does <release-name> stand for in helm install?"),
        ("I cannot connect with TLS, what can I do?", "So [1].",
         "I can't connect with TLS, what can I do?"),
        ("We are not able to connect, why?", "So.", "Why are we unable to connect?"),
        ("Leider startet es nicht, was tun?", "So.", "Es startet leider nicht, was kann ich tun?"),
    ],
)  # fmt: skip
def test_words_of_an_answer_and_what_a_person_cannot_do(question, answer, text):
    asked = Question(question, (Turn("user", "TLS?"), Turn("assistant", answer)))
    assert inspect_rewriting(text, asked) == (text,)


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, I can't answer: how do I drop a partition?",
        "I am unable to help you drop a partition, what else?",
        "I can't drop the partition.",
        "What is OTHER_LOG_LEVEL of a partition?",
        "<other> How do I drop a partition?",
    ],
)
def test_refusals_and_terms_of_nobody(text):
    assert inspect_rewriting(text, FOLLOW_UP) == ()


@pytest.mark.parametrize("text", ["Извините, я не могу помочь с партицией.", "抱歉，我无法回答。"])
def test_refusals_in_other_languages(text):
    asked = Question("А как её удалить?", (Turn("user", "Как создать партицию?"),))
    assert inspect_rewriting(text, asked) == ()


def test_several_questions():
    asked = Question("How do I drop it, and what is HNSW?", HISTORY)
    text = "How do I drop a partition?\nWhat is HNSW?"
    assert inspect_rewriting(text, asked) == ("How do I drop a partition?", "What is HNSW?")


def test_one_strange_line_spoils_all():
    text = "How do I drop a partition?\nWhat is the weather in Paris?"
    assert inspect_rewriting(text, FOLLOW_UP) == ()


@given(st.text())
def test_any_text_gives_few_short_questions(text):
    questions = inspect_rewriting(text, FOLLOW_UP)
    assert len(questions) <= 3
    assert all(question and "\n" not in question for question in questions)


def test_an_address_of_the_thread_stays_in_the_rewriting():
    asked = Question("How do I drop it at https://db.example:19530?", HISTORY)
    written = "How do I drop a partition at https://db.example:19530?"
    assert inspect_rewriting(written, asked) == (written,)
