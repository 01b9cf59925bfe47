"""The pipeline from a question to an answer: rewrite, retrieve, rerank, generate."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import partial

from rag_core.deadline import limit_time
from rag_core.errors import (
    CollectionGoneError,
    EmptyQuestionError,
    IndexMismatchError,
    IndexMissingError,
    ModelUnavailableError,
    QuestionTooLongError,
)
from rag_core.generation.results import (
    RetrievalResult,
    choose_passages,
)
from rag_core.generation.writer import (
    MOST_CHARACTERS,
    AnswerWriter,
    GeneratedText,
    StageTimer,
    finish_answer,
    mark_unseen_images,
)
from rag_core.passage_search import Outcome, PassageSearch, Steps
from rag_core.protocols import Embedder, Generator, Reranker, VectorStore
from rag_core.query.rewrite import Planner
from rag_core.question_context import run_in_context
from rag_core.retrieval.hybrid_search import retrieve
from rag_core.tuning import Tuning
from rag_core.types import (
    SCHEMA_VERSION,
    Answer,
    AnswerDone,
    AnswerEvent,
    Degradation,
    Hit,
    LiveIndex,
    Passage,
    Question,
)

logger = logging.getLogger(__name__)

MAX_QUESTION_CHARACTERS = 4_000
"""Characters of the question itself; its material and the conversation have limits of their own."""


@dataclass(frozen=True, slots=True)
class AnswerLimits:
    """The seconds of a whole question, and the characters of its answer."""

    seconds: float = 120.0
    characters: int = MOST_CHARACTERS


class Pipeline:
    """Answers questions from the live index; as thread-safe as its parts are.

    A stage that fails is replaced by the next best, and `Answer.degraded` names it.

    Args:
        embedder: the one the index was built with.
        reranker: scores passages; if it fails, the order of the search stands.
        store: holds the index.
        generator: the LLM; without one, answers are quotations.
        rewriter: rewrites follow-up questions; the generator by default.
        tuning: settings of retrieval, reranking and refusing.
        instructions: what the team tells the LLM.
        limits: how long an answer may take, and be.
        hold_slot: returns a context manager that is entered while a question is searched and
            reranked; it limits how many are at the same time.
        read_mark: returns a mark that changes when another version goes live, so that the store
            need not ask Milvus for each question; None if it is not known.

    Example:
        >>> pipeline = Pipeline(
        ...     embedder=embedder,
        ...     reranker=reranker,
        ...     store=store,
        ...     generator=generator,
        ...     tuning=Tuning(FusionConfig(), RerankConfig(depth=20, weight=1.0)),
        ... )
        >>> answer = pipeline.answer(Question("How do I drop a partition?"))
        >>> answer.text
        'Release the partition, then call `drop_partition()` [1].'
        >>> [citation.passage.chunk.path for citation in answer.citations]
        ['partitions.md']
    """

    def __init__(  # noqa: PLR0913  (the parts, by name)
        self,
        *,
        embedder: Embedder,
        reranker: Reranker,
        store: VectorStore,
        generator: Generator | None,
        rewriter: Generator | None = None,
        tuning: Tuning,
        instructions: str = "",
        limits: AnswerLimits = AnswerLimits(),
        hold_slot: Callable[[], AbstractContextManager[None]] = nullcontext,
        read_mark: Callable[[], str | None] = lambda: None,
    ) -> None:
        self.instructions = instructions
        """The instructions of the team to the LLM."""
        self._read_mark = read_mark
        self._embedder = embedder
        self._store = store
        self._planner = Planner(rewriter or generator)
        self._writer = AnswerWriter(
            embedder,
            store,
            generator,
            instructions=instructions,
            glossary=tuning.glossary,
            most_characters=limits.characters,
        )
        self._limits = limits
        self._search = PassageSearch(embedder, reranker, store, tuning)
        self._tuning = tuning
        self._hold_slot = hold_slot

    def answer(self, question: Question) -> Answer:
        """Answer a question in one piece.

        Raises:
            QuestionError, BusyError, StoreError, ModelError: as `stream`.
        """
        for event in self.stream(question):
            if isinstance(event, AnswerDone):
                return event.answer
        raise AssertionError("a stream ends with AnswerDone")

    def search(self, question: Question, *, limit: int = 10) -> tuple[Passage, ...]:
        """Return the best passages, chosen as for an answer, best first.

        Passages below the reranker's depth have no rerank score.

        Raises:
            QuestionError, BusyError, StoreError, ModelError: as `stream`.
        """
        result = self._rank_question(question)
        return choose_passages(result, limit=limit, of_parts=limit, require=False).passages

    def rank_all(self, question: Question) -> tuple[Passage, ...]:
        """Return all ranked passages, duplicates included, for measurements.

        Raises:
            QuestionError, BusyError, StoreError, ModelError: as `stream`.
        """
        return self._rank_question(question).passages

    def _rank_question(self, question: Question) -> RetrievalResult:
        events = self._run_in_context(question, partial(self._find_passages, question))
        while True:
            try:
                next(events)
            except StopIteration as end:
                result: RetrievalResult = end.value
                return result

    def search_dense(self, question: Question, *, limit: int = 10) -> tuple[Hit, ...]:
        """Return the nearest hits by vectors alone, for comparison; scores are cosines.

        Raises:
            QuestionError, BusyError, StoreError, ModelError: as `stream`.
        """
        check_question(question)
        with limit_time(self._limits.seconds), self._hold_slot():
            vector = self._embedder.embed_query(self._tuning.glossary.expand(question.text))
            live = self.require_live_index()
            hits = self._store.search_dense(
                live.collection, vector, limit=limit, scope=question.scope
            )
        return tuple(hits)

    def stream(self, question: Question) -> Iterator[AnswerEvent]:
        """Answer a question, event by event; the last is `AnswerDone`.

        Closing the iterator stops the LLM and frees the question's slot.

        Raises:
            QuestionError: the question is empty or too long.
            BusyError: too many questions are waiting.
            StoreError: Milvus can't be reached, or holds no index or that of another model.
            ModelError: the embedder failed.
        """
        return self._run_in_context(question, partial(self._stream, question))

    def _run_in_context(
        self, question: Question, work: Callable[[StageTimer], Steps[Outcome]]
    ) -> Steps[Outcome]:
        timer = StageTimer()
        return run_in_context(question, self._limits.seconds, lambda: work(timer))

    def _stream(self, question: Question, timer: StageTimer) -> Steps[None]:
        result = yield from self._find_passages(question, timer)
        result = choose_passages(result, limit=self._tuning.passages)
        is_found = bool(result.passages) and not result.refused
        written = self._writer.write(question, result, timer) if is_found else ()
        for event in written or (finish_answer(result, timer, GeneratedText()),):
            if isinstance(event, AnswerDone) and question.images:
                seen = is_found and self._writer.has_seen_images(event.answer)
                yield event if seen else mark_unseen_images(event)
            else:
                yield event

    def _find_passages(self, question: Question, timer: StageTimer) -> Steps[RetrievalResult]:
        check_question(question)
        live = self.require_live_index()
        # Planned before a slot is held: indexing waits while one is, and the LLM is slow.
        plan = self._planner.plan(question)
        if question.history or plan.asked_llm:
            timer.record_lap("rewrite_ms")
        with self._hold_slot():
            try:
                result = yield from self._search.run(live, question, plan, timer)
            except CollectionGoneError:  # dropped meanwhile, so another version is live
                result = yield from self._search.run(
                    self.require_live_index(), question, plan, timer
                )
        failed: tuple[Degradation, ...] = ()
        if plan.failed:
            failed = ("rewrite_unavailable" if plan.is_llm_down else "rewrite_failed",)
        return replace(result, usage=plan.usage, degraded=(*failed, *result.degraded))

    def require_live_index(self) -> LiveIndex:
        """Return the live version, after a check that it fits the embedder.

        The check needs no weights of the model.

        Raises:
            IndexMissingError: nothing is indexed yet.
            IndexMismatchError: the index was built with another model or by an earlier docent.
        """
        live = self._store.read_live_index(self._read_mark())
        if live is None:
            raise IndexMissingError("Nothing is indexed yet: run `docent index` first.")
        spec, embedder = live.spec, self._embedder
        if spec.model != embedder.model:
            raise _build_model_error(spec.model, embedder.model)
        dimension = self._find_dimension(default=spec.dimension)
        if spec.dimension != dimension:
            raise _build_mismatch_error(
                f"{spec.model} in {spec.dimension} dimensions",
                f"{dimension} dimensions",
                "DOCENT_EMBEDDING_DIM",
            )
        if spec.schema < SCHEMA_VERSION:
            raise IndexMismatchError(
                "The index was built by an earlier version of docent: run `docent index` to "
                "rebuild it."
            )
        return live

    def _find_dimension(self, *, default: int) -> int:
        """Return the embedder's dimension, and the default while its server is down."""
        try:
            return self._embedder.dimension
        except ModelUnavailableError as error:
            logger.warning("The dimension of the embedder is not known: %s", error)
            return default

    def warm_up(self) -> None:
        """Search once, because the first search reads a Lite index from disk.

        Raises:
            StoreError, ModelError: as `stream`.
        """
        question = Question("warm up")
        vector = self._embedder.embed_query(question.text)
        retrieve(self._store, self.require_live_index(), question, vector, self._tuning.fusion)


