from __future__ import annotations

from benchmarks.bm25 import AskedSet, WordIndex, measure
from rag_core.evaluation.files import EvaluationQuestion
from rag_core.evaluation.judgements import match_judgements
from tests.rag_core.fakes import make_chunk

CHUNKS = [
    make_chunk("Zebras run.", path="a.md"),
    make_chunk("Zebras run and run and run again.", path="b.md", position=1),
    make_chunk("Logs go to a broker.", path="c.md"),
]


def test_search_is_by_rank_and_finds_only_what_has_a_term():
    words = WordIndex(CHUNKS)
    assert [chunk.path for chunk in words.search("run", 2.0, 0.1)] == ["b.md", "a.md"]
    assert words.search("zebra broker broker", 1.2, 0.75)[0].path == "c.md"
    assert words.search("unicorn", 1.2, 0.75) == []


def test_each_domain_is_left_out_once():
    questions = [EvaluationQuestion("1", "Where do logs go?")]
    judgements = match_judgements(questions, {"1": {"c.md": 1}}, CHUNKS, level="page")
    asked = AskedSet(WordIndex(CHUNKS), judgements)
    found = measure({"one": asked, "two": asked, "faq": asked}, ["one", "two"])
    assert set(found["left_out"]) == {"one", "two"}
    assert found["by_numbers"]["1.2, 0.75"] == {"one": 1.0, "two": 1.0, "faq": 1.0}
    assert found["every_word_counts_once"]["faq"] == 1.0
