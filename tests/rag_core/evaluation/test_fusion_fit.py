from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from rag_core.evaluation.files import EvaluationQuestion
from rag_core.evaluation.fusion_fit import fit_fusion, fit_weights, judge_evidence, rank_names
from rag_core.evaluation.judgements import match_judgements
from rag_core.retrieval.fusion import Evidence, FusionConfig
from tests.rag_core.fakes import make_chunk

CHUNKS = tuple(make_chunk(f"Page {n}.", path=f"{n}.md") for n in range(6))
QUESTIONS = [EvaluationQuestion(f"q{n}", f"Question {n}?") for n in range(60)]
RIGHT = {each.id: number % len(CHUNKS) for number, each in enumerate(QUESTIONS)}
JUDGEMENTS = match_judgements(
    QUESTIONS, {key: {f"{page}.md": 1} for key, page in RIGHT.items()}, CHUNKS, level="page"
)


def make_evidence(key: str, column: int) -> Evidence:
    """Evidence of which one column points at the right page, and the others at chance."""
    chance = np.random.default_rng(int(key[1:]))
    pages = chance.random((len(CHUNKS), 3)) / 4
    pages[:, column] = [float(n == RIGHT[key]) for n in range(len(CHUNKS))]
    return Evidence(CHUNKS, pages, np.zeros((len(CHUNKS), 2)))


def judge_all(column: int):
    return [
        judge_evidence(each.id, make_evidence(each.id, column), JUDGEMENTS) for each in QUESTIONS
    ]


@pytest.mark.parametrize("column", [0, 1, 2])
def test_what_points_at_the_right_page_gets_the_weight(column):
    fitted = fit_weights(judge_all(column), FusionConfig(), draw=1e-4)
    assert max(range(3), key=fitted.weights.__getitem__) == column
    judged = judge_all(column)[0]
    assert rank_names(judged.evidence, fitted, JUDGEMENTS)[0] == f"{RIGHT[judged.key]}.md"


def test_few_questions_change_little():
    known = FusionConfig()
    few, many = (fit_weights(judge_all(0)[:count], known, draw=1e9) for count in (3, 60))
    assert few.weights == pytest.approx(known.weights, abs=1e-3)
    assert many.weights == pytest.approx(known.weights, abs=1e-3)
    assert fit_weights(judge_all(0), known).weights[0] > known.weights[0]


def test_the_order_of_questions_changes_nothing():
    judged = judge_all(1)
    mixed = random.Random(0).sample(judged, len(judged))
    first, second = (fit_weights(each, FusionConfig()) for each in (judged, mixed))
    assert first.weights == pytest.approx(second.weights, abs=2e-3)


def test_a_fit_is_better_only_if_unseen_questions_gain():
    misled = [replace(each, evidence=mislead(each)) for each in judge_all(0)]
    fit = fit_fusion(misled, JUDGEMENTS)
    assert fit.before < fit.after
    assert fit.is_better
    right = fit_fusion(judge_all(2), JUDGEMENTS)
    assert (right.before, right.is_better) == (1.0, False)


def mislead(judged):
    """Evidence in which the words point at another page, as strongly as the mean at the right."""
    pages = judged.evidence.pages.copy()
    pages[:, 2] = np.roll(pages[:, 0], 1)
    return replace(judged.evidence, pages=pages)


def test_weights_of_questions_count():
    loud = [replace(each, weight=100.0) for each in judge_all(0)]
    mixed = fit_weights([*loud, *judge_all(2)], FusionConfig(), draw=1e-4)
    assert mixed.weights[0] > mixed.weights[2]
