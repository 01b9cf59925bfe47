"""Hybrid search: candidates from dense and BM25 search of one index version, fused."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from rag_core.errors import StoreError
from rag_core.index.bm25_tokens import build_query_terms
from rag_core.protocols import VectorStore
from rag_core.retrieval.fusion import FusionConfig, PageCosines, choose_pages, fuse
from rag_core.types import Candidate, Hit, LiveIndex, PageKey, Question, Vector

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FusedCandidates:
    """The result of a hybrid search.

    Attributes:
        candidates: best first.
        has_lexical: False if the BM25 search failed and the dense search went on alone.
        dense_hits: hits of the dense search, best first, with its scores.
        lexical_hits: hits of the BM25 search, best first, with its scores.
        page_cosines: mean cosines of the best pages.
        has_dense: False if the question could not be embedded and BM25 went on alone.
        has_pages: False if the best pages could not be compared.
    """

    candidates: tuple[Candidate, ...]
    has_lexical: bool
    dense_hits: tuple[Hit, ...] = ()
    lexical_hits: tuple[Hit, ...] = ()
    page_cosines: PageCosines = field(default_factory=dict)
    has_pages: bool = True
    has_dense: bool = True


def retrieve(
    store: VectorStore,
    live: LiveIndex,
    question: Question,
    vector: Vector | None,
    fusion: FusionConfig,
) -> FusedCandidates:
    """Search by vectors and by words, and fuse the hits.

    Args:
        store: holds the index.
        live: the version to search; all searches read its collection.
        question: its text and scope are used.
        vector: the question's embedding, shape (dimension,), float32, of L2 norm 1; None
            searches for words alone.
        fusion: depth of the searches and weights of their evidence.

    Returns:
        The candidates, best first; from the dense search alone if BM25 fails.

    Raises:
        StoreError: the dense search failed, or BM25 without one.
    """
    scope, depth = question.scope, fusion.depth
    # Step 1: both searches, each with scores of its own scale.
    dense = list[Hit]()
    if vector is not None:
        dense = store.search_dense(live.collection, vector, limit=depth, scope=scope)
    has_lexical, lexical = True, list[Hit]()
    try:
        terms = build_query_terms(question.text)
        lexical = store.search_lexical(live.collection, terms, limit=depth, scope=scope)
    except StoreError as error:
        if vector is None:
            raise
        logger.warning("BM25 search failed; searching by vectors alone: %s", error)
        has_lexical = False
    # Step 2: the means of the best pages, which tell how much of a page is about the question.
    pages = choose_pages(dense, lexical, fusion.pages)
    cosines = {} if vector is None else _score_pages(store, live, vector, pages)
    # Step 3: one order of chunks.
    candidates = fuse(dense, lexical, fusion, cosines)
    return FusedCandidates(
        candidates,
        has_lexical,
        tuple(dense),
        tuple(lexical),
        cosines or {},
        has_pages=cosines is not None,
        has_dense=vector is not None,
    )


def _score_pages(
    store: VectorStore, live: LiveIndex, vector: Vector, pages: Sequence[PageKey]
) -> PageCosines | None:
    """Compare the question with whole pages.

    Return None if that fails.
    """
    if not pages:
        return {}
    try:
        return store.score_pages(live.collection, vector, pages)
    except StoreError as error:
        logger.warning("The best pages can't be compared; ranking without that: %s", error)
        return None
