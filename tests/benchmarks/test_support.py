from __future__ import annotations

from benchmarks.support import measure
from tests.rag_core.fakes import HashEmbedder, make_chunk

TOPICS = ("Storage", "Users", "Logs", "Indexes")


def test_it_measures_true_and_false_pairs():
    pages = [
        [
            make_chunk(
                f"The {topic.lower()} {number} of this system are explained here, at some length.",
                path=f"{topic}.md",
                title=topic,
                position=number,
            )
            for number in range(3)
        ]
        for topic in TOPICS
    ]
    found = measure(HashEmbedder(), pages, pairs=8)
    assert found["pairs"] == 8
    assert found["true_lost"] == 0
    assert found["true"]["p50"] > found["other_page"]["p50"]
