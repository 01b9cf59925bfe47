"""The methods compared: BM25, dense, hybrid, reranked, and that of the tutorial."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from rag_core.evaluation.files import EvaluationQuestion
from rag_core.index.bm25_tokens import build_query_terms
from rag_core.protocols import Embedder, Reranker, VectorStore
from rag_core.retrieval.abstention import Signals, compute_signals
from rag_core.retrieval.fusion import Evidence, collect_evidence
from rag_core.retrieval.hybrid_search import FusedCandidates, retrieve
from rag_core.retrieval.rerank import rerank_candidates
from rag_core.tuning import Tuning
from rag_core.types import Chunk, LiveIndex, Question, Scope

METHODS = ("bm25", "dense", "hybrid", "reranked", "tutorial")
"""`reranked` is docent's order; `tutorial` is the ten nearest vectors in the reranker's order."""

DEPTH = 100
"""Hits requested from each search."""

_TUTORIAL_DEPTH = 10

Tick = Callable[[], None]


@dataclass(frozen=True, slots=True)
class EvaluationTarget:
    """The index and the models that questions are asked of."""

    store: VectorStore
    live: LiveIndex
    embedder: Embedder
    reranker: Reranker
    tuning: Tuning


@dataclass(frozen=True, slots=True)
class QuestionOutcome:
    """The outcome of one question, by every method.

    Attributes:
        question: as it was asked.
        chunks_by_method: chunks that each method found, best first.
        signals: those of `retrieval.abstention`; None if a search or the reranker failed.
        evidence: that of `retrieval.fusion`.
        milliseconds: by stage.
    """

    question: EvaluationQuestion
    chunks_by_method: dict[str, tuple[Chunk, ...]]
    signals: Signals | None
    evidence: Evidence
    milliseconds: dict[str, float]


def ask_questions(
    questions: Iterable[EvaluationQuestion],
    target: EvaluationTarget,
    *,
    tick: Tick = lambda: None,
    compare: bool = True,
) -> Iterator[QuestionOutcome]:
    """Ask questions one after the other.

    Args:
        questions: asked in their order.
        target: the index and the models.
        tick: called after each question.
        compare: whether to rank by the tutorial's method too, which reranks ten passages.

    Yields:
        The outcome of each question.

    Raises:
        StoreError, ModelError: Milvus or a model failed.
    """
    for number, question in enumerate(questions):
        if not number:
            ask_question(question, target)  # a first search reads the index from disk
        yield ask_question(question, target, compare=compare)
        tick()


def ask_question(
    question: EvaluationQuestion, target: EvaluationTarget, *, compare: bool = True
) -> QuestionOutcome:
    """Ask one question by every method.

    Args:
        question: the question.
        target: the index and the models.
        compare: whether to rank by the tutorial's method too.

    Returns:
        Its outcome.

    Raises:
        StoreError, ModelError: Milvus or a model failed.
    """
    timer = _StageTimer()
    store, collection, everywhere = target.store, target.live.collection, Scope()
    glossary = target.tuning.glossary
    text = glossary.expand(question.text)
    vector = target.embedder.embed_query(text)
    timer.record_lap("embed")
    dense = store.search_dense(collection, vector, limit=DEPTH, scope=everywhere)
    timer.record_lap("dense")
    terms = build_query_terms(text)
    lexical = store.search_lexical(collection, terms, limit=DEPTH, scope=everywhere)
    timer.record_lap("bm25")
    fusion = target.tuning.choose_fusion(target.live.spec)
    retrieved = retrieve(store, target.live, Question(text), vector, fusion)
    timer.record_lap("hybrid")
    ranked = rerank_candidates(target.reranker, text, retrieved.candidates, target.tuning.ranker)
    timer.record_lap("rerank")
    signals = compute_signals(
        glossary.translate(text), retrieved.dense_hits, retrieved.lexical_hits, ranked.passages
    )
    timer.record_lap("abstention")
    chunks_by_method = {
        "bm25": tuple(hit.chunk for hit in lexical),
        "dense": tuple(hit.chunk for hit in dense),
        "hybrid": tuple(candidate.chunk for candidate in retrieved.candidates),
        "reranked": tuple(passage.chunk for passage in ranked.passages),
    }
    if compare:
        chunks_by_method["tutorial"] = _rank_like_tutorial(text, target, retrieved)
    evidence = collect_evidence(
        retrieved.dense_hits, retrieved.lexical_hits, retrieved.page_cosines
    )
    return QuestionOutcome(
        question,
        chunks_by_method,
        signals if ranked.reranked else None,
        evidence,
        timer.milliseconds,
    )


def _rank_like_tutorial(
    question: str, target: EvaluationTarget, retrieved: FusedCandidates
) -> tuple[Chunk, ...]:
    """Rank the ten nearest vectors by the reranker's score alone."""
    nearest = [
        each
        for each in retrieved.candidates
        if each.dense_rank and each.dense_rank <= _TUTORIAL_DEPTH
    ]
    nearest.sort(key=lambda each: each.dense_rank or 0)
    ranker = replace(target.tuning.ranker, depth=_TUTORIAL_DEPTH, weight=1.0)
    ranked = rerank_candidates(target.reranker, question, nearest, ranker)
    return tuple(passage.chunk for passage in ranked.passages)


def group_by_stage(outcomes: Sequence[QuestionOutcome]) -> dict[str, list[float]]:
    """Return the milliseconds of all questions by stage."""
    by_stage: dict[str, list[float]] = defaultdict(list)
    for outcome in outcomes:
        for stage, spent in outcome.milliseconds.items():
            by_stage[stage].append(spent)
        total = sum(outcome.milliseconds[stage] for stage in ("embed", "hybrid", "rerank"))
        by_stage["retrieval and rerank"].append(total)
    return dict(by_stage)


class _StageTimer:
    def __init__(self) -> None:
        self._lap = time.perf_counter()
        self.milliseconds: dict[str, float] = {}

    def record_lap(self, stage: str) -> None:
        now = time.perf_counter()
        self.milliseconds[stage] = (now - self._lap) * 1000
        self._lap = now
