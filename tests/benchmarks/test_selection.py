from __future__ import annotations

from benchmarks.selection import measure
from tests.rag_core.fakes import make_chunk
from tests.rag_core.test_pipeline import build


def test_breadth_and_depth_go_against_each_other():
    parts = [
        make_chunk(f"Zebras run in part {n}.", path="en/a.md", headings=("Run",), position=n)
        for n in range(4)
    ]
    others = [make_chunk(f"Zebras on {page}.", path=f"en/{page}.md") for page in "bcdef"]
    pipeline = build("Fine.", chunks=[*parts, *others])
    found = measure(pipeline, [("Which zebras run?", {"a.md": 2, "b.md": 1})], [*parts, *others])
    assert found["1"]["depth"] == 0.25
    assert found["1"]["breadth"] >= found["5"]["breadth"]
    assert found["5"]["depth"] >= found["1"]["depth"]
    assert list(found) == ["1", "2", "3", "4", "5"]
