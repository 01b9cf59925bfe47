"""Candidates become passages: the reranker's scores, mixed with retrieval's where that helps."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rag_core.errors import ModelError
from rag_core.protocols import Reranker
from rag_core.types import Candidate, Passage

logger = logging.getLogger(__name__)

Clock = Callable[[], float]

_FIRST_SLICE = 4
"""Under a budget the first of so many parts is scored in any case, and shows the pace."""


@dataclass(frozen=True, slots=True)
class RerankConfig:
    """How candidates are reranked.

    Attributes:
        depth: candidates that are scored; the others keep their order below.
        weight: share of the rerank score in the final order, both scores divided by their best. 1
            for a cross-encoder; late interaction over the embedder's own tokens judges less well.
        budget_ms: time for the scoring, waiting for the models included; 0 is no limit.
    """

    depth: int
    weight: float
    budget_ms: int = 0


@dataclass(frozen=True, slots=True)
class RankedPassages:
    """Passages, best first.

    `reranked` is False where the reranker had to be done without; `cut` is True where time ran out
    and some of those that should have been scored were not.
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
    """Score the best candidates; where the reranker fails, the fused order stands."""
    if not candidates:
        return RankedPassages((), reranked=True)
    texts = [found.chunk.embedding_text for found in candidates[: ranker.depth]]
    try:
        scores = _score_texts(reranker, query, texts, ranker.budget_ms / 1000, clock)
    except ModelError:
        logger.exception("The reranker failed; the fused order stands")
        return RankedPassages(_build_unscored(candidates), reranked=False)
    scored = [
        Passage(found.chunk, found.retrieval_score, score)
        for found, score in zip(candidates, scores, strict=False)
    ]
    # Divided by the best and not spread to 0: among near-equal scores that would magnify chance.
    most, best = max(scores) or 1.0, max(one.retrieval_score for one in scored) or 1.0

    def final(passage: Passage) -> float:
        mine = (passage.rerank_score or 0.0) / most
        return ranker.weight * mine + (1 - ranker.weight) * passage.retrieval_score / best

    ordered = sorted(scored, key=final, reverse=True)
    unscored = _build_unscored(candidates[len(scored) :])
    return RankedPassages((*ordered, *unscored), reranked=True, cut=len(scored) < len(texts))


def _build_unscored(candidates: Sequence[Candidate]) -> tuple[Passage, ...]:
    return tuple(Passage(found.chunk, found.retrieval_score, None) for found in candidates)


def _score_texts(
    reranker: Reranker, query: str, texts: Sequence[str], budget: float, clock: Clock
) -> list[float]:
    """Scores of the texts, in their order, or of as many of the first as the budget allows.

    A first slice shows the pace; after it, as many are scored at once as fit in the time left.
    """
    started = lap = clock()
    scores: list[float] = []
    part = texts[: max(1, len(texts) // _FIRST_SLICE)] if budget else texts
    while part:
        scores.extend(map(float, reranker.rerank(query, part)))
        now = clock()
        pace = max(now - lap, 1e-9) / max(sum(map(len, part)), 1)
        part = _take_fitting(texts[len(scores) :], (started + budget - now) / pace)
        lap = now
    return scores


def _take_fitting(texts: Sequence[str], characters: float) -> Sequence[str]:
    """The first texts, up to so many characters in all."""
    count = 0
    while count < len(texts) and (characters := characters - len(texts[count])) >= 0:
        count += 1
    return texts[:count]
