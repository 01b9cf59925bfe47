from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_core.query.material import cut_middle, find_topic

LOG = "\n".join(
    [
        "2026-11-30T02:08:03.123Z INFO [main] starting service pid=4711",
        *(f"2026-11-30T02:08:{n:02}.5Z INFO [pool-{n}] heartbeat ok seq={n}" for n in range(60)),
        "2026-11-30T02:09:11.000Z ERROR [flush] collection books is not loaded: load it first",
        *(f"2026-11-30T02:10:{n:02}.5Z INFO [pool-{n}] heartbeat ok seq={n}" for n in range(60)),
    ]
)


def test_head_and_tail_are_kept():
    text = "\n".join(f"line {number}" for number in range(10_000))
    cut = cut_middle(text, 1_000)
    assert len(cut) < 1_100
    assert cut.startswith("line 0\n")
    assert cut.endswith("line 9999")
    assert "characters left out" in cut


@given(st.text(), st.integers(2, 200))
def test_any_text_is_cut_to_about_its_limit(text, limit):
    cut = cut_middle(text, limit)
    assert cut == text or len(cut) <= limit + 60


@pytest.mark.parametrize(
    "material",
    [
        "How are growing segments sealed in milvus?",
        "ALERT: DataNode flush failed: segment stuck in sealed state",
        "Wie lösche ich eine Partition?",
    ],
)
def test_a_short_message_is_its_own_topic(material):
    assert find_topic(material) == material


def test_of_a_log_the_failure_is_searched_for():
    topic = find_topic(LOG)
    assert "collection books is not loaded: load it first" in topic
    assert "2026" not in topic
    assert len(topic) < 400


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("FIRING: compaction queue above 500 on querynode-3 for 15m", "compaction queue above"),
        ("[FIRING:1] HighLatency querynode p99 2500ms exceeds 1000ms", "HighLatency querynode"),
        ("CRITICAL etcd leader changed 14 times in 10m", "etcd leader changed"),
        ("2024-05-02 12:04:11 ERROR failed to load segment 449123 from disk 12", "load segment"),
        ("E0502 12:04:11 etcd: request timed out after 10 s, lease 77 revoked", "timed out"),
        ("Nov 30 02:08:03 host42 app[4711]: connection refused by 10.0.0.12", "connection refused"),
        (
            (
                "[2026/05/02 12:04:11.123 +00:00] [ERROR] [querynode/segments.go:42] memory is not"
                " enough for segment 449123 of collection 449100: 3072 MB"
            ),
            "memory is not enough for segment of collection",
        ),
        ('{"ts":1700000000.12,"level":"error","msg":"segment not found","id":449123}', "not found"),
        ('ts=1700000000 level=error msg="segment 449123 not found"', "segment not found"),
        ('10.0.0.12 - - [30/Nov/2026:02:08:03] "POST /v2/search" 503 cannot connect', "cannot"),
        ("ERROR 12:04:11 code 1100: collection not loaded", "code 1100: collection not loaded"),
        ("java.lang.OutOfMemoryError: Java heap space", "java.lang.OutOfMemoryError"),
        ("2026-05-02 12:04 Ошибка: сегмент 449123 не найден", "сегмент не найден"),
        ("2026-05-02 12:04 错误 加载失败 449123", "加载失败"),
    ],
)
def test_the_words_of_an_alert_or_log_are_searched_for(line: str, words: str):
    topic = find_topic(line)
    assert words in topic
    assert not {"449123", "4711", "10.0.0.12", "12:04:11", "1700000000"} & set(topic.split())


@pytest.mark.parametrize("level", ["FATAL", "ERROR"])
def test_of_several_lines_the_failure_is_chosen(level: str):
    failure = f"{level}: password authentication failed for user root from 10.0.0.12 port 5432"
    topic = find_topic(f"INFO starting\nWARN low\n{failure}")
    assert "password authentication failed for user root" in topic


@pytest.mark.parametrize(
    "trace",
    [
        (
            'Traceback (most recent call last):\n  File "/srv/a.py", line 42, in load\n'
            "    self._open(12)\nMilvusException: collection not loaded (code=1100)"
        ),
        (
            "java.lang.IllegalStateException: collection not loaded\n"
            "\tat io.x.Load.run(Load.java:42)\n\tat io.x.Main.main(Main.java:12)"
        ),
        (
            "panic: collection not loaded\n\ngoroutine 17 [running]:\nmain.load(0xc000012345)\n"
            "\t/srv/main.go:42 +0x1d"
        ),
    ],
)
def test_of_a_stack_trace_the_error_is_searched_for(trace: str):
    assert "collection not loaded" in find_topic(trace)


@pytest.mark.parametrize("line", ["HNSW with M 16 and ef 200, is that too much?", "TTL of 15 days"])
def test_numbers_of_what_people_write_stay(line: str):
    assert find_topic(f"hello\n{line}").endswith(line)


def test_a_question_among_other_lines_is_searched_for():
    chat = "hm, no idea\nDid you restart it?\nHow do I drop a partition?\nbump"
    assert "How do I drop a partition?" in find_topic(chat)


@pytest.mark.parametrize("material", ["", " \n\t", "----\n====", "12:30:45\n"])
def test_material_without_words_has_no_topic(material):
    assert not any(letter.isalpha() for letter in find_topic(material))


@given(st.text())
def test_any_text_has_a_short_topic(material):
    assert len(find_topic(material)) <= 500
