"""Asks every question in every way: words, vectors, both, reranked, and as the tutorial did."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from rag_core.evaluation.files import AskedQuestion
from rag_core.index.bm25_tokens import terms
from rag_core.pipeline import Tuning
from rag_core.protocols import Embedder, Reranker, VectorStore
from rag_core.retrieval.abstention import Signals, signals
from rag_core.retrieval.hybrid_search import Retrieved, retrieve
from rag_core.retrieval.rerank import rank
from rag_core.types import Chunk, LiveIndex, Question, Scope

METHODS = ("bm25", "dense", "hybrid", "reranked", "tutorial")
"""`reranked` is what docent does; `tutorial` the ten nearest vectors in the reranker's order."""

DEPTH = 100
_TUTORIAL = 10

Tick = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Parts:
    """What questions are asked of."""

    store: VectorStore
    live: LiveIndex
    embedder: Embedder
    reranker: Reranker
    tuning: Tuning


@dataclass(frozen=True, slots=True)
class Outcome:
    """One question asked in every way.

    Attributes:
        question: as it was asked.
        found: the chunks of each method, best first.
        signals: what they say about whether there is an answer; None where a stage was missing.
        milliseconds: by stage.
    """

    question: AskedQuestion
    found: dict[str, tuple[Chunk, ...]]
    signals: Signals | None
    milliseconds: dict[str, float]


def ask_all(
    questions: Iterable[AskedQuestion], parts: Parts, *, tick: Tick = lambda: None
) -> Iterator[Outcome]:
    """Ask one after the other; `tick` is called after each."""
    for number, question in enumerate(questions):
        if not number:
            ask(question, parts)  # a first search reads the index from disk
        yield ask(question, parts)
        tick()


def ask(question: AskedQuestion, parts: Parts) -> Outcome:
    """Ask one question in every way."""
    clock = _Clock()
    store, collection, everywhere = parts.store, parts.live.collection, Scope()
    vector = parts.embedder.embed_query(question.text)
    clock.lap("embed")
    dense = store.search_dense(collection, vector, limit=DEPTH, scope=everywhere)
    clock.lap("dense")
    words = terms(question.text)
    exact = store.search_lexical(collection, words, limit=DEPTH, scope=everywhere)
    clock.lap("bm25")
    asked = Question(question.text)
    retrieved = retrieve(store, parts.live, asked, vector, parts.tuning.fusion)
    clock.lap("hybrid")
    ranked = rank(parts.reranker, question.text, retrieved.candidates, parts.tuning.ranker)
    clock.lap("rerank")
    told = signals(question.text, retrieved.dense_hits, retrieved.word_hits, ranked.passages)
    clock.lap("abstention")
    found = {
        "bm25": tuple(hit.chunk for hit in exact),
        "dense": tuple(hit.chunk for hit in dense),
        "hybrid": tuple(one.chunk for one in retrieved.candidates),
        "reranked": tuple(one.chunk for one in ranked.passages),
        "tutorial": _tutorial(question.text, parts, retrieved),
    }
    return Outcome(question, found, told if ranked.reranked else None, clock.milliseconds)


def _tutorial(question: str, parts: Parts, retrieved: Retrieved) -> tuple[Chunk, ...]:
    """Only what is near by vectors, and in that only the reranker's word counts."""
    near = [one for one in retrieved.candidates if one.dense_rank and one.dense_rank <= _TUTORIAL]
    near.sort(key=lambda one: one.dense_rank or 0)
    alone = replace(parts.tuning.ranker, depth=_TUTORIAL, weight=1.0)
    return tuple(one.chunk for one in rank(parts.reranker, question, near, alone).passages)


def by_stage(outcomes: Sequence[Outcome]) -> dict[str, list[float]]:
    """Milliseconds of all questions, by stage."""
    found: dict[str, list[float]] = defaultdict(list)
    for outcome in outcomes:
        for stage, spent in outcome.milliseconds.items():
            found[stage].append(spent)
        asked = sum(outcome.milliseconds[stage] for stage in ("embed", "hybrid", "rerank"))
        found["retrieval and rerank"].append(asked)
    return dict(found)


class _Clock:
    def __init__(self) -> None:
        self._lap = time.perf_counter()
        self.milliseconds: dict[str, float] = {}

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self.milliseconds[stage] = (now - self._lap) * 1000
        self._lap = now
