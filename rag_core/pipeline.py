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
from rag_core.generation.writer import (
    AnswerWriter,
    GeneratedText,
    RetrievalResult,
    StageTimer,
    finish_answer,
)
from rag_core.protocols import Embedder, Generator, Reranker, VectorStore
from rag_core.query.rewrite import QuestionRewriter
from rag_core.query.script import is_latin
from rag_core.retrieval.abstention import compute_signals
from rag_core.retrieval.calibration import Calibration, select_calibration
from rag_core.retrieval.diversify import select_diverse
from rag_core.retrieval.hybrid_search import FusedCandidates, FusionConfig, retrieve
from rag_core.retrieval.rerank import RankedPassages, RerankConfig, rerank_candidates
from rag_core.types import (
    SCHEMA_VERSION,
    Answer,
    AnswerDone,
    AnswerEvent,
    Degradation,
    Hit,
    IndexSpec,
    LiveIndex,
    Passage,
    Question,
    RerankStarted,
    SearchStarted,
)

MAX_QUESTION_CHARACTERS = 4_000


@dataclass(frozen=True, slots=True)
class Tuning:
    """How retrieval and reranking are set; `passages` is how many reach the LLM.

    `latin_only` says that the embedder makes noise of any other script. `reranker` is the name of
    that model; with `fitted`, or docent's own numbers for the two models, questions are refused and
    citations dropped. Without the name nothing is.
    """

    fusion: FusionConfig
    ranker: RerankConfig
    passages: int = 5
    latin_only: bool = False
    reranker: str = ""
    fitted: Calibration | None = None

    def find_calibration(self, spec: IndexSpec) -> Calibration | None:
        """What was measured with an index and a reranker like these."""
        return select_calibration(spec, self.reranker, self.fitted) if self.reranker else None


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
        self._rewriter = QuestionRewriter(generator)
        self._writer = AnswerWriter(embedder, generator)
        self._tuning = tuning
        self._hold_slot = place

    def answer(self, question: Question) -> Answer:
        """`stream`, collected."""
        for event in self.stream(question):
            if isinstance(event, AnswerDone):
                return event.answer
        raise AssertionError("a stream ends with Done")

    def search(self, question: Question, *, limit: int = 10) -> tuple[Passage, ...]:
        """The best passages, chosen as for an answer; past the reranker's depth without its score.

        Raises:
            QuestionError, BusyError, StoreError, ModelError: as `stream`.
        """
        return select_diverse(self.rank_all(question), limit=limit)

    def rank_all(self, question: Question) -> tuple[Passage, ...]:
        """Everything that was found, in its order, repetitions and all; for measurements.

        Raises:
            QuestionError, BusyError, StoreError, ModelError: as `stream`.
        """
        finding = self._find_passages(question, StageTimer())
        while True:
            try:
                next(finding)
            except StopIteration as end:
                found: RetrievalResult = end.value
                return found.passages

    def search_dense(self, question: Question, *, limit: int = 10) -> tuple[Hit, ...]:
        """The order before reranking by vectors alone, for comparison; scores are cosines."""
        check_question(question)
        with self._hold_slot():
            vector = self._embedder.embed_query(question.text)
            live = self.require_live_index()
            hits = self._store.search_dense(
                live.collection, vector, limit=limit, scope=question.scope
            )
        return tuple(hits)

    def stream(self, question: Question) -> Iterator[AnswerEvent]:
        """Answer a question, event by event; the last is `Done`.

        Closing it stops the LLM and frees the question's place in line.

        Raises:
            QuestionError: nothing was asked, or too much at once.
            BusyError: too many questions wait already.
            StoreError: Milvus is away, holds no index, or one of another model.
            ModelError: the embedder failed.
        """
        clock = StageTimer()
        found = yield from self._find_passages(question, clock)
        found = replace(found, passages=select_diverse(found.passages, limit=self._tuning.passages))
        if not found.passages or found.refused:
            yield finish_answer(found, clock, GeneratedText())
        else:
            yield from self._writer.write(question, found, clock)

    def _find_passages(
        self, question: Question, clock: StageTimer
    ) -> typing.Generator[AnswerEvent, None, RetrievalResult]:
        check_question(question)
        live = self.require_live_index()
        # Before the place: while one is taken, indexing gives way, and the LLM takes its time.
        rewritten = self._rewriter.rewrite(question)
        if question.history:
            clock.record_lap("rewrite_ms")
        question = replace(question, text=rewritten.text)
        with self._hold_slot():
            found = yield from self._search_and_rerank(live, question, clock)
        return replace(found, usage=rewritten.usage)

    def _search_and_rerank(
        self, live: LiveIndex, question: Question, clock: StageTimer
    ) -> typing.Generator[AnswerEvent, None, RetrievalResult]:
        yield SearchStarted()
        vector = self._embedder.embed_query(question.text)
        clock.record_lap("embed_ms")
        retrieved = retrieve(self._store, live, question, vector, self._tuning.fusion)
        clock.record_lap("search_ms")
        if self._is_unreadable(question.text, retrieved):
            lost: tuple[Degradation, ...] = ("script_unread",)
            return RetrievalResult(live, question.text, vector, (), lost)
        yield RerankStarted(min(len(retrieved.candidates), self._tuning.ranker.depth))
        ranked = rerank_candidates(
            self._reranker, question.text, retrieved.candidates, self._tuning.ranker
        )
        clock.record_lap("rerank_ms")
        lost = _list_degradations(retrieved, ranked)
        calibration = self._tuning.find_calibration(live.spec)
        refused = _should_refuse(question.text, retrieved, ranked, calibration)
        return RetrievalResult(
            live,
            question.text,
            vector,
            ranked.passages,
            lost,
            refused=refused,
            support=calibration.support if calibration else None,
        )

    def _is_unreadable(self, query: str, retrieved: FusedCandidates) -> bool:
        """Whether the model can't read the question, and no word of it stands anywhere either."""
        if not self._tuning.latin_only or not retrieved.has_lexical or is_latin(query):
            return False
        return all(found.lexical_rank is None for found in retrieved.candidates)

    def require_live_index(self) -> LiveIndex:
        """The version that answers, of the model that is configured.

        Raises:
            IndexMissingError: nothing was indexed yet.
            IndexMismatchError: it was built with another model or by an earlier docent; no weights
                are needed to tell.
        """
        live = self._store.read_live_index()
        if live is None:
            raise IndexMissingError("Nothing is indexed yet: run `docent index` first.")
        spec, mine = live.spec, self._embedder
        if spec.model != mine.model:
            raise _build_mismatch_error(spec.model, mine.model)
        if spec.dimension != mine.dimension:
            raise _build_mismatch_error(
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
        retrieve(self._store, self.require_live_index(), question, vector, self._tuning.fusion)


def check_question(question: Question) -> None:
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


def _list_degradations(
    retrieved: FusedCandidates, ranked: RankedPassages
) -> tuple[Degradation, ...]:
    """What the search and the ranking had to do without."""
    lost: list[Degradation] = []
    if not retrieved.has_lexical:
        lost.append("lexical_failed")
    if not ranked.reranked:
        lost.append("rerank_failed")
    if ranked.cut:
        lost.append("rerank_cut")
    return tuple(lost)


def _should_refuse(
    query: str, retrieved: FusedCandidates, ranked: RankedPassages, calibration: Calibration | None
) -> bool:
    """Whether the documentation has no answer; in doubt, or without a stage, it has one."""
    decision = calibration.abstention if calibration else None
    if decision is None or not (retrieved.has_lexical and ranked.reranked):
        return False
    told = compute_signals(query, retrieved.dense_hits, retrieved.lexical_hits, ranked.passages)
    return told is not None and decision.should_refuse(told)


def _build_mismatch_error(built: str, configured: str) -> IndexMismatchError:
    return IndexMismatchError(
        f"The index was built with {built}, but the settings say {configured}: run `docent index` "
        "to rebuild it, or set DOCENT_PROFILE back."
    )
