"""The fit of refusals: a logistic regression over the signals, checked on questions left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag_core.errors import EvaluationError
from rag_core.evaluation.metrics import find_refusal_threshold
from rag_core.retrieval.abstention import ENOUGH_CHUNKS, Abstention, Signals

MIN_FIT_QUESTIONS = 20
"""Questions of each kind that a fit needs."""

MAX_FALSE_REFUSALS = 0.02
"""Share of answerable questions that a fitted threshold may refuse. It is low, because a wrong
refusal is worse than three needless quotations."""

SIGNALS = ("cosine", "rerank", "agreement", "unknown")
"""Names of `Signals.values`, in their order."""

MAX_UNSURE = 0.1
"""Share of answerable questions whose answer may say that docent is not sure."""

_FOLDS, _REPEATS, _SEED = 5, 10, 0

Rows = NDArray[np.float64]
"""Shape (questions, 4) for signals, (questions,) for labels: 1 with an answer, 0 without."""


def fit_abstention(
    answerable: Sequence[Signals], unanswerable: Sequence[Signals], *, use: Sequence[str] = SIGNALS
) -> Abstention:
    """Fit weights to all questions, and the threshold by cross-validation.

    Args:
        answerable: signals of questions with an answer.
        unanswerable: signals of questions without.
        use: names of the signals that count; the others get a weight of 0.

    Returns:
        The decision.

    Raises:
        EvaluationError: there are too few questions of a kind.
    """
    answerable, unanswerable = (
        [_keep_signals(each, use) for each in signals] for signals in (answerable, unanswerable)
    )
    yes, no = cross_validate(answerable, unanswerable)
    scaler, model = _fit_model(*_build_rows(answerable, unanswerable))
    # The scaling goes into the weights, so that what is stored is one sum.
    weights = model.coef_[0] / scaler.scale_
    bias = float(model.intercept_[0] - (weights * scaler.mean_).sum())
    first, second, third, fourth = (round(float(weight), 4) for weight in weights)
    return Abstention(
        weights=(first, second, third, fourth),
        bias=round(bias, 4),
        threshold=round(_find_threshold(yes, no, MAX_FALSE_REFUSALS), 4),
        sure=round(_find_threshold(yes, no, MAX_UNSURE), 4),
        fewest=min(ENOUGH_CHUNKS, *(each.chunks for each in (*answerable, *unanswerable))),
    )


def _find_threshold(yes: Sequence[float], no: Sequence[float], false: float) -> float:
    """Return a threshold that refuses few of the answerable.

    At most the share `false` of them lies below it. It lies halfway to the next lower score of
    either kind, so that kinds that are far apart leave
    room for questions that the fit has not seen.
    """
    highest = find_refusal_threshold(yes, false)
    lower = max((each for each in (*yes, *no) if each < highest), default=0.0)
    return (highest + lower) / 2


def _keep_signals(signals: Signals, use: Sequence[str]) -> Signals:
    """Set the signals that don't count to 0."""
    kept = [
        value if name in use else 0.0 for name, value in zip(SIGNALS, signals.values, strict=True)
    ]
    cosine, rerank, agreement, unknown = kept
    return Signals(cosine, rerank, agreement, unknown, signals.chunks)


def cross_validate(
    answerable: Sequence[Signals], unanswerable: Sequence[Signals]
) -> tuple[list[float], list[float]]:
    """Compute each question's probability by fits that have not seen it.

    There are five folds, divided anew ten times; each probability is the mean of the ten.

    Returns:
        Probabilities of an answer, for the answerable and the unanswerable questions in their
        order.

    Raises:
        EvaluationError: there are too few questions of a kind.
    """
    if min(len(answerable), len(unanswerable)) < MIN_FIT_QUESTIONS:
        raise EvaluationError(
            f"Fitting needs at least {MIN_FIT_QUESTIONS} questions with an answer and "
            f"{MIN_FIT_QUESTIONS} without: there are {len(answerable)} and {len(unanswerable)}."
        )
    from sklearn.model_selection import RepeatedStratifiedKFold

    rows, labels = _build_rows(answerable, unanswerable)
    sums = np.zeros(len(labels))
    folds = RepeatedStratifiedKFold(n_splits=_FOLDS, n_repeats=_REPEATS, random_state=_SEED)
    for seen, unseen in folds.split(rows, labels):
        scaler, model = _fit_model(rows[seen], labels[seen])
        sums[unseen] += model.predict_proba(scaler.transform(rows[unseen]))[:, 1]
    means = (sums / _REPEATS).tolist()
    return means[: len(answerable)], means[len(answerable) :]


def _fit_model(rows: Rows, labels: Rows) -> tuple[Any, Any]:
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(rows)
    model = LogisticRegression(class_weight="balanced").fit(scaler.transform(rows), labels)
    return scaler, model


def _build_rows(
    answerable: Sequence[Signals], unanswerable: Sequence[Signals]
) -> tuple[Rows, Rows]:
    rows = np.array([each.values for each in (*answerable, *unanswerable)], float)
    labels = np.array([1.0] * len(answerable) + [0.0] * len(unanswerable))
    return rows, labels
