"""A question becomes an answer: retrieve, rerank, generate. A stage that falls back says so."""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace

from rag_core.errors import (
    EmptyQuestionError,
    IndexMismatchError,
    IndexMissingError,
    QuestionTooLongError,
)
from rag_core.generation.writer import Clock, Found, Writer, Written, done
from rag_core.protocols import Embedder, Generator, Reranker, VectorStore
from rag_core.query.rewrite import Rewriter
from rag_core.query.script import is_latin
from rag_core.retrieval.abstention import signals
from rag_core.retrieval.calibration import Calibration, calibration_for
from rag_core.retrieval.diversify import select
from rag_core.retrieval.hybrid_search import Fusion, Retrieved, retrieve
from rag_core.retrieval.rerank import Ranked, Ranker, rank
from rag_core.types import (
    SCHEMA_VERSION,
    Answer,
    Degradation,
    Done,
    Event,
    Hit,
    IndexSpec,
    LiveIndex,
    Passage,
    Question,
    Ranking,
    Searching,
)

MAX_QUESTION_CHARACTERS = 4_000


@dataclass(frozen=True, slots=True)
class Tuning:
    """How retrieval and reranking are set; `passages` is how many reach the LLM.

    `latin_only` says that the embedder makes noise of any other script. `reranker` is the name of
    that model; with `fitted`, or docent's own numbers for the two models, questions are refused and
    citations dropped. Without the name nothing is.
    """

    fusion: Fusion
    ranker: Ranker
    passages: int = 5
    latin_only: bool = False
    reranker: str = ""
    fitted: Calibration | None = None

    def calibration(self, spec: IndexSpec) -> Calibration | None:
        """What was measured with an index and a reranker like these."""
        return calibration_for(spec, self.reranker, self.fitted) if self.reranker else None


