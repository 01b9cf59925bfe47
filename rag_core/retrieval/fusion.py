"""Fusion: one order of the hits of both searches, by a logistic regression over their evidence.

A page answers a question or does not, so most of the evidence is about the page: how near its
nearest chunk is, how near all of its chunks are on average, and how well its best chunk matches by
BM25. Within a page, the chunks are in the order of their own scores. The weights are fitted over
three documentations (`rag_core/retrieval/fitted.py`, docs/quality.md).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from rag_core.retrieval.fitted import FUSION_BIAS, FUSION_WEIGHTS
from rag_core.types import Candidate, Chunk, Hit, PageKey

_TINY = 1e-6
"""Cosines that differ by less are equal: float32 has seven digits."""

_FIRST_HITS = 4
_MOST_VERSIONS = 4

REACH = 8
"""Candidates of which the first four hits of both searches are a part, for a reranker to read."""

_RANK_OFFSET = 3
"""Lets a page that both searches know come before one that a single search has first."""

Key = TypeVar("Key")

PageCosines = Mapping[PageKey, float]
"""Mean cosine of the question with the chunks of each of some pages."""


@dataclass(frozen=True, slots=True)
class FusionConfig:
    """The settings of the fusion.

    Attributes:
        weights: of a page's mean cosine, its nearest chunk and its best BM25 score.
        bias: log-odds without any evidence.
        chunk: weight of a chunk's own score, which orders the chunks of a page.
        dense: share of the cosine in a chunk's own score; BM25 has the rest.
        pages: pages whose mean cosines count.
        depth: hits requested from each search.
        reach: candidates among which the first four hits of either search are, for a reranker that
            reads so many; 0 promises nothing. One search can be right alone: the dense search does
            not find a pasted error, and BM25 finds no paraphrase.
    """

    weights: tuple[float, float, float] = FUSION_WEIGHTS
    bias: float = FUSION_BIAS
    chunk: float = 2.0
    dense: float = 0.45
    pages: int = 20
    depth: int = 100
    reach: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """The evidence for each chunk that was found, row by row.

    Attributes:
        chunks: n chunks.
        pages: array of shape (n, 3), float64, in [0, 1]: of the chunk's page the mean cosine, the
            nearest chunk's cosine and the best BM25 score.
        own: array of shape (n, 2), float64, in [0, 1]: the chunk's own cosine and BM25 score.
    """

    chunks: tuple[Chunk, ...]
    pages: NDArray[np.float64]
    own: NDArray[np.float64]


def collect_evidence(
    dense: Sequence[Hit], lexical: Sequence[Hit], cosines: PageCosines
) -> Evidence:
    """Collect the evidence for the hits of two searches.

    Cosines are spread from the last hit of the dense search, 0, to the nearest chunk, 1. So a model
    whose cosines lie close together is fused like one whose cosines spread. A chunk that is not
    a hit is no nearer than the last one, so hits alone say how near a page's nearest chunk is. BM25
    scores are divided by the best, because 0 has a meaning there.

    Args:
        dense: hits of the dense search, best first.
        lexical: hits of the BM25 search, best first.
        cosines: of the best pages, by `VectorStore.score_pages`; may be empty.

    Returns:
        One row for each chunk that was found.
    """
    chunks = {hit.chunk.id: hit.chunk for hit in (*dense, *lexical)}
    nearness = _spread({hit.chunk.id: hit.score for hit in dense})
    best = max((hit.score for hit in lexical), default=0.0) or 1.0
    words = {hit.chunk.id: max(hit.score, 0.0) / best for hit in lexical}
    means = _spread(cosines)
    nearest: dict[PageKey, float] = defaultdict(float)
    matched: dict[PageKey, float] = defaultdict(float)
    for key, chunk in chunks.items():
        page = chunk.page_key
        nearest[page] = max(nearest[page], nearness.get(key, 0.0))
        matched[page] = max(matched[page], words.get(key, 0.0))
    pages = [chunk.page_key for chunk in chunks.values()]
    rows = [(means.get(page, 0.0), nearest[page], matched[page]) for page in pages]
    own = [(nearness.get(key, 0.0), words.get(key, 0.0)) for key in chunks]
    return Evidence(
        tuple(chunks.values()), np.array(rows).reshape(-1, 3), np.array(own).reshape(-1, 2)
    )


def _spread(scores: Mapping[Key, float]) -> dict[Key, float]:
    """Spread scores from 0 for the least to 1 for the best.

    Equal scores are all 1.
    """
    if not scores:
        return {}
    best, least = max(scores.values()), min(scores.values())
    if best - least < _TINY:
        return dict.fromkeys(scores, 1.0)
    return {key: (score - least) / (best - least) for key, score in scores.items()}


def choose_pages(dense: Sequence[Hit], lexical: Sequence[Hit], limit: int) -> list[PageKey]:
    """Choose the pages whose mean cosines count, by their best ranks.

    Pages of one path count as one, because several versions of a documentation have all of them.

    Args:
        dense: hits of the dense search, best first.
        lexical: hits of the BM25 search, best first.
        limit: most paths, and a quarter of the most pages.

    Returns:
        The pages, the most promising first.
    """
    promise: dict[PageKey, float] = defaultdict(float)
    for hits in (dense, lexical):
        pages = dict.fromkeys(hit.chunk.page_key for hit in hits)  # in the order of their best hits
        for rank, page in enumerate(pages):
            promise[page] += 1 / (rank + _RANK_OFFSET)
    ordered = sorted(promise, key=lambda page: (-promise[page], page))
    paths = set(list(dict.fromkeys(path for _, path in ordered))[:limit])
    return [page for page in ordered if page[1] in paths][: _MOST_VERSIONS * limit]


def fuse(
    dense: Sequence[Hit],
    lexical: Sequence[Hit],
    fusion: FusionConfig,
    cosines: PageCosines | None = None,
) -> tuple[Candidate, ...]:
    """Fuse the hits of two searches into one order.

    Args:
        dense: hits of the dense search, best first.
        lexical: hits of the BM25 search, best first.
        fusion: the weights.
        cosines: of the best pages, by `VectorStore.score_pages`.

    Returns:
        One candidate for each chunk, best first, with a score in [0, 1]: the probability that its
        page answers, as far as the fit goes. Equal scores are in the order of the chunks' ids.
    """
    evidence = collect_evidence(dense, lexical, cosines or {})
    scores = score_evidence(evidence, fusion)
    dense_ranks, lexical_ranks = _number_hits(dense), _number_hits(lexical)
    candidates = [
        Candidate(chunk, float(score), dense_ranks.get(chunk.id), lexical_ranks.get(chunk.id))
        for chunk, score in zip(evidence.chunks, scores, strict=True)
    ]
    candidates.sort(key=lambda each: (-each.retrieval_score, each.chunk.id))
    return tuple(move_within_reach(candidates, fusion.reach))


def score_evidence(evidence: Evidence, fusion: FusionConfig) -> NDArray[np.float64]:
    """Score each row of the evidence.

    Returns:
        Probabilities of an answer, shape (n,), float64, in [0, 1].
    """
    own = evidence.own @ np.array([fusion.dense, 1 - fusion.dense])
    logits = fusion.bias + evidence.pages @ np.array(fusion.weights) + fusion.chunk * own
    scores: NDArray[np.float64] = 1 / (1 + np.exp(-logits))
    return scores


def move_within_reach(candidates: Sequence[Candidate], reach: int) -> list[Candidate]:
    """Move the first four hits of either search to within `reach`.

    They keep their scores, so the candidates are no longer in the order of these.

    Args:
        candidates: best first.
        reach: candidates among which they are; 0 moves nothing.

    Returns:
        The candidates in their new order.
    """
    head, tail = list(candidates[:reach]), list(candidates[reach:])
    moved = [each for each in tail if _is_first_hit(each)]
    if not moved:
        return [*head, *tail]
    # First hits that are there already stay; the last of the others make room.
    others = [each for each in head if not _is_first_hit(each)]
    moved, leaving = moved[: len(others)], others[len(others) - len(moved[: len(others)]) :]
    placed = {each.chunk.id for each in (*moved, *leaving)}
    return [
        *(each for each in head if each.chunk.id not in placed),
        *moved,
        *leaving,
        *(each for each in tail if each.chunk.id not in placed),
    ]


def _is_first_hit(candidate: Candidate) -> bool:
    ranks = (candidate.dense_rank, candidate.lexical_rank)
    return any(rank is not None and rank <= _FIRST_HITS for rank in ranks)


def _number_hits(hits: Iterable[Hit]) -> dict[str, int]:
    return {hit.chunk.id: rank for rank, hit in enumerate(hits, start=1)}
