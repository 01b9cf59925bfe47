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
        ("请问如何创建集合?如何启用TLS?", ["请问如何创建集合?", "如何启用TLS?"]),
        ("tls setup\nbackup\nattu", ["tls setup", "backup", "attu"]),
        ("- TLS setup\n- backup of etcd", ["TLS setup", "backup of etcd"]),
        ("I have some questions:\n- TLS setup\n- backup of etcd", ["TLS setup", "backup of etcd"]),
        ("How do I enable:\n- TLS\n- RBAC", ["How do I enable TLS", "How do I enable RBAC"]),
        ("What is the most (1) of collections (2) of partitions?",
         ["What is the most of collections", "What is the most of partitions?"]),
        ("Two things: where are the logs? How do I rotate them?",
         ["where are the logs?", "How do I rotate them?"]),
        ("We use this:\nreplicas: 3\nHow do I add memory? How do I enable TLS?",
         ["We use this: replicas: 3 How do I add memory?", "How do I enable TLS?"]),
        ("Why does it fail?\nE: [ERROR] boom\nHow do I enable TLS?",
         ["Why does it fail? E: [ERROR] boom", "How do I enable TLS?"]),
        ("My setup:\n- Ray 2.6\n- 3 nodes\nHow do I drop one?\nWhat is nprobe for?",
         ["My setup: Ray 2.6 3 nodes How do I drop one?", "What is nprobe for?"]),
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


@pytest.mark.parametrize(
    "message",
    [
        "My setup:\n- 3 nodes\n- 8 GPUs each\n- Ray 2.6\nHow do I place one actor per GPU?",
        "How do I place one actor per GPU?\nMy setup:\n- 3 nodes\n- 8 GPUs each",
        (
            "Environment:\n- Milvus version: 2.4.1\n- Deployment mode: cluster\n\n"
            "The pods restart with OOMKilled. How do I give them more memory?"
        ),
        "Why do I get this?\n- OS: Ubuntu\n- RAM: 8 GB",
        "OS: Ubuntu\nRAM: 8 GB\nIs this enough?",
        "What should I do after these steps?\n1. Install helm\n2. Install the operator",
        "What is wrong?\nNAME  READY  STATUS\nmilvus-0  0/1  CrashLoopBackOff",
        "What I did:\n1. Installed the operator\n2. Created a cluster\nWhy does it hang?",
        "Meine Umgebung:\n- drei Knoten\n- Kubernetes\nWie aktiviere ich TLS?",
        "环境：\n- 三个节点\n- 集群模式\n如何启用TLS？",
        (
            'Why do I get this?\nTraceback (most recent call last):\n  File "a.py", line 3, in f\n'
            "    client = Client(uri)\nMilvusException: fail. Is it up?"
        ),
        "2024-05-01 12:00:01 ERROR it failed\n2024-05-01 12:00:02 WARN retrying\nWhat is wrong?",
        "How do I get a header?\n@app.get('/items')\nasync def read(q: str):\n    return q",
        "How do I set the size?\ndataCoord:\n  segment:\n    maxSize: 512\nlimit = 3",
        "1. I started the head\n2. I joined two workers\n3. I see nothing\nWhere are the logs?",
    ],
)
def test_facts_steps_logs_and_code_stay_with_their_question(message):
    (segment,) = split_message(message)
    assert segment.text.split() == [
        word for word in message.split() if word not in {"-", "1.", "2.", "3."}
    ]


def test_lines_that_tell_are_no_items():
    first, second = split_message("When I insert, Milvus crashes at once.\nHow do I fix it?")
    assert (first.asks, first.is_item, second.asks) == (False, False, True)


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
