"""Candidates for a question: dense and BM25 search of one index version, fused."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from rag_core.errors import StoreError
from rag_core.index.bm25_tokens import extract_terms
from rag_core.protocols import VectorStore
from rag_core.types import Candidate, Hit, LiveIndex, PageKey, PageVector, Question, Vector

logger = logging.getLogger(__name__)

_BEST = 2
"""Chunks of a page that speak for it; three or five favour long pages (docs/quality.md)."""


@dataclass(frozen=True, slots=True)
class FusionConfig:
    """How the searches become one order; measured in docs/quality.md.

    Attributes:
        dense: share of the dense search against BM25's, in a convex sum of max-normalised scores
            (https://arxiv.org/abs/2210.11934).
        page: share of the page, by the cosine of the question and the mean of the page's vectors.
        pages: how many pages are asked for their vector; the others count as the last of them.
        best: share of the page once more, by the mean of its two best chunks' scores; of one that
            has a single chunk, by that.
        depth: hits asked of each search.
    """

    dense: float = 0.45
    page: float = 0.25
    pages: int = 20
    best: float = 0.5
    depth: int = 100


@dataclass(frozen=True, slots=True)
class FusedCandidates:
    """Candidates, best first; `lexical` is False where BM25 had to be done without.

    `dense_hits` and `word_hits` are what the searches found, with their own scores.
    """

    candidates: tuple[Candidate, ...]
    has_lexical: bool
    dense_hits: tuple[Hit, ...] = ()
    lexical_hits: tuple[Hit, ...] = ()


def retrieve(
    store: VectorStore, live: LiveIndex, question: Question, vector: Vector, fusion: FusionConfig
) -> FusedCandidates:
    """Search both ways and fuse; a backend without BM25 is searched by vectors alone."""
    scope, depth = question.scope, fusion.depth
    dense = store.search_dense(live.collection, vector, limit=depth, scope=scope)
    lexical, words = True, list[Hit]()
    try:
        query = extract_terms(question.text)
        words = store.search_lexical(live.collection, query, limit=depth, scope=scope)
    except StoreError as error:
        logger.warning("BM25 search failed, dense search goes on alone: %s", error)
        lexical = False
    fused = fuse(dense, words, fusion)
    pages = _read_page_vectors(store, live, fused, fusion)
    near = {page: max(float(found.mean @ vector), 0.0) for page, found in pages.items()}
    sizes = {page: found.chunks for page, found in pages.items()}
    candidates = _add_best_scores(_add_page_scores(fused, near, fusion), sizes, fusion)
    return FusedCandidates(candidates, lexical, tuple(dense), tuple(words))


def _read_page_vectors(
    store: VectorStore, live: LiveIndex, candidates: Sequence[Candidate], fusion: FusionConfig
) -> dict[PageKey, PageVector]:
    """The best candidates' pages; none where they can't be had."""
    pages = list(dict.fromkeys(found.chunk.page_key for found in candidates))[: fusion.pages]
    if not pages or not (fusion.page or fusion.best):
        return {}
    try:
        return store.read_page_vectors(live.collection, pages)
    except StoreError as error:
        logger.warning("The pages' vectors can't be read, the order goes without: %s", error)
        return {}


def _add_page_scores(
    candidates: Sequence[Candidate], near: Mapping[PageKey, float], fusion: FusionConfig
) -> tuple[Candidate, ...]:
    """Mix in how near the pages are, divided by the nearest; scores stay in [0, 1]."""
    best = max(near.values(), default=0.0)
    if not best:
        return tuple(candidates)
    least, share = min(near.values()), fusion.page
    mixed = [
        replace(
            found,
            retrieval_score=(1 - share) * found.retrieval_score
            + share * near.get(found.chunk.page_key, least) / best,
        )
        for found in candidates
    ]
    return _sort_candidates(mixed)


def _add_best_scores(
    candidates: Sequence[Candidate], sizes: Mapping[PageKey, int], fusion: FusionConfig
) -> tuple[Candidate, ...]:
    """Mix in how well the two best chunks of the page match; scores stay in [0, 1].

    A page that says it twice is likelier the one that is about it.

    Args:
        candidates: best first.
        sizes: chunks of a page where that is known; others have two or more.
        fusion: has the share.
    """
    found: dict[PageKey, list[float]] = defaultdict(list)
    for candidate in candidates:
        found[candidate.chunk.page_key].append(candidate.retrieval_score)
    pages = {
        page: sum(scores[:_BEST]) / min(_BEST, sizes.get(page, _BEST))
        for page, scores in found.items()
    }
    most, share = max(pages.values(), default=0.0), fusion.best
    if not most or not sizes:
        return tuple(candidates)
    return _sort_candidates(
        replace(
            candidate,
            retrieval_score=(1 - share) * candidate.retrieval_score
            + share * pages[candidate.chunk.page_key] / most,
        )
        for candidate in candidates
    )


def fuse(
    dense: Sequence[Hit], lexical: Sequence[Hit], fusion: FusionConfig
) -> tuple[Candidate, ...]:
    """One order out of two: best first, scores in [0, 1]; ties keep the id's order."""
    chunks = {hit.chunk.id: hit.chunk for hit in (*dense, *lexical)}
    dense_scores, lexical_scores = _normalise_scores(dense), _normalise_scores(lexical)
    # A search that found nothing leaves its share to the other.
    both = bool(dense and lexical)
    dense_share, lexical_share = (fusion.dense, 1 - fusion.dense) if both else (1.0, 1.0)
    dense_ranks, lexical_ranks = _number_hits(dense), _number_hits(lexical)
    return _sort_candidates(
        Candidate(
            chunk,
            dense_share * dense_scores.get(key, 0.0) + lexical_share * lexical_scores.get(key, 0.0),
            dense_ranks.get(key),
            lexical_ranks.get(key),
        )
        for key, chunk in chunks.items()
    )


def _sort_candidates(candidates: Iterable[Candidate]) -> tuple[Candidate, ...]:
    return tuple(sorted(candidates, key=lambda found: (-found.retrieval_score, found.chunk.id)))


def _normalise_scores(hits: Sequence[Hit]) -> dict[str, float]:
    """Scores divided by the best one, negative cosines as 0."""
    best = max((hit.score for hit in hits), default=0.0)
    if best <= 0:
        return {hit.chunk.id: 0.0 for hit in hits}
    return {hit.chunk.id: max(hit.score, 0.0) / best for hit in hits}


def _number_hits(hits: Iterable[Hit]) -> dict[str, int]:
    return {hit.chunk.id: rank for rank, hit in enumerate(hits, start=1)}
