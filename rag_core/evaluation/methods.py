"""Asks every question in every way: words, vectors, both, reranked, and as the tutorial did."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from rag_core.evaluation.files import EvaluationQuestion
from rag_core.index.bm25_tokens import extract_terms
from rag_core.pipeline import Tuning
from rag_core.protocols import Embedder, Reranker, VectorStore
from rag_core.retrieval.abstention import Signals, compute_signals
from rag_core.retrieval.hybrid_search import FusedCandidates, retrieve
from rag_core.retrieval.rerank import rerank_candidates
from rag_core.types import Chunk, LiveIndex, Question, Scope

METHODS = ("bm25", "dense", "hybrid", "reranked", "tutorial")
"""`reranked` is what docent does; `tutorial` the ten nearest vectors in the reranker's order."""

DEPTH = 100
_TUTORIAL = 10

Tick = Callable[[], None]


@dataclass(frozen=True, slots=True)
class EvaluationTarget:
    """What questions are asked of."""

    store: VectorStore
    live: LiveIndex
    embedder: Embedder
    reranker: Reranker
    tuning: Tuning


@dataclass(frozen=True, slots=True)
class QuestionOutcome:
    """One question asked in every way.

    Attributes:
        question: as it was asked.
        found: the chunks of each method, best first.
        signals: what they say about whether there is an answer; None where a stage was missing.
        milliseconds: by stage.
    """

    question: EvaluationQuestion
    chunks_by_method: dict[str, tuple[Chunk, ...]]
    signals: Signals | None
    milliseconds: dict[str, float]


def ask_questions(
    questions: Iterable[EvaluationQuestion], parts: EvaluationTarget, *, tick: Tick = lambda: None
) -> Iterator[QuestionOutcome]:
    """Ask one after the other; `tick` is called after each."""
    for number, question in enumerate(questions):
        if not number:
            ask_question(question, parts)  # a first search reads the index from disk
        yield ask_question(question, parts)
        tick()


def ask_question(question: EvaluationQuestion, parts: EvaluationTarget) -> QuestionOutcome:
    """Ask one question in every way."""
    clock = _StageTimer()
    store, collection, everywhere = parts.store, parts.live.collection, Scope()
    vector = parts.embedder.embed_query(question.text)
    clock.record_lap("embed")
    dense = store.search_dense(collection, vector, limit=DEPTH, scope=everywhere)
    clock.record_lap("dense")
    words = extract_terms(question.text)
    exact = store.search_lexical(collection, words, limit=DEPTH, scope=everywhere)
    clock.record_lap("bm25")
    asked = Question(question.text)
    retrieved = retrieve(store, parts.live, asked, vector, parts.tuning.fusion)
    clock.record_lap("hybrid")
    ranked = rerank_candidates(
        parts.reranker, question.text, retrieved.candidates, parts.tuning.ranker
    )
    clock.record_lap("rerank")
    told = compute_signals(
        question.text, retrieved.dense_hits, retrieved.lexical_hits, ranked.passages
    )
    clock.record_lap("abstention")
    found = {
        "bm25": tuple(hit.chunk for hit in exact),
        "dense": tuple(hit.chunk for hit in dense),
        "hybrid": tuple(one.chunk for one in retrieved.candidates),
        "reranked": tuple(one.chunk for one in ranked.passages),
        "tutorial": _rank_like_tutorial(question.text, parts, retrieved),
    }
    return QuestionOutcome(question, found, told if ranked.reranked else None, clock.milliseconds)


def _rank_like_tutorial(
    question: str, parts: EvaluationTarget, retrieved: FusedCandidates
) -> tuple[Chunk, ...]:
    """Only what is near by vectors, and in that only the reranker's word counts."""
    near = [one for one in retrieved.candidates if one.dense_rank and one.dense_rank <= _TUTORIAL]
    near.sort(key=lambda one: one.dense_rank or 0)
    alone = replace(parts.tuning.ranker, depth=_TUTORIAL, weight=1.0)
    return tuple(
        one.chunk for one in rerank_candidates(parts.reranker, question, near, alone).passages
    )


def group_by_stage(outcomes: Sequence[QuestionOutcome]) -> dict[str, list[float]]:
    """Milliseconds of all questions, by stage."""
    found: dict[str, list[float]] = defaultdict(list)
    for outcome in outcomes:
        for stage, spent in outcome.milliseconds.items():
            found[stage].append(spent)
        asked = sum(outcome.milliseconds[stage] for stage in ("embed", "hybrid", "rerank"))
        found["retrieval and rerank"].append(asked)
    return dict(found)


class _StageTimer:
    def __init__(self) -> None:
        self._lap = time.perf_counter()
        self.milliseconds: dict[str, float] = {}

    def record_lap(self, stage: str) -> None:
        now = time.perf_counter()
        self.milliseconds[stage] = (now - self._lap) * 1000
        self._lap = now
