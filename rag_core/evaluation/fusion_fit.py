"""The fit of the fusion: a logistic regression over the evidence, drawn towards known weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rag_core.evaluation.files import Grades
from rag_core.evaluation.judgements import Judgements
from rag_core.evaluation.metrics import compute_measures
from rag_core.retrieval.fusion import Evidence, FusionConfig, score_evidence

_FOLDS = 5
_DRAW = 1e-3
"""Weight of the squared distance from the known weights, against the mean loss of a question. It
lets a hundred questions decide and keeps a dozen from it."""


Floats = NDArray[np.float64]
"""Shape (4,): the weights and the bias, or the slope of the loss there."""


@dataclass(frozen=True, slots=True, eq=False)
class JudgedEvidence:
    """The evidence of one question, with what is right.

    Attributes:
        key: id of the question.
        evidence: n chunks that were found.
        relevant: array of shape (n,), float64: 1 for a chunk that is judged right, else 0.
        weight: how much the question counts in a fit.
    """

    key: str
    evidence: Evidence
    relevant: NDArray[np.float64]
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class FusionFit:
    """A fit of the fusion, and what it is worth.

    Attributes:
        weights: of a page's mean cosine, its nearest chunk and its best BM25 score.
        bias: log-odds without any evidence.
        before: nDCG@10 with the weights before the fit.
        after: nDCG@10 of each question with weights that were fitted without it.
        error: standard error of the difference.
    """

    weights: tuple[float, float, float]
    bias: float
    before: float
    after: float
    error: float

    @property
    def is_better(self) -> bool:
        """True if questions that the fit has not seen gain more than the standard error."""
        return self.after - self.before > self.error


def judge_evidence(
    key: str, evidence: Evidence, judgements: Judgements, *, weight: float = 1.0
) -> JudgedEvidence:
    """Mark the chunks of a question's evidence that are judged right.

    Args:
        key: id of the question.
        evidence: of the question.
        judgements: of all questions.
        weight: how much the question counts.

    Returns:
        The evidence with its labels.
    """
    grades = judgements.grades[key]
    names = [judgements.find_name(chunk) for chunk in evidence.chunks]
    relevant = np.array([float(grades.get(name, 0) > 0) for name in names])
    return JudgedEvidence(key, evidence, relevant, weight)


def fit_weights(
    judged: Sequence[JudgedEvidence], fusion: FusionConfig, *, draw: float = _DRAW
) -> FusionConfig:
    """Fit weights and bias to questions; each counts as one.

    Args:
        judged: questions; those that found nothing don't count.
        fusion: the known weights, from which the fit departs.
        draw: weight of the squared distance from them.

    Returns:
        The fusion with the fitted weights.
    """
    from scipy.optimize import minimize

    judged = [each for each in judged if each.evidence.chunks]
    rows = np.vstack([_build_rows(each.evidence) for each in judged])
    labels = np.concatenate([each.relevant for each in judged])
    counts = np.concatenate(
        [np.full(len(each.relevant), each.weight / len(each.relevant)) for each in judged]
    )
    counts /= sum(each.weight for each in judged)
    offset = np.concatenate([_compute_own(each.evidence, fusion) for each in judged])
    known = np.array([*fusion.weights, fusion.bias])

    def compute_loss(values: Floats) -> tuple[float, Floats]:
        logits = rows @ values + offset
        loss = counts @ (np.logaddexp(0, logits) - labels * logits)
        chance = 1 / (1 + np.exp(-logits))
        away = values - known
        slope = rows.T @ (counts * (chance - labels)) + 2 * draw * away
        return float(loss + draw * away @ away), slope

    found = minimize(compute_loss, known, jac=True, method="L-BFGS-B").x
    page, nearest, words, bias = (round(float(each), 3) for each in found)
    return replace(fusion, weights=(page, nearest, words), bias=bias)


def fit_fusion(judged: Sequence[JudgedEvidence], judgements: Judgements) -> FusionFit:
    """Fit the fusion, and measure the fit on questions left out.

    Raises:
        EvaluationError: the library for the measures is not installed.
    """
    known = FusionConfig()
    rankings: dict[str, list[str]] = {}
    for fold in range(_FOLDS):
        seen = [each for number, each in enumerate(judged) if number % _FOLDS != fold]
        fitted = fit_weights(seen, known)
        for each in judged[fold::_FOLDS]:
            rankings[each.key] = rank_names(each.evidence, fitted, judgements)
    before = {each.key: rank_names(each.evidence, known, judgements) for each in judged}
    final = fit_weights(judged, known)
    first, second = (_compute_ndcg(each, judgements.grades) for each in (before, rankings))
    error = float(np.std(second - first) / np.sqrt(len(first)))
    return FusionFit(final.weights, final.bias, float(first.mean()), float(second.mean()), error)


def rank_names(evidence: Evidence, fusion: FusionConfig, judgements: Judgements) -> list[str]:
    """Rank the judged names of a question's chunks, best first.

    Args:
        evidence: of the question.
        fusion: its weights.
        judgements: names of the chunks.

    Returns:
        Each name once.
    """
    scores = score_evidence(evidence, fusion)
    order = sorted(range(len(scores)), key=lambda row: (-scores[row], evidence.chunks[row].id))
    return judgements.list_ranked_names(evidence.chunks[row] for row in order)


def _compute_ndcg(
    rankings: Mapping[str, Sequence[str]], grades: Mapping[str, Grades]
) -> NDArray[np.float64]:
    """Compute nDCG@10 of each question.

    Returns:
        Array of shape (questions,), float64, in [0, 1], in the order of the ids.
    """
    asked = {key: grades[key] for key in sorted(rankings)}
    values = compute_measures(rankings, asked)["nDCG@10"]
    return np.array([values[key] for key in asked])


def _build_rows(evidence: Evidence) -> NDArray[np.float64]:
    """Build rows of shape (n, 4): the page's evidence, and 1."""
    return np.hstack([evidence.pages, np.ones((len(evidence.pages), 1))])


def _compute_own(evidence: Evidence, fusion: FusionConfig) -> NDArray[np.float64]:
    """Compute the part that is not fitted, shape (n,)."""
    nearness, words = evidence.own.T
    part: NDArray[np.float64] = fusion.chunk * (
        fusion.dense * nearness + (1 - fusion.dense) * words
    )
    return part
