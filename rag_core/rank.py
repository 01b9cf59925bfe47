"""Candidates become passages: the reranker's scores, mixed with retrieval's where that helps."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from rag_core.errors import ModelError
from rag_core.protocols import Reranker
from rag_core.types import Candidate, Passage

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ranker:
    """How candidates are reranked.

    Attributes:
        depth: candidates that are scored; the others keep their order below.
        weight: share of the (max-normalised) rerank score in the final order. 1 for a
            cross-encoder; late interaction over the embedder's own tokens is a weaker judge.
    """

    depth: int
    weight: float


@dataclass(frozen=True, slots=True)
class Ranked:
    """Passages, best first; `reranked` is False where the reranker had to be done without."""

    passages: tuple[Passage, ...]
    reranked: bool


def rank(reranker: Reranker, query: str, candidates: Sequence[Candidate], ranker: Ranker) -> Ranked:
    """Score the best candidates; where the reranker fails, the fused order stands."""
    if not candidates:
        return Ranked((), reranked=True)
    head, tail = candidates[: ranker.depth], candidates[ranker.depth :]
    unscored = [Passage(found.chunk, found.retrieval_score, None) for found in tail]
    try:
        scores = reranker.rerank(query, [found.chunk.embedding_text for found in head])
    except ModelError:
        logger.exception("The reranker failed; the fused order stands")
        kept = [Passage(found.chunk, found.retrieval_score, None) for found in head]
        return Ranked((*kept, *unscored), reranked=False)
    passages = [
        Passage(found.chunk, found.retrieval_score, float(score))
        for found, score in zip(head, scores, strict=True)
    ]
    best = max((float(score) for score in scores), default=0.0) or 1.0

    def final(passage: Passage) -> float:
        mine = (passage.rerank_score or 0.0) / best
        return ranker.weight * mine + (1 - ranker.weight) * passage.retrieval_score

    return Ranked((*sorted(passages, key=final, reverse=True), *unscored), reranked=True)
