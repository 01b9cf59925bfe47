# ruff: noqa: RUF001  (Cyrillic letters, Chinese and Japanese marks)
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.query.follow_up import (
    add_topic_words,
    find_signs,
    list_content_words,
    strip_opener,
)
from rag_core.types import Turn


def asked(*texts: str) -> tuple[Turn, ...]:
    return tuple(
        turn for text in texts for turn in (Turn("user", text), Turn("assistant", "Like this."))
    )


@pytest.mark.parametrize(
    "text",
    [
        "How do I drop it again?",
        "How many workers should I start there?",
        "How do I move my data from there to a cluster?",
        "How do I see its logs?",
        "How do I show that in Grafana?",
        "Is that possible with Helm?",
        "Wie kann man sie wieder löschen?",
        "Welche Parameter hat er?",
        "Как её удалить без потери данных кластера?",
        "它支持哪些索引类型和距离度量?",
        "Kafka 集群的消息存储呢?",
        "それを削除するには?",
        "Quels paramètres a-t-il ?",
    ],
)
def test_a_pronoun_that_stands_for_something_said_before(text):
    assert find_signs(text).pronoun


@pytest.mark.parametrize(
    "text",
    [
        "Is there a limit on the number of collections?",
        "Are there GPU indexes?",
        "There must be a way to return HTML.",
        "Is it possible to import Parquet files?",
        "Does it make sense to run behind Nginx?",
        "Does it rain?",
        "It is raining.",
        "Which mirror should one use?",
        "What is the so-called growing segment?",
        "Gibt es ein Limit für Collections?",
        "Es gibt einen Fehler mit AVX2.",
        "Ist es möglich, Pulsar zu ersetzen?",
        "Y a-t-il une limite ?",
        "Est-il possible de remplacer Pulsar ?",
        "Il y a une erreur AVX2.",
        "除了 Pulsar 还支持其他 message storage 吗?",
        "其他人如何使用?",
        "その他のオプションはありますか?",
        "Можно ли заменить Pulsar на Kafka?",
        "C++",
        "",
    ],
)
def test_expletives_and_other_words_are_no_pronouns(text):
    assert not find_signs(text).pronoun


@pytest.mark.parametrize(
    "text",
    ["And on Azure?", "What about Cohere?", "Und mit GPU?", "А через Docker?", "那 GPU 呢?",
     "Et avec un GPU ?", "では GPU は?"],
)  # fmt: skip
def test_the_rest_of_a_sentence_opens_like_one(text):
    assert find_signs(text).opener


@pytest.mark.parametrize(
    "text", ["So-called segments?", "Android?", "Sources of data", "Et cetera?"[3:], "那些索引?"]
)
def test_other_words_open_nothing(text):
    assert not find_signs(text).opener


@pytest.mark.parametrize("text", ["etcd", "DiskANN?", "usage statistics", "C++"])
def test_a_name_alone_is_bare(text):
    assert find_signs(text).bare


@pytest.mark.parametrize("text", ["Why?", "What is etcd?", "怎么安装?", "nprobe の意味は?", ""])
def test_a_sentence_is_not_bare(text):
    assert not find_signs(text).bare


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("How do I install C++ and the C# client?", ["install", "C++", "C#", "client"]),
        ("Wie lösche ich eine Partition?", ["lösche", "Partition"]),
        ("Что такое time tick?", ["такое", "time", "tick"][1:]),
        ("什么是稀疏向量?", ["稀疏向量"]),
        ("コレクションをロードするには?", ["コレクション", "ロード"]),
        ("Is pymilvus 2.4.3 slow with gpu-index on node_1?",
         ["pymilvus", "2.4.3", "slow", "gpu-index", "node_1"]),
        ("What is it?", []),
    ],
)  # fmt: skip
def test_content_words_in_any_script(text, words):
    assert [word for word in list_content_words(text) if word != "такое"] == words


def test_the_words_of_the_question_before_are_put_in():
    history = asked("How do I create a partition key?")
    assert add_topic_words("How do I drop it?", history) == "How do I drop it? create partition key"


def test_the_last_question_comes_first_and_each_word_once():
    history = asked("Who made Milvus?", "What is a partition?", "Can a Partition have an index?")
    assert add_topic_words("And its index?", history) == "And its index? Partition made Milvus"


def test_the_first_message_of_a_thread_is_always_read():
    history = asked("How do I drop a loaded partition?", *["hm, no idea"] * 9, "anybody?", "bump")
    words = add_topic_words("Can you answer the question above?", history).split()
    assert {"drop", "loaded", "partition"} <= set(words)


def test_two_questions_back_are_read():
    history = asked("Can I use Kafka?", "How is it set up?")
    assert add_topic_words("And with Helm?", history) == "And with Helm? set Kafka"


def test_a_long_question_before_gives_a_few_words_only():
    words = " ".join(f"word{number}" for number in range(100))
    assert add_topic_words("And?", asked(words)).split()[1:] == words.split()[:12]


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("And how do I delete it?", "how do I delete it?"),
        ("также как удалить?", "как удалить?"),
        ("还有, 如何删除?", "如何删除?"),
        ("Android?", "Android?"),
        ("and", "and"),
    ],
)
def test_a_connective_is_taken_off(text, rest):
    assert strip_opener(text) == rest


@given(st.text(), st.lists(st.text(), max_size=3))
def test_any_thread_keeps_the_question_in_front(text, before):
    assert add_topic_words(text, asked(*before)).startswith(text)
    assert len(find_signs(text).values) == 4
