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


def test_a_question_among_other_lines_is_searched_for():
    chat = "hm, no idea\nDid you restart it?\nHow do I drop a partition?\nbump"
    assert "How do I drop a partition?" in find_topic(chat)


@pytest.mark.parametrize("material", ["", " \n\t", "----\n====", "12:30:45\n"])
def test_material_without_words_has_no_topic(material):
    assert not any(letter.isalpha() for letter in find_topic(material))


@given(st.text())
def test_any_text_has_a_short_topic(material):
    assert len(find_topic(material)) <= 500
