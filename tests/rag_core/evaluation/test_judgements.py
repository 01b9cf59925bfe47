from __future__ import annotations

import pytest

from rag_core.errors import EvaluationError
from rag_core.evaluation.files import EvaluationQuestion
from rag_core.evaluation.judgements import match_judgements
from tests.rag_core.fakes import make_chunk

QUESTIONS = [EvaluationQuestion("q1", "Where?"), EvaluationQuestion("q2", "Why?")]
CHUNKS = [
    make_chunk("a", path="en/faq/x.md"),
    make_chunk("b", path="en/faq/x.md", position=1),
    make_chunk("c", path="y.md"),
]


def test_a_page_is_found_by_the_end_of_its_path_and_counts_once():
    judged = match_judgements(
        QUESTIONS, {"q1": {"faq/x.md": 1, "gone.md": 2}}, CHUNKS, level="page"
    )
    assert judged.list_ranked_names(reversed(CHUNKS)) == ["y.md", "faq/x.md"]
    assert [question.id for question in judged.questions] == ["q1"]
    assert judged.absent == ("gone.md",)


def test_half_a_name_is_another_page():
    with pytest.raises(EvaluationError, match="No page of the index"):
        match_judgements(QUESTIONS, {"q1": {"x.md/": 1, "q/x.md": 1}}, CHUNKS, level="page")


def test_other_names_of_paths():
    ids = {"en/faq/x.md": "doc#1", "y.md": "doc#2"}
    judged = match_judgements(QUESTIONS, {"q1": {"doc#1": 1}}, CHUNKS, level="page", ids=ids)
    assert judged.list_ranked_names(CHUNKS) == ["doc#1", "doc#2"]


@pytest.mark.parametrize("key", [CHUNKS[1].id, CHUNKS[2].url])
def test_chunks_are_found_by_id_or_url(key):
    judged = match_judgements(QUESTIONS, {"q1": {key: 1}}, CHUNKS, level="chunk")
    assert key in judged.list_ranked_names(CHUNKS)


def test_a_judgement_of_a_question_that_is_not_there():
    with pytest.raises(EvaluationError, match="name a question q9"):
        match_judgements(QUESTIONS, {"q9": {"y.md": 1}}, CHUNKS, level="page")
