from __future__ import annotations

import pytest

from rag_core.errors import EvaluationError
from rag_core.evaluation.files import (
    CorpusDocument,
    EvaluationQuestion,
    read_corpus,
    read_judgements,
    read_questions,
)

HEAD = "query-id\tcorpus-id\tscore\n"


@pytest.fixture
def written(tmp_path):
    def write(text, name="file"):
        path = tmp_path / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return write


def test_questions(written):
    path = written(
        '{"_id": "1", "text": "Why?", "lang": "en"}\n\n{"_id": 2, "text": "How\u2028?"}\n'
    )
    assert read_questions(path) == (
        EvaluationQuestion("1", "Why?", "en"),
        EvaluationQuestion("2", "How\u2028?"),
    )


def test_a_corpus_keeps_the_last_document_of_an_id(written):
    path = written('{"_id": "1", "text": "a"}\n{"_id": "1", "title": "T", "text": "b"}\n')
    assert read_corpus(path) == (CorpusDocument("1", "T", "b"),)


def test_judgements_may_have_their_columns_in_any_order(written):
    path = written("score\tquery-id\tmore\tcorpus-id\n2\tq\t-\ta.md\n0\tq\t-\tb.md\n")
    assert read_judgements(path) == {"q": {"a.md": 2, "b.md": 0}}


def test_a_byte_order_mark_is_no_part_of_a_column(written):
    assert read_judgements(written("\ufeff" + HEAD + "q\ta\t1\n")) == {"q": {"a": 1}}


@pytest.mark.parametrize(
    ("read", "text", "words"),
    [
        (read_questions, "", "no questions in"),
        (read_questions, "why?", "Line 1 of"),
        (read_questions, '["a"]', "not a JSON object"),
        (read_questions, '{"_id": "1"}', "has no text"),
        (read_questions, '{"text": "a"}', "has no _id"),
        (read_questions, '{"_id": "1", "text": " "}', "has no text"),
        (read_questions, b"\xff\xfe", "is not UTF-8"),
        (read_corpus, "\n", "no documents in"),
        (read_judgements, "", "no column query-id"),
        (read_judgements, "query-id\tscore\n", "no column corpus-id"),
        (read_judgements, HEAD, "no judgements in"),
        (read_judgements, HEAD + "q\ta\t0\n", "no judgements in"),
        (read_judgements, HEAD + "q\ta\tgood\n", "Line 2 of"),
        (read_judgements, HEAD + "q\ta\n", "whole number"),
        (read_judgements, HEAD + "q\n", "has no corpus-id"),
        (read_judgements, "score\tcorpus-id\tquery-id\n1\ta\n", "has no query-id"),
    ],
)
def test_what_is_wrong_is_one_sentence(written, read, text, words):
    with pytest.raises(EvaluationError, match=words) as caught:
        read(written(text))
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(EvaluationError, match="can't be read: No such file"):
        read_questions(tmp_path / "nowhere.jsonl")
