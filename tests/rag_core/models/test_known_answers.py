"""The known answers tell a right model from a wrong one, and say what is wrong with it."""

from __future__ import annotations

import numpy as np
import pytest

from rag_core.models.known_answers import (
    PAIRS,
    PASSAGES,
    QUERIES,
    SIMILARITIES,
    TUTORIAL_SCORES,
    check_embedder,
    check_reranker,
    check_tutorial,
)
from rag_core.models.minilm import MiniLM

QWEN = "Qwen/Qwen3-Embedding-0.6B"
SECTIONS = [f" {beginning}\n\nText." for beginning in TUTORIAL_SCORES]


def unit(vector):
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


class StandIn:
    """An embedder whose cosines are the given ones; its faults are switches."""

    def __init__(self, cosines, *, model=QWEN, length=1.0, instruct=True, batch_matters=False):
        self.model = model
        self._length = length
        self._instruct = instruct
        self._batch_matters = batch_matters
        # Passages are two axes; a question has the wanted share of each, the rest on its own axis.
        self._passages = dict(zip(PASSAGES, np.eye(8, dtype=np.float32)[:2], strict=True))
        self._queries = {}
        for number, (text, (first, second)) in enumerate(zip(QUERIES, cosines, strict=True)):
            vector = np.zeros(8, np.float32)
            vector[[0, 1, 2 + number]] = first, second, np.sqrt(1 - first**2 - second**2)
            self._queries[text] = vector

    def embed_query(self, text):
        return self._queries[text] * self._length

    def embed_passages(self, texts):
        known = self._passages | (
            dict.fromkeys(QUERIES, unit(np.ones(8))) if self._instruct else self._queries
        )
        vectors = np.stack([known[text] for text in texts]) * self._length
        return np.roll(vectors, 1, axis=1) if self._batch_matters and len(texts) > 1 else vectors


class Judge:
    """A reranker by a function of question and passage."""

    model = "judge"

    def __init__(self, score):
        self._score = score

    def rerank(self, query, passages):
        return np.asarray([self._score(query, passage) for passage in passages], np.float32)


def failures(checks):
    return [check.says for check in checks if not check.passed]


def answers(query, passage):
    return next(good for asked, text, good in PAIRS if (asked, text) == (query, passage))


def test_the_published_numbers_pass():
    assert failures(check_embedder(StandIn(SIMILARITIES[QWEN]), dtype="float32")) == []


def test_the_starter_model_gives_its_known_answer():
    assert failures(check_embedder(MiniLM(), dtype="float32")) == []


@pytest.mark.parametrize(
    ("stand_in", "dtype", "words"),
    [
        (StandIn(((0.75, 0.14), (0.14, 0.6))), "float32", "dtype"),
        (StandIn(((0.7, 0.69), (0.69, 0.7))), "float32", "pooling or the end token"),
        (StandIn(((0.1, 0.5), (0.5, 0.1))), "float32", "order is wrong"),
        (StandIn(((0.6, 0.1), (0.1, 0.4))), "float32", "instruction"),
        (StandIn(SIMILARITIES[QWEN], length=2.0), "float32", "not normalised"),
        (StandIn(SIMILARITIES[QWEN], instruct=False), "float32", "instruction is missing"),
        (StandIn(SIMILARITIES[QWEN], batch_matters=True), "float32", "padding side"),
        (StandIn(((0.1, 0.5), (0.5, 0.1)), model="other"), "float32", "pooling or end token"),
    ],
)
def test_a_fault_is_named(stand_in, dtype, words):
    assert any(words in says for says in failures(check_embedder(stand_in, dtype=dtype)))


def test_the_tolerance_goes_with_the_number_type():
    near = StandIn(((0.7746, 0.1414), (0.1355, 0.6000)))
    assert failures(check_embedder(near, dtype="bfloat16")) == []
    assert failures(check_embedder(near, dtype="float32")) != []


def test_a_good_judge_passes():
    assert failures(check_reranker(Judge(lambda q, p: 0.99 if answers(q, p) else 0.01))) == []


@pytest.mark.parametrize(
    ("score", "words"),
    [
        (lambda q, p: 0.01 if answers(q, p) else 0.99, "yes and no are swapped"),
        (lambda *_: 0.5, "template or the position"),
        (lambda q, p: 0.8 if answers(q, p) else 0.2, "not all are plain"),
    ],
)
def test_a_bad_judge_is_named(score, words):
    assert any(words in says for says in failures(check_reranker(Judge(score))))


def test_a_judge_that_looks_at_the_batch_is_named():
    class Batch(Judge):
        def rerank(self, query, passages):
            return super().rerank(query, passages) / len(passages)

    judge = Batch(lambda q, p: 0.99 if answers(q, p) else 0.01)
    assert any("padding side" in says for says in failures(check_reranker(judge)))


class TestTutorial:
    @staticmethod
    def judge(off=0.0):
        def score(_, passage):
            return next(s for text, s in TUTORIAL_SCORES.items() if text in passage) - off

        return Judge(score)

    def test_its_scores_pass(self):
        assert check_tutorial(self.judge(), SECTIONS, dtype="float32").passed

    def test_others_do_not(self):
        check = check_tutorial(self.judge(off=0.004), SECTIONS, dtype="float32")
        assert not check.passed
        assert "template" in check.says
        assert check_tutorial(self.judge(off=0.004), SECTIONS, dtype="bfloat16").passed

    def test_a_corpus_without_a_section_fails(self):
        check = check_tutorial(self.judge(), SECTIONS[:2], dtype="float32")
        assert not check.passed
        assert "Does the query" in check.says
