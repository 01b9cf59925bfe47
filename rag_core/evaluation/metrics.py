"""The metrics of an evaluation: ranking measures, AUROC, refusals, intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag_core.errors import EvaluationError
from rag_core.evaluation.files import Grades

MEASURES = ("nDCG@10", "R@5", "R@10", "R@50", "RR", "Success@3")
"""Names of ir-measures. nDCG has linear gains, RR is the reciprocal rank, Success@3 is hit@3."""

FALSE_REFUSAL_RATES = (0.0, 0.01, 0.02, 0.05, 0.1)
"""Shares of answerable questions that may be refused, for the table of refusals."""

RESAMPLES = 2_000
"""Resamples of a bootstrap."""

_SEED = 20_240_708


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over questions with its bootstrap interval of 95 %."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Refusals:
    """The refusals at one threshold.

    Attributes:
        false: share of the answerable questions that may be refused.
        refused: share of the unanswerable questions that are refused then.
    """

    false: float
    refused: Estimate


def compute_measures(
    rankings: Mapping[str, Sequence[str]], grades: Mapping[str, Grades]
) -> dict[str, dict[str, float]]:
    """Compute each measure of each question.

    Args:
        rankings: names by question id, best first.
        grades: by question id; questions without a ranking count as 0.

    Returns:
        Values by question id, by measure.

    Raises:
        EvaluationError: ir-measures is not installed.
    """
    try:
        import ir_measures
    except ImportError as error:
        raise EvaluationError(
            "Measuring needs the package ir-measures: install it with `pip install ir-measures`."
        ) from error
    run = {
        key: {name: float(len(names) - rank) for rank, name in enumerate(names)}
        for key, names in rankings.items()
    }
    measures = [ir_measures.parse_measure(name) for name in MEASURES]
    values = {name: dict.fromkeys(grades, 0.0) for name in MEASURES}
    qrels = {key: dict(judged) for key, judged in grades.items()}
    for metric in ir_measures.iter_calc(measures, qrels, run):
        values[str(metric.measure)][metric.query_id] = float(metric.value)
    return values


def estimate_mean(values: Sequence[float]) -> Estimate:
    """Estimate a mean and its interval by percentile bootstrap."""
    array = np.asarray(values, float)
    means = array[_draw_resamples(len(array))].mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return Estimate(float(array.mean()), float(low), float(high))


def compute_auroc(answerable: Sequence[float], unanswerable: Sequence[float]) -> Estimate:
    """Compute the probability that an answerable question scores above an unanswerable one.

    Args:
        answerable: scores of the questions with an answer.
        unanswerable: scores of those without.

    Returns:
        The AUROC with its bootstrap interval.
    """
    yes, no = np.asarray(answerable, float), np.asarray(unanswerable, float)
    # Each pair counts 1 if it is in the right order, and a tie counts half.
    above = (yes[:, None] > no).astype(float) + 0.5 * (yes[:, None] == no)
    rows, columns = _draw_resamples(len(yes)), _draw_resamples(len(no), seed=_SEED + 1)
    means = [above[np.ix_(r, c)].mean() for r, c in zip(rows, columns, strict=True)]
    low, high = np.percentile(means, [2.5, 97.5])
    return Estimate(float(above.mean()), float(low), float(high))


def compute_refusals(
    answerable: Sequence[float], unanswerable: Sequence[float]
) -> tuple[Refusals, ...]:
    """Compute the refusals at each rate of `FALSE_REFUSAL_RATES`."""
    no = np.asarray(unanswerable, float)
    return tuple(
        Refusals(
            false,
            estimate_mean((no < find_refusal_threshold(answerable, false)).astype(float).tolist()),
        )
        for false in FALSE_REFUSAL_RATES
    )


def find_refusal_threshold(answerable: Sequence[float], false: float) -> float:
    """Return the score below which at most the share `false` lies.

    Args:
        answerable: scores of the questions with an answer.
        false: share of these, in [0, 1], that may be refused.
    """
    ordered = np.sort(np.asarray(answerable, float))
    return float(ordered[min(int(false * len(ordered)), len(ordered) - 1)])


def compute_percentiles(milliseconds: Sequence[float]) -> tuple[float, float]:
    """Return the median and the 95th percentile, rounded to hundredths."""
    p50, p95 = np.percentile(np.asarray(milliseconds, float), [50, 95])
    return round(float(p50), 2), round(float(p95), 2)


def _draw_resamples(size: int, *, seed: int = _SEED) -> NDArray[np.int64]:
    """Draw indices with replacement, shape (RESAMPLES, size), int64, in [0, size)."""
    return np.random.default_rng(seed).integers(0, size, (RESAMPLES, size))
