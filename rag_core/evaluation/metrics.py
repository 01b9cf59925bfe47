"""Numbers out of rankings and scores: ranking metrics, AUROC, refusals, intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag_core.errors import EvaluationError
from rag_core.evaluation.files import Grades

MEASURES = ("nDCG@10", "R@5", "R@10", "R@50", "RR", "Success@3")
"""In ir-measures' words; nDCG with linear gains. RR is the reciprocal rank, Success@3 is hit@3."""

FALSE_REFUSAL_RATES = (0.0, 0.01, 0.02, 0.05, 0.1)
"""Shares of answerable questions that may be refused, for the table of refusals."""

RESAMPLES = 2_000
_SEED = 20_240_708

Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over questions with its bootstrap interval of 95 %."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Refusals:
    """How many unanswerable questions are refused where this share of the others is too."""

    false: float
    refused: Estimate


def compute_measures(
    rankings: Mapping[str, Sequence[str]], grades: Mapping[str, Grades]
) -> dict[str, dict[str, float]]:
    """Each measure of each question: {measure: {question id: value}}.

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
    found = {name: dict.fromkeys(grades, 0.0) for name in MEASURES}
    qrels = {key: dict(judged) for key, judged in grades.items()}
    for metric in ir_measures.iter_calc(measures, qrels, run):
        found[str(metric.measure)][metric.query_id] = float(metric.value)
    return found


def estimate_mean(values: Sequence[float]) -> Estimate:
    """The mean, and how far it would move with other questions (percentile bootstrap)."""
    found = np.asarray(values, float)
    means = found[_draw_resamples(len(found))].mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return Estimate(float(found.mean()), float(low), float(high))


def compute_auroc(answerable: Sequence[float], unanswerable: Sequence[float]) -> Estimate:
    """How likely an answerable question scores above an unanswerable one."""
    yes, no = np.asarray(answerable, float), np.asarray(unanswerable, float)
    above = (yes[:, None] > no).astype(float) + 0.5 * (yes[:, None] == no)
    rows, columns = _draw_resamples(len(yes)), _draw_resamples(len(no), seed=_SEED + 1)
    means = [above[np.ix_(r, c)].mean() for r, c in zip(rows, columns, strict=True)]
    low, high = np.percentile(means, [2.5, 97.5])
    return Estimate(float(above.mean()), float(low), float(high))


def compute_refusals(
    answerable: Sequence[float], unanswerable: Sequence[float]
) -> tuple[Refusals, ...]:
    """The table: at each share of false refusals, how many unanswerable questions are refused."""
    no = np.asarray(unanswerable, float)
    return tuple(
        Refusals(
            false,
            estimate_mean((no < find_refusal_threshold(answerable, false)).astype(float).tolist()),
        )
        for false in FALSE_REFUSAL_RATES
    )


def find_refusal_threshold(answerable: Sequence[float], false: float) -> float:
    """The score below which at most this share of the answerable questions lies."""
    ordered = np.sort(np.asarray(answerable, float))
    return float(ordered[min(int(false * len(ordered)), len(ordered) - 1)])


def compute_percentiles(milliseconds: Sequence[float]) -> tuple[float, float]:
    """Median and 95th percentile."""
    p50, p95 = np.percentile(np.asarray(milliseconds, float), [50, 95])
    return round(float(p50), 2), round(float(p95), 2)


def _draw_resamples(size: int, *, seed: int = _SEED) -> NDArray[np.int64]:
    return np.random.default_rng(seed).integers(0, size, (RESAMPLES, size))
