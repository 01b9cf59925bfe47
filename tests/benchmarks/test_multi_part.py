from __future__ import annotations

from itertools import islice

import pytest

from benchmarks.harness.domains import CORPORA
from benchmarks.multi_part import WAYS, Pair, count_parts, join_pairs, single_messages
from rag_core.query.segments import split_message

FOUND = [
    ("How do I drop a partition?", {"partitions.md": 2}),
    ("MinIO is full", {"minio.md": 2}),
    ("I need HNSW", {"index.md": 1, "hnsw.md": 2}),
    ("How do I release a partition?", {"partitions.md": 1}),
]


def test_pairs_are_always_the_same_and_never_about_one_page():
    pairs = list(join_pairs(FOUND, count=20, seed=1))
    assert pairs == list(join_pairs(FOUND, count=20, seed=1))
    assert pairs != list(join_pairs(FOUND, count=20, seed=2))
    assert all(pair.first.isdisjoint(pair.second) for pair in pairs)
    assert [pair.way for pair in islice(pairs, 5)] == list(WAYS)


@pytest.mark.parametrize(
    ("way", "message"),
    [
        ("two sentences", "How do I drop it? MinIO is full."),
        ("and", "How do I drop it and MinIO is full"),
        ("lines", "How do I drop it?\nMinIO is full"),
        ("numbered", "1. How do I drop it?\n2. MinIO is full"),
        ("numbered in a line", "1) How do I drop it? 2) MinIO is full"),
    ],
)
def test_questions_are_joined_as_people_write(way, message):
    assert WAYS[way]("How do I drop it?", "MinIO is full") == message


def test_the_second_question_of_a_sentence_begins_small():
    assert WAYS["and"]("What is it?", "Where is it?") == "What is it and where is it?"
    assert WAYS["and"]("What is it?", "I need it") == "What is it and I need it"


def test_a_pair_counts_with_a_page_of_each():
    pair = Pair("Both?", {"a.md"}, {"b.md", "c.md"}, "and")
    assert pair.counts(["c.md", "x.md", "a.md"])
    assert not pair.counts(["a.md", "x.md"])
    assert not pair.counts(["b.md", "c.md"])


def test_the_single_messages_in_sentences_could_be_divided():
    for name in CORPORA:
        messages = [message for message in single_messages(name) if "\n" not in message]
        assert len(messages) >= 12
        assert sum(len(split_message(message)) > 1 for message in messages) > len(messages) / 2


def test_the_single_messages_in_lines_are_whole():
    for name in CORPORA:
        messages = [message for message in single_messages(name) if "\n" in message]
        assert len(messages) == 10
        assert [message for message in messages if len(split_message(message)) > 1] == []


def test_lines_of_a_message_are_no_parts():
    message = "OS: Linux\nHow do I drop it?"
    assert count_parts(message, message) == 1
    assert count_parts("How? And\nwhy?", "How?\nAnd why?") == 2
