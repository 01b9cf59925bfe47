"""The pipeline from a question to an answer: rewrite, retrieve, rerank, generate."""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

from rag_core.errors import (
    EmptyQuestionError,
    IndexMismatchError,
    IndexMissingError,
    QuestionTooLongError,
)
from rag_core.generation.results import (
    RankedPart,
    RetrievalResult,
    build_result,
    choose_passages,
    list_degradations,
    share_ranker,
)
from rag_core.generation.writer import (
    AnswerWriter,
    GeneratedText,
    StageTimer,
    finish_answer,
)
from rag_core.protocols import Embedder, Generator, Reranker, VectorStore
from rag_core.query.rewrite import Planner, SearchPlan
from rag_core.query.script import is_latin
from rag_core.retrieval.abstention import Signals, compute_signals
from rag_core.retrieval.calibration import Calibration
from rag_core.retrieval.forms import SearchedForm, SearchedPart
from rag_core.retrieval.hybrid_search import FusedCandidates, retrieve
from rag_core.retrieval.planned_search import PlannedSearch, embed_forms, is_readable
from rag_core.retrieval.rerank import RankedPassages, RerankConfig, rerank_candidates
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
    RerankStarted,
    SearchStarted,
)

MAX_QUESTION_CHARACTERS = 4_000


class Pipeline:
    """Answers questions from the live index; as thread-safe as its parts are.

    A stage that fails is replaced by the next best, and `Answer.degraded` names it.

    Args:
        embedder: the one the index was built with.
        reranker: scores passages; if it fails, the order of the search stands.
        store: holds the index.
        generator: the LLM; without one, answers are quotations.
        tuning: settings of retrieval, reranking and refusing.
        instructions: what the team tells the LLM.
        hold_slot: returns a context manager that is entered while a question is searched and
            reranked; it limits how many are at the same time.

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
        tuning: Tuning,
        instructions: str = "",
        hold_slot: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self.instructions = instructions
        """The instructions of the team to the LLM."""
        self._embedder = embedder
        self._reranker = reranker
        self._store = store
        self._planner = Planner(generator)
        self._writer = AnswerWriter(
            embedder, store, generator, instructions=instructions, glossary=tuning.glossary
        )
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
        events = self._find_passages(question, StageTimer())
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
        with self._hold_slot():
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
        timer = StageTimer()
        result = yield from self._find_passages(question, timer)
        result = choose_passages(result, limit=self._tuning.passages)
        if not result.passages or result.refused:
            yield finish_answer(result, timer, GeneratedText())
        else:
            yield from self._writer.write(question, result, timer)

    def _find_passages(
        self, question: Question, timer: StageTimer
    ) -> typing.Generator[AnswerEvent, None, RetrievalResult]:
        check_question(question)
        live = self.require_live_index()
        # Planned before a slot is held: indexing waits while one is, and the LLM is slow.
        plan = self._planner.plan(question)
        if question.history or plan.asked_llm:
            timer.record_lap("rewrite_ms")
        with self._hold_slot():
            result = yield from self._search_and_rerank(live, question, plan, timer)
        failed: tuple[Degradation, ...] = ("rewrite_failed",) if plan.failed else ()
        return replace(result, usage=plan.usage, degraded=(*failed, *result.degraded))

    def _search_and_rerank(
        self, live: LiveIndex, question: Question, plan: SearchPlan, timer: StageTimer
    ) -> typing.Generator[AnswerEvent, None, RetrievalResult]:
        yield SearchStarted()
        tuning = self._tuning
        expand = tuning.glossary.expand
        vectors = embed_forms(self._embedder, tuple(plan.part.list_forms()), expand)
        timer.record_lap("embed_ms")
        search = PlannedSearch(
            self._store,
            live,
            question,
            tuning.choose_fusion(live.spec),
            vectors,
            expand=expand,
            english_only=tuning.latin_only,
        )
        parts = search.search(plan.part)
        timer.record_lap("search_ms")
        readable = tuple(part for part in parts if not self._is_unreadable(part.lead))
        if not readable:
            return build_result(live, parts, (), ("script_unread",))
        ranker = share_ranker(tuning.ranker, len(readable))
        depth = sum(min(len(part.lead.found.candidates), ranker.depth) for part in readable)
        yield RerankStarted(depth)
        calibration = tuning.find_calibration(live.spec)
        ranked = [self._rank_part(part, ranker, calibration) for part in readable]
        timer.record_lap("rerank_ms")
        result = build_result(live, parts, ranked, list_degradations(parts, ranked))
        return replace(result, support=calibration.support if calibration else None)

    def _rank_part(
        self, part: SearchedPart, ranker: RerankConfig, calibration: Calibration | None
    ) -> RankedPart:
        found = part.lead.found
        ranked = rerank_candidates(self._reranker, part.lead.text, found.candidates, ranker)
        known_words = self._tuning.glossary.translate(part.lead.text)
        signals = _compute_signals(known_words, found, ranked)
        verdict = calibration.judge(signals) if calibration else "answerable"
        if verdict == "refused" and not self._is_comparable(part):
            verdict = "unsure"
        # What a search has first is read, unless a reranker that can judge thinks otherwise.
        first = (*found.dense_hits[:1], *found.lexical_hits[:1]) if not ranker.weight else ()
        return RankedPart(
            part,
            ranked,
            verdict,
            required=frozenset(hit.chunk.id for hit in first),
        )

    def _is_comparable(self, part: SearchedPart) -> bool:
        """Return True if the fit holds for the scores of a part.

        A model says little about a language that it can't read, and the team's own words have
        meanings that the question itself lacks.
        """
        is_expanded = self._tuning.glossary.expand(part.asked) != part.asked
        is_foreign = self._tuning.latin_only and not is_readable(part.lead.text)
        return not (is_expanded or is_foreign)

    def _is_unreadable(self, form: SearchedForm) -> bool:
        """Return True if neither the model nor BM25 can read a form."""
        if not self._tuning.latin_only or not form.found.has_lexical or is_latin(form.text):
            return False
        return all(each.lexical_rank is None for each in form.found.candidates)

    def require_live_index(self) -> LiveIndex:
        """Return the live version, after a check that it fits the embedder.

        The check needs no weights of the model.

        Raises:
            IndexMissingError: nothing is indexed yet.
            IndexMismatchError: the index was built with another model or by an earlier docent.
        """
        live = self._store.read_live_index()
        if live is None:
            raise IndexMissingError("Nothing is indexed yet: run `docent index` first.")
        spec, embedder = live.spec, self._embedder
        if spec.model != embedder.model:
            raise _build_mismatch_error(spec.model, embedder.model)
        if spec.dimension != embedder.dimension:
            raise _build_mismatch_error(
                f"{spec.model} in {spec.dimension} dimensions", f"{embedder.dimension} dimensions"
            )
        if spec.schema < SCHEMA_VERSION:
            raise IndexMismatchError(
                "The index was built by an earlier version of docent: run `docent index` to "
                "rebuild it."
            )
        return live

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


def _compute_signals(query: str, found: FusedCandidates, ranked: RankedPassages) -> Signals | None:
    """Compute the signals of a question; return None unless every stage worked."""
    if not (found.has_lexical and ranked.reranked):
        return None
    return compute_signals(query, found.dense_hits, found.lexical_hits, ranked.passages)


def _build_mismatch_error(built: str, configured: str) -> IndexMismatchError:
    return IndexMismatchError(
        f"The index was built with {built}, but the settings say {configured}: run `docent index` "
        "to rebuild it, or set DOCENT_PROFILE back."
    )
