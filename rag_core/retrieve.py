"""Candidates for a question: dense and BM25 search of one index version, fused."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rag_core.errors import StoreError
from rag_core.lexical import terms
from rag_core.protocols import VectorStore
from rag_core.types import Candidate, Chunk, Hit, LiveIndex, Question, Vector

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Fusion:
    """How the two searches become one order; measured in docs/quality.md.

    Attributes:
        dense: share of the dense search, the rest is BM25's. A convex sum of max-normalised scores
            (https://arxiv.org/abs/2210.11934).
        page: weight of the page's evidence, the mean of its best chunks.
        page_chunks: how many of a page's chunks count as evidence.
        depth: hits asked of each search.
    """

    dense: float = 0.8
    page: float = 0.5
    page_chunks: int = 3
    depth: int = 100


@dataclass(frozen=True, slots=True)
class Retrieved:
    """Candidates, best first; `lexical` is False where BM25 had to be done without."""

    candidates: tuple[Candidate, ...]
    lexical: bool


def retrieve(
    store: VectorStore, live: LiveIndex, question: Question, vector: Vector, fusion: Fusion
) -> Retrieved:
    """Search both ways and fuse; a backend without BM25 is searched by vectors alone."""
    scope, depth = question.scope, fusion.depth
    dense = store.search_dense(live.collection, vector, limit=depth, scope=scope)
    try:
        query = terms(question.text)
        lexical = store.search_lexical(live.collection, query, limit=depth, scope=scope)
    except StoreError as error:
        logger.warning("BM25 search failed, dense search goes on alone: %s", error)
        return Retrieved(fuse(dense, [], fusion), lexical=False)
    return Retrieved(fuse(dense, lexical, fusion), lexical=True)


def fuse(dense: Sequence[Hit], lexical: Sequence[Hit], fusion: Fusion) -> tuple[Candidate, ...]:
    """One order out of two: best first, scores in [0, 1]; ties keep the id's order."""
    chunks = {hit.chunk.id: hit.chunk for hit in (*dense, *lexical)}
    dense_scores, lexical_scores = _normalised(dense), _normalised(lexical)
    # A search that found nothing leaves its share to the other.
    both = bool(dense and lexical)
    dense_share, lexical_share = (fusion.dense, 1 - fusion.dense) if both else (1.0, 1.0)
    scores = {
        key: dense_share * dense_scores.get(key, 0.0) + lexical_share * lexical_scores.get(key, 0.0)
        for key in chunks
    }
    scores = _with_page_evidence(scores, chunks, fusion)
    dense_ranks, lexical_ranks = _ranks(dense), _ranks(lexical)
    candidates = [
        Candidate(chunk, scores[key], dense_ranks.get(key), lexical_ranks.get(key))
        for key, chunk in chunks.items()
    ]
    return tuple(sorted(candidates, key=lambda found: (-found.retrieval_score, found.chunk.id)))


def _normalised(hits: Sequence[Hit]) -> dict[str, float]:
    """Scores divided by the best one, negative cosines as 0."""
    best = max((hit.score for hit in hits), default=0.0)
    if best <= 0:
        return {hit.chunk.id: 0.0 for hit in hits}
    return {hit.chunk.id: max(hit.score, 0.0) / best for hit in hits}


def _with_page_evidence(
    scores: dict[str, float], chunks: dict[str, Chunk], fusion: Fusion
) -> dict[str, float]:
    """Raise chunks of pages that answer in several places; the result is in [0, 1] again."""
    pages: dict[tuple[str, str], list[float]] = defaultdict(list)
    for key, chunk in chunks.items():
        pages[chunk.source, chunk.path].append(scores[key])
    evidence = {
        page: sum(sorted(found, reverse=True)[: fusion.page_chunks]) / fusion.page_chunks
        for page, found in pages.items()
    }
    best = max(evidence.values(), default=0.0) or 1.0
    return {
        key: (scores[key] + fusion.page * evidence[chunk.source, chunk.path] / best)
        / (1 + fusion.page)
        for key, chunk in chunks.items()
    }


def _ranks(hits: Iterable[Hit]) -> dict[str, int]:
    return {hit.chunk.id: rank for rank, hit in enumerate(hits, start=1)}
