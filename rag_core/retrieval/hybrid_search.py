"""Hybrid search: candidates from dense and BM25 search of one index version, fused."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from rag_core.errors import StoreError
from rag_core.index.bm25_tokens import build_query_terms
from rag_core.protocols import VectorStore
from rag_core.types import Candidate, Hit, LiveIndex, PageKey, PageVector, Question, Vector

logger = logging.getLogger(__name__)

_BEST_CHUNKS = 2
"""Chunks whose scores make up a page's; three or five favour long pages (docs/quality.md)."""


@dataclass(frozen=True, slots=True)
class FusionConfig:
    """The weights that make one order of two searches; docs/quality.md has the measurements.

    Attributes:
        dense: share of the dense search; BM25 has the rest. The fused score is a convex sum of
            max-normalised scores (https://arxiv.org/abs/2210.11934).
        page: share of the page's cosine: that of the question with the mean of the page's vectors.
        pages: pages whose vectors are read; all others count like the least similar of these.
        best: share of the page's best chunks: the mean score of its two best, or the score of its
            only one.
        depth: hits requested from each search.
    """

    dense: float = 0.45
    page: float = 0.25
    pages: int = 20
    best: float = 0.5
    depth: int = 100


@dataclass(frozen=True, slots=True)
class FusedCandidates:
    """The result of a hybrid search.

    Attributes:
        candidates: best first.
        has_lexical: False if the BM25 search failed and the dense search went on alone.
        dense_hits: hits of the dense search, best first, with its scores.
        lexical_hits: hits of the BM25 search, best first, with its scores.
    """

    candidates: tuple[Candidate, ...]
    has_lexical: bool
    dense_hits: tuple[Hit, ...] = ()
    lexical_hits: tuple[Hit, ...] = ()


def retrieve(
    store: VectorStore, live: LiveIndex, question: Question, vector: Vector, fusion: FusionConfig
) -> FusedCandidates:
    """Search by vectors and by words, and fuse the hits.

    Args:
        store: holds the index.
        live: the version to search; both searches read its collection.
        question: its text and scope are used.
        vector: the question's embedding, shape (dimension,), float32, of L2 norm 1.
        fusion: depth of the searches and weights of their scores.

    Returns:
        The candidates, best first; from the dense search alone if BM25 fails.

    Raises:
        StoreError: the dense search failed.
    """
    scope, depth = question.scope, fusion.depth
    # Step 1: both searches, each with scores of its own scale.
    dense = store.search_dense(live.collection, vector, limit=depth, scope=scope)
    has_lexical, lexical = True, list[Hit]()
    try:
        terms = build_query_terms(question.text)
        lexical = store.search_lexical(live.collection, terms, limit=depth, scope=scope)
    except StoreError as error:
        logger.warning("BM25 search failed, dense search goes on alone: %s", error)
        has_lexical = False
    # Step 2: one order of chunks.
    fused = fuse(dense, lexical, fusion)
    # Step 3: the pages have their say, by their mean vectors and by their best chunks.
    pages = _read_page_vectors(store, live, fused, fusion)
    cosines = {key: max(float(page.mean @ vector), 0.0) for key, page in pages.items()}
    sizes = {key: page.chunks for key, page in pages.items()}
    candidates = _add_best_scores(_add_page_scores(fused, cosines, fusion), sizes, fusion)
    return FusedCandidates(candidates, has_lexical, tuple(dense), tuple(lexical))


def _read_page_vectors(
    store: VectorStore, live: LiveIndex, candidates: Sequence[Candidate], fusion: FusionConfig
) -> dict[PageKey, PageVector]:
    """Read the best candidates' pages; return none if that fails."""
    pages = list(dict.fromkeys(each.chunk.page_key for each in candidates))[: fusion.pages]
    if not pages or not (fusion.page or fusion.best):
        return {}
    try:
        return store.read_page_vectors(live.collection, pages)
    except StoreError as error:
        logger.warning("The pages' vectors can't be read, the order goes without: %s", error)
        return {}


def _add_page_scores(
    candidates: Sequence[Candidate], cosines: Mapping[PageKey, float], fusion: FusionConfig
) -> tuple[Candidate, ...]:
    """Mix in the pages' cosines; scores stay in [0, 1]."""
    best = max(cosines.values(), default=0.0)
    if not best:
        return tuple(candidates)
    least, share = min(cosines.values()), fusion.page
    mixed = [
        replace(
            candidate,
            retrieval_score=(1 - share) * candidate.retrieval_score
            + share * cosines.get(candidate.chunk.page_key, least) / best,
        )
        for candidate in candidates
    ]
    return _sort_candidates(mixed)


def _add_best_scores(
    candidates: Sequence[Candidate], sizes: Mapping[PageKey, int], fusion: FusionConfig
) -> tuple[Candidate, ...]:
    """Mix in the mean score of each page's two best chunks.

    Scores stay in [0, 1]. A page that matches in two places is more likely to be about the
    question.

    Args:
        candidates: best first.
        sizes: number of chunks by page; a page that is not in it is taken to have two or more.
        fusion: its `best` is the share of the pages.
    """
    scores_by_page: dict[PageKey, list[float]] = defaultdict(list)
    for candidate in candidates:
        scores_by_page[candidate.chunk.page_key].append(candidate.retrieval_score)
    # Divided by two also where only one of a page's chunks was found.
    pages = {
        page: sum(scores[:_BEST_CHUNKS]) / min(_BEST_CHUNKS, sizes.get(page, _BEST_CHUNKS))
        for page, scores in scores_by_page.items()
    }
    best, share = max(pages.values(), default=0.0), fusion.best
    if not best or not sizes:
        return tuple(candidates)
    return _sort_candidates(
        replace(
            candidate,
            retrieval_score=(1 - share) * candidate.retrieval_score
            + share * pages[candidate.chunk.page_key] / best,
        )
        for candidate in candidates
    )


def fuse(
    dense: Sequence[Hit], lexical: Sequence[Hit], fusion: FusionConfig
) -> tuple[Candidate, ...]:
    """Fuse the hits of two searches into one order.

    Args:
        dense: hits of the dense search, best first.
        lexical: hits of the BM25 search, best first.
        fusion: its `dense` is the share of the dense search.

    Returns:
        One candidate for each chunk, best first, with scores in [0, 1]; equal scores are in the
        order of the chunks' ids.
    """
    chunks = {hit.chunk.id: hit.chunk for hit in (*dense, *lexical)}
    dense_scores, lexical_scores = _normalise_scores(dense), _normalise_scores(lexical)
    # A search without hits leaves its share to the other.
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
    return tuple(sorted(candidates, key=lambda each: (-each.retrieval_score, each.chunk.id)))


def _normalise_scores(hits: Sequence[Hit]) -> dict[str, float]:
    """Return each chunk's score divided by the best; negative cosines become 0."""
    best = max((hit.score for hit in hits), default=0.0)
    if best <= 0:
        return {hit.chunk.id: 0.0 for hit in hits}
    return {hit.chunk.id: max(hit.score, 0.0) / best for hit in hits}


def _number_hits(hits: Iterable[Hit]) -> dict[str, int]:
    return {hit.chunk.id: rank for rank, hit in enumerate(hits, start=1)}
