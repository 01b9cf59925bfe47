# ruff: noqa: RUF001  (Cyrillic letters and Chinese marks)
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.query.segments import MOST_SEGMENTS, count_questions, split_message


def texts(message: str) -> list[str]:
    return [segment.text for segment in split_message(message)]


@pytest.mark.parametrize(
    ("message", "segments"),
    [
        ("How do I drop a partition? What is HNSW?",
         ["How do I drop a partition?", "What is HNSW?"]),
        ("How do I drop a partition and what is HNSW?",
         ["How do I drop a partition", "what is HNSW?"]),
        ("How do I back up, and also how do I restore?", ["How do I back up", "how do I restore?"]),
        ("How do I drop a partition\nwhat is nprobe",
         ["How do I drop a partition", "what is nprobe"]),
        ("1) How do I drop one 2) what is nprobe", ["How do I drop one", "what is nprobe"]),
        ("(1) drop a partition (2) use nprobe", ["drop a partition", "use nprobe"]),
        ("- drop a partition\n- use nprobe", ["drop a partition", "use nprobe"]),
        ("Two questions:\n\n1. How do I back up?\n\n2. What is HNSW?",
         ["How do I back up?", "What is HNSW?"]),
        ("Wie installiere ich Milvus und wie lösche ich eine Collection?",
         ["Wie installiere ich Milvus", "wie lösche ich eine Collection?"]),
        ("Как установить Milvus и как удалить коллекцию?",
         ["Как установить Milvus", "как удалить коллекцию?"]),
        ("Comment installer Milvus et comment supprimer une collection ?",
         ["Comment installer Milvus", "comment supprimer une collection ?"]),
        ("如何安装 Milvus？如何删除集合？", ["如何安装 Milvus？", "如何删除集合？"]),
        ("如何安装 Milvus，以及如何删除集合", ["如何安装 Milvus", "如何删除集合"]),
        ("Milvus をインストールするには？バックアップの方法は？",
         ["Milvus をインストールするには？", "バックアップの方法は？"]),
        ("Searches find nothing at once. How do I reduce the lag?",
         ["Searches find nothing at once.", "How do I reduce the lag?"]),
    ],
)  # fmt: skip
def test_where_a_message_may_be_divided(message, segments):
    assert texts(message) == segments


@pytest.mark.parametrize(
    "message",
    [
        "What is the difference between IVF_FLAT and IVF_SQ8?",
        "How do I set a user name and a password?",
        "How do I create and drop a collection?",
        'Does `a. B? C` work with "How? What?" in v2.4?',
        "Is Milvus 2. Something supported, e.g. 2.4?",
        "What is HNSW? Why?",
        "Hi! How do I upgrade?",
        "Thanks. How do I upgrade?",
        "Set it to port 1. What then",
        "Was ist der Unterschied zwischen FLAT und HNSW?",
        "Что такое HNSW и DiskANN?",
        "集合和分区有什么区别?",
        "See https://example.org/what?is=1&how=2 for it",
        "",
        " \n ",
    ],
)
def test_what_is_one_question(message):
    assert len(texts(message)) <= 1 or not message.strip()


def test_code_is_never_divided():
    message = "Why does this fail?\n```\na = 1. B\nhow = 2\n```\nIs it a bug in Milvus?"
    assert any("a = 1. B" in text and "how = 2" in text for text in texts(message))


def test_signs_of_a_segment():
    first, second = split_message("1. How do I drop a partition?\n2. using nprobe")
    assert (first.asks, first.opens_line, first.is_item) == (True, True, True)
    assert (second.asks, second.opens_line, second.is_item) == (False, True, True)
    assert count_questions((first, second)) == 2
    context, question = split_message("Searches find nothing at once. How do I reduce the lag?")
    assert (context.asks, question.asks, question.opens_line) == (False, True, False)


def test_a_long_message_keeps_its_questions_apart():
    message = "We run Milvus on AWS. It has four nodes. Data comes from Kafka. " * 3
    segments = split_message(f"{message}How do I scale? {message}How do I back up?")
    assert len(segments) <= MOST_SEGMENTS
    assert [segment for segment in segments if segment.asks][-1].text.endswith("I back up?")


@pytest.mark.parametrize(
    "message",
    ["\n" * 4_000, " " * 4_000, "? " * 2_000, "and how " * 500, "1. " * 1_300, "「" * 4_000],
)
def test_strange_messages_stay_small(message):
    assert len(split_message(message)) <= MOST_SEGMENTS


@given(st.text())
def test_nothing_is_invented(message):
    rest = message
    for segment in split_message(message):
        for word in segment.text.split():
            assert word in rest
