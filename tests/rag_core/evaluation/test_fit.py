from __future__ import annotations

import random

import pytest

from rag_core.errors import EvaluationError
from rag_core.evaluation.fit import MIN_FIT_QUESTIONS, cross_validate, fit_abstention
from rag_core.evaluation.metrics import compute_auroc
from rag_core.retrieval.abstention import Signals


def drawn(middle: float, count: int, seed: int) -> list[Signals]:
    chance = random.Random(seed)
    return [
        Signals(*(min(max(chance.gauss(middle, 0.1), 0), 1) for _ in range(3)), 1 - middle)
        for _ in range(count)
    ]


YES, NO = drawn(0.7, 60, 1), drawn(0.3, 40, 2)


def test_what_is_apart_is_told_apart():
    decision = fit_abstention(YES, NO)
    assert sum(map(decision.should_refuse, YES)) <= 1
    assert sum(map(decision.should_refuse, NO)) >= 36


def test_it_is_the_same_each_time():
    assert fit_abstention(YES, NO) == fit_abstention(YES, NO)
    assert cross_validate(YES, NO) == cross_validate(YES, NO)


def test_noise_is_not_told_apart_where_the_question_was_not_seen():
    first, second = drawn(0.5, 40, 3), drawn(0.5, 40, 4)
    assert 0.3 < compute_auroc(*cross_validate(first, second)).value < 0.7


def test_too_few_questions():
    with pytest.raises(EvaluationError, match=f"at least {MIN_FIT_QUESTIONS}.*60 and 3"):
        fit_abstention(YES, NO[:3])