def check_question(question: Question) -> None:
    """Refuse an empty or too long question, before anything is loaded.

    Raises:
        EmptyQuestionError: the question has no text.
        QuestionTooLongError: the question has more than `MAX_QUESTION_CHARACTERS`.
    """
    length = len(question.text)
    if not question.text.strip():
        raise EmptyQuestionError("The question is empty: write what you want to know.")
    if length > MAX_QUESTION_CHARACTERS:
        raise QuestionTooLongError(
            f"The question has {length:,} characters but docent reads at most "
            f"{MAX_QUESTION_CHARACTERS:,}: shorten it, or ask it in parts."
        )


def _build_model_error(built: str, configured: str) -> IndexMismatchError:
    """Build the error of another model, or another revision of it."""
    if built.partition("@")[0] != configured.partition("@")[0]:
        return _build_mismatch_error(built, configured, "DOCENT_PROFILE or DOCENT_EMBEDDING_MODEL")
    built, configured = (
        name if "@" in name else f"{name} without a revision" for name in (built, configured)
    )
    return _build_mismatch_error(built, configured, "DOCENT_EMBEDDING_REVISION")


def _build_mismatch_error(built: str, configured: str, setting: str) -> IndexMismatchError:
    return IndexMismatchError(
        f"The index was built with {built}, but the settings say {configured}: run `docent index` "
        f"to rebuild it, or set {setting} back."
    )
