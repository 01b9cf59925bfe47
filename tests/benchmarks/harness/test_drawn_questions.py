from __future__ import annotations

from benchmarks.harness.drawn_questions import draw_headings, draw_pastes
from tests.rag_core.fakes import make_chunk

CODE = "Run it:\n\n```text\nMilvusException: lease 4711 was lost by node seven\n```\n"
CHUNKS = [
    make_chunk("Text.", path="a.md", headings=("How it begins",)),
    make_chunk("Text.", path="b.md", headings=("How to go on",)),
    make_chunk("Text.", path="c.md", headings=("How to go on",)),
    make_chunk("Text.", path="d.md", headings=("Short",)),
    make_chunk(CODE, path="e.md"),
]


def test_headings_that_one_page_has():
    drawn = draw_headings(CHUNKS)
    assert [each.text for each in drawn.questions] == ["How it begins"]
    assert drawn.grades[drawn.questions[0].id] == {"a.md": 1}


def test_lines_of_code_that_one_page_has():
    [question] = draw_pastes(CHUNKS).questions
    assert "MilvusException: lease 4711 was lost by node seven" in question.text
