"""Reranking: candidates become passages by the reranker's scores, mixed with retrieval's."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rag_core.deadline import find_seconds_left, is_time_over, limit_time
from rag_core.errors import ModelError, RerankerError
from rag_core.inference.model_errors import translate_model_errors
from rag_core.protocols import Reranker
from rag_core.types import Candidate, Passage

logger = logging.getLogger(__name__)

Clock = Callable[[], float]

_FIRST_SLICE = 4
"""With a time budget, the first of so many slices is scored and shows the pace."""

_SHARE = 0.5
"""Share of the question's time that a reranker without a budget may take."""


@dataclass(frozen=True, slots=True)
class RerankConfig:
    """The settings of reranking.

    Attributes:
        depth: candidates that are scored; the others follow in their order.
        weight: share, in [0, 1], of the rerank score in the final order; retrieval's has the rest,
            and each score is divided by its best. It is 1 for a cross-encoder and less for late
            interaction over the embedder's own tokens, which judges less well.
        budget_ms: milliseconds for the scoring, including the wait for the models; 0 means no
            limit.
    """

    depth: int
    weight: float
    budget_ms: int = 0


@dataclass(frozen=True, slots=True)
class RankedPassages:
    """The result of reranking.

    Attributes:
        passages: best first.
        reranked: False if the reranker failed and the fused order stands.
        cut: True if the time ran out before all that should be scored were.
    """

    passages: tuple[Passage, ...]
    reranked: bool
    cut: bool = False


def rerank_candidates(
    reranker: Reranker,
    query: str,
    candidates: Sequence[Candidate],
    ranker: RerankConfig,
    *,
    clock: Clock = time.perf_counter,
) -> RankedPassages:
    """Score the best candidates and order all by both scores.

    Args:
        reranker: scores the texts; if it fails, the fused order stands.
        query: the question as it was searched.
        candidates: best first.
        ranker: depth, weight of the rerank score and time budget.
        clock: the time in seconds.

    Returns:
        All candidates as passages, best first; those that were not scored come last.
    """
    if not candidates:
        return RankedPassages((), reranked=True)
    # Step 1: score the texts of the best candidates.
    texts = [each.chunk.embedding_text for each in candidates[: ranker.depth]]
    budget = ranker.budget_ms / 1000
    try:
        # A model that hangs costs no more than its budget.
        with limit_time(budget or _SHARE * (find_seconds_left() or math.inf)):
            scores = _score_texts(reranker, query, texts, budget, clock)
    except RerankerError as error:
        logger.warning("%s", error)
        return RankedPassages(_build_unscored(candidates), reranked=False)
    except ModelError:
        logger.exception("The reranker failed; keeping the fused order")
        return RankedPassages(_build_unscored(candidates), reranked=False)
    scored = [
        Passage(each.chunk, each.retrieval_score, score)
        for each, score in zip(candidates, scores, strict=False)
    ]
    # Step 2: mix both scores, each divided by its best. Spreading them from 0 to 1 instead would
    # magnify chance among nearly equal scores.
    best_rerank = max(scores) or 1.0
    best_retrieval = max(each.retrieval_score for each in scored) or 1.0

    def mix_scores(passage: Passage) -> float:
        rerank = (passage.rerank_score or 0.0) / best_rerank
        retrieval = (1 - ranker.weight) * passage.retrieval_score / best_retrieval
        return ranker.weight * rerank + retrieval

    ordered = sorted(scored, key=mix_scores, reverse=True)
    # Step 3: the candidates without a score follow in their order.
    unscored = _build_unscored(candidates[len(scored) :])
    return RankedPassages((*ordered, *unscored), reranked=True, cut=len(scored) < len(texts))


def _build_unscored(candidates: Sequence[Candidate]) -> tuple[Passage, ...]:
    return tuple(Passage(each.chunk, each.retrieval_score, None) for each in candidates)


def _score_texts(
    reranker: Reranker, query: str, texts: Sequence[str], budget: float, clock: Clock
) -> list[float]:
    """Score as many of the first texts as the budget allows.

    The budget is in seconds; 0 means no limit. The first slice shows the pace, in seconds per
    character. After it, as many texts as fit into the rest of the time are scored at once.
    """
    started = lap = clock()
    scores: list[float] = []
    batch = texts[: max(1, len(texts) // _FIRST_SLICE)] if budget else texts
    while batch:
        try:
            with translate_model_errors():
                scores.extend(map(float, reranker.rerank(query, batch)))
        except ModelError:
            if not (scores and is_time_over()):
                raise
            break  # what was scored in time counts
        now = clock()
        pace = max(now - lap, 1e-9) / max(sum(map(len, batch)), 1)
        batch = _take_fitting(texts[len(scores) :], (started + budget - now) / pace)
        lap = now
    return scores


def _take_fitting(texts: Sequence[str], characters: float) -> Sequence[str]:
    """Return the first texts that together have at most so many characters."""
    count = 0
    while count < len(texts) and (characters := characters - len(texts[count])) >= 0:
        count += 1
    return texts[:count]