class Pipeline:
    """Answers questions from the live index. Thread-safe as far as its parts are."""

    def __init__(  # noqa: PLR0913  (the parts, by name)
        self,
        *,
        embedder: Embedder,
        reranker: Reranker,
        store: VectorStore,
        generator: Generator | None,
        tuning: Tuning,
        place: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        """Take parts that are open; `place` is held by a question until its passages are ranked."""
        self._embedder = embedder
        self._reranker = reranker
        self._store = store
        self._rewriter = Rewriter(generator)
        self._writer = Writer(embedder, generator)
        self._tuning = tuning
        self._place = place

    def answer(self, question: Question) -> Answer:
        """`stream`, collected."""
        for event in self.stream(question):
            if isinstance(event, Done):
                return event.answer
        raise AssertionError("a stream ends with Done")

    def search(self, question: Question, *, limit: int = 10) -> tuple[Passage, ...]:
        """The best passages, chosen as for an answer; past the reranker's depth without its score.

        Raises:
            QuestionError, BusyError, StoreError, ModelError: as `stream`.
        """
        return select(self.ranked(question), limit=limit)

    def ranked(self, question: Question) -> tuple[Passage, ...]:
        """Everything that was found, in its order, repetitions and all; for measurements.

        Raises:
            QuestionError, BusyError, StoreError, ModelError: as `stream`.
        """
        finding = self._find(question, Clock())
        while True:
            try:
                next(finding)
            except StopIteration as end:
                found: Found = end.value
                return found.passages

    def by_embedding(self, question: Question, *, limit: int = 10) -> tuple[Hit, ...]:
        """The order before reranking by vectors alone, for comparison; scores are cosines."""
        check(question)
        with self._place():
            vector = self._embedder.embed_query(question.text)
            live = self.live_index()
            hits = self._store.search_dense(
                live.collection, vector, limit=limit, scope=question.scope
            )
        return tuple(hits)

    def stream(self, question: Question) -> Iterator[Event]:
        """Answer a question, event by event; the last is `Done`.

        Closing it stops the LLM and frees the question's place in line.

        Raises:
            QuestionError: nothing was asked, or too much at once.
            BusyError: too many questions wait already.
            StoreError: Milvus is away, holds no index, or one of another model.
            ModelError: the embedder failed.
        """
        clock = Clock()
        found = yield from self._find(question, clock)
        found = replace(found, passages=select(found.passages, limit=self._tuning.passages))
        if not found.passages or found.refused:
            yield done(found, clock, Written())
        else:
            yield from self._writer.write(question, found, clock)

    def _find(self, question: Question, clock: Clock) -> typing.Generator[Event, None, Found]:
        check(question)
        live = self.live_index()
        # Before the place: while one is taken, indexing gives way, and the LLM takes its time.
        rewritten = self._rewriter.rewrite(question)
        if question.history:
            clock.lap("rewrite_ms")
        question = replace(question, text=rewritten.text)
        with self._place():
            found = yield from self._ranked(live, question, clock)
        return replace(found, usage=rewritten.usage)

    def _ranked(
        self, live: LiveIndex, question: Question, clock: Clock
    ) -> typing.Generator[Event, None, Found]:
        yield Searching()
        vector = self._embedder.embed_query(question.text)
        clock.lap("embed_ms")
        retrieved = retrieve(self._store, live, question, vector, self._tuning.fusion)
        clock.lap("search_ms")
        if self._is_noise(question.text, retrieved):
            lost: tuple[Degradation, ...] = ("script_unread",)
            return Found(live, question.text, vector, (), lost)
        yield Ranking(min(len(retrieved.candidates), self._tuning.ranker.depth))
        ranked = rank(self._reranker, question.text, retrieved.candidates, self._tuning.ranker)
        clock.lap("rerank_ms")
        lost = _lost(retrieved, ranked)
        calibration = self._tuning.calibration(live.spec)
        refused = _is_refused(question.text, retrieved, ranked, calibration)
        return Found(
            live,
            question.text,
            vector,
            ranked.passages,
            lost,
            refused=refused,
            support=calibration.support if calibration else None,
        )

    def _is_noise(self, query: str, retrieved: Retrieved) -> bool:
        """Whether the model can't read the question, and no word of it stands anywhere either."""
        if not self._tuning.latin_only or not retrieved.lexical or is_latin(query):
            return False
        return all(found.lexical_rank is None for found in retrieved.candidates)

    def live_index(self) -> LiveIndex:
        """The version that answers, of the model that is configured.

        Raises:
            IndexMissingError: nothing was indexed yet.
            IndexMismatchError: it was built with another model or by an earlier docent; no weights
                are needed to tell.
        """
        live = self._store.live()
        if live is None:
            raise IndexMissingError("Nothing is indexed yet: run `docent index` first.")
        spec, mine = live.spec, self._embedder
        if spec.model != mine.model:
            raise _mismatch(spec.model, mine.model)
        if spec.dimension != mine.dimension:
            raise _mismatch(
                f"{spec.model} in {spec.dimension} dimensions", f"{mine.dimension} dimensions"
            )
        if spec.schema < SCHEMA_VERSION:
            raise IndexMismatchError(
                "The index was built by an earlier version of docent: run `docent index` to "
                "rebuild it."
            )
        return live

    def warm_up(self) -> None:
        """Search once: the first search of a Lite index that was just opened reads it from disk.

        Raises:
            StoreError, ModelError: as `stream`.
        """
        question = Question("warm up")
        vector = self._embedder.embed_query(question.text)
        retrieve(self._store, self.live_index(), question, vector, self._tuning.fusion)


def check(question: Question) -> None:
    """Refuse a question that can't be answered as it stands, before anything is loaded.

    Raises:
        EmptyQuestionError, QuestionTooLongError: in a sentence for the asker.
    """
    length = len(question.text)
    if not question.text.strip():
        raise EmptyQuestionError("The question is empty: write what you want to know.")
    if length > MAX_QUESTION_CHARACTERS:
        raise QuestionTooLongError(
            f"The question has {length:,} characters but docent reads at most "
            f"{MAX_QUESTION_CHARACTERS:,}: shorten it, or ask it in parts."
        )


def _lost(retrieved: Retrieved, ranked: Ranked) -> tuple[Degradation, ...]:
    """What the search and the ranking had to do without."""
    lost: list[Degradation] = []
    if not retrieved.lexical:
        lost.append("lexical_failed")
    if not ranked.reranked:
        lost.append("rerank_failed")
    if ranked.cut:
        lost.append("rerank_cut")
    return tuple(lost)


def _is_refused(
    query: str, retrieved: Retrieved, ranked: Ranked, calibration: Calibration | None
) -> bool:
    """Whether the documentation has no answer; in doubt, or without a stage, it has one."""
    decision = calibration.abstention if calibration else None
    if decision is None or not (retrieved.lexical and ranked.reranked):
        return False
    told = signals(query, retrieved.dense_hits, retrieved.word_hits, ranked.passages)
    return told is not None and decision.refuses(told)


def _mismatch(built: str, configured: str) -> IndexMismatchError:
    return IndexMismatchError(
        f"The index was built with {built}, but the settings say {configured}: run `docent index` "
        "to rebuild it, or set DOCENT_PROFILE back."
    )
