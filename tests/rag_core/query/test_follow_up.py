from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.query.follow_up import add_topic_words, needs_context
from rag_core.types import Question, Turn


def asked(*texts: str) -> tuple[Turn, ...]:
    return tuple(
        turn for text in texts for turn in (Turn("user", text), Turn("assistant", "Like this."))
    )


@pytest.mark.parametrize(
    "text",
    [
        "How do I drop it again?",
        "And on Azure?",
        "What about user names and passwords in the cluster?",
        "Which ones are supported?",
        "Why?",
        "",
        "Wie kann man sie wieder löschen?",
        "Und mit Helm im Cluster auf Azure?",
        "Как её удалить без потери данных кластера?",
        "А на Azure с тремя узлами кластера?",  # noqa: RUF001
        "它支持哪些索引类型和距离度量?",
        "那 Kafka 怎么配置在集群中?",
        "Kafka 集群的消息存储呢?",
    ],
)
def test_a_question_that_leans_on_its_thread(text):
    assert needs_context(text)


@pytest.mark.parametrize(
    "text",
    [
        "How do I back up a collection with the command line?",
        "Why does Milvus return fewer results than the limit?",
        "Which similarity metrics exist for binary vectors?",
        "Wie installiere ich Milvus mit Docker Compose?",
        "Как установить Milvus через Docker Compose?",
        "如何使用命令行工具备份集合数据?",
    ],
)
def test_a_question_that_stands_alone(text):
    assert not needs_context(text)


def test_the_words_of_the_question_before_are_put_in():
    question = Question("How do I drop it again?", asked("How do I create a partition key?"))
    assert add_topic_words(question) == "How do I drop it again? create partition key"


def test_the_last_question_comes_first_and_each_word_once():
    history = asked("Who made Milvus?", "What is a partition?", "Can a Partition have an index?")
    assert add_topic_words(Question("And its index?", history)) == "And its index? Partition"


def test_two_questions_back_are_read():
    question = Question("And with Helm?", asked("Can I use Kafka?", "How is it set up?"))
    assert add_topic_words(question) == "And with Helm? set Kafka"


def test_names_and_versions_stay_whole():
    question = Question("Why is that?", asked("Is pymilvus 2.4.3 slow with gpu-index on node_1?"))
    assert add_topic_words(question) == "Why is that? pymilvus 2.4.3 slow gpu-index node_1"


def test_chinese_is_put_in_by_the_phrase():
    question = Question("它支持哪些?", asked("什么是稀疏向量?"))
    assert add_topic_words(question) == "它支持哪些? 什么是稀疏向量"


def test_a_question_of_its_own_stays_as_it_is():
    question = Question("How do I configure access logs in Milvus?", asked("What is HNSW?"))
    assert add_topic_words(question) == question.text


def test_a_long_question_before_gives_a_few_words_only():
    words = " ".join(f"word{number}" for number in range(100))
    assert add_topic_words(Question("And?", asked(words))).split()[1:] == words.split()[:12]


@given(st.text(), st.lists(st.text(), max_size=3))
def test_any_thread_keeps_the_question_in_front(text, before):
    assert add_topic_words(Question(text, asked(*before))).startswith(text)
