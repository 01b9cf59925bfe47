"""A question becomes an answer: retrieve, rerank, generate. A stage that falls back says so."""

from __future__ import annotations

import logging
import time
import typing
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace

from rag_core import quote
from rag_core.citations import CitationChecker
from rag_core.errors import (
    EmptyQuestionError,
    GenerationError,
    IndexMismatchError,
    IndexMissingError,
    LLMInterruptedError,
    QuestionTooLongError,
)
from rag_core.prompt import messages
from rag_core.protocols import Embedder, Generator, Reranker, VectorStore
from rag_core.rank import Ranker, rank
from rag_core.refusal import RefusalFilter
from rag_core.retrieve import Fusion, retrieve
from rag_core.types import (
    Answer,
    Citation,
    Degradation,
    Done,
    Event,
    Hit,
    LiveIndex,
    Passage,
    Question,
    Ranking,
    Searching,
    TextDelta,
    Timings,
    Usage,
    Vector,
)

logger = logging.getLogger(__name__)

MAX_QUESTION_CHARACTERS = 4_000


@dataclass(frozen=True, slots=True)
class Tuning:
    """How retrieval and reranking are set; `passages` is how many reach the LLM."""

    fusion: Fusion
    ranker: Ranker
    passages: int = 5


@dataclass(frozen=True, slots=True)
class _Found:
    """What retrieval and reranking hand to the generation."""

    live: LiveIndex
    vector: Vector
    passages: tuple[Passage, ...]
    degraded: tuple[Degradation, ...]


@dataclass(frozen=True, slots=True)
class _Written:
    """What the generation, or the quoting, wrote; no text means that nothing was found."""

    text: str
    citations: tuple[Citation, ...]
    usage: Usage | None = None


class _Clock:
    """Collects the milliseconds of each stage of one question."""

    def __init__(self) -> None:
        self._started = self._lap = time.perf_counter()
        self.timings = Timings()

    def lap(self, stage: str) -> None:
        """Book the time since the last lap on a stage."""
        now = time.perf_counter()
        self._book(stage, now - self._lap)
        self._lap = now

    def mark(self, stage: str) -> None:
        """Book the time since the question on a stage."""
        self._book(stage, time.perf_counter() - self._started)

    def _book(self, stage: str, seconds: float) -> None:
        self.timings = replace(self.timings, **{stage: round(seconds * 1000, 2)})


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
        self._generator = generator
        self._tuning = tuning
        self._place = place

    def answer(self, question: Question) -> Answer:
        """`stream`, collected."""
        for event in self.stream(question):
            if isinstance(event, Done):
                return event.answer
        raise AssertionError("a stream ends with Done")

    def search(self, question: Question, *, limit: int = 10) -> tuple[Passage, ...]:
        """The best passages; those past the reranker's depth have no rerank score.

        Raises:
            QuestionError, BusyError, StoreError, ModelError: as `stream`.
        """
        finding = self._find(question, _Clock())
        while True:
            try:
                next(finding)
            except StopIteration as end:
                found: _Found = end.value
                return found.passages[:limit]

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
        clock = _Clock()
        found = yield from self._find(question, clock)
        found = replace(found, passages=found.passages[: self._tuning.passages])
        if not found.passages:
            yield _done(found, clock, _Written("", ()))
        elif self._generator is None:
            yield from self._quoted(found, clock, "no_llm")
        else:
            yield from self._generated(self._generator, question, found, clock)

    def _find(self, question: Question, clock: _Clock) -> typing.Generator[Event, None, _Found]:
        check(question)
        with self._place():
            return (yield from self._ranked(question, clock))

    def _ranked(self, question: Question, clock: _Clock) -> typing.Generator[Event, None, _Found]:
        live = self.live_index()
        yield Searching()
        vector = self._embedder.embed_query(question.text)
        clock.lap("embed_ms")
        retrieved = retrieve(self._store, live, question, vector, self._tuning.fusion)
        clock.lap("search_ms")
        yield Ranking(min(len(retrieved.candidates), self._tuning.ranker.depth))
        ranked = rank(self._reranker, question.text, retrieved.candidates, self._tuning.ranker)
        clock.lap("rerank_ms")
        lost: list[Degradation] = []
        if not retrieved.lexical:
            lost.append("lexical_failed")
        if not ranked.reranked:
            lost.append("rerank_failed")
        if ranked.cut:
            lost.append("rerank_cut")
        return _Found(live, vector, ranked.passages, tuple(lost))

    def live_index(self) -> LiveIndex:
        """The version that answers, of the model that is configured.

        Raises:
            IndexMissingError: nothing was indexed yet.
            IndexMismatchError: it was built with another model; no weights are needed to tell.
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
        return live

    def warm_up(self) -> None:
        """Search once: the first search of a Lite index that was just opened reads it from disk.

        Raises:
            StoreError, ModelError: as `stream`.
        """
        question = Question("warm up")
        vector = self._embedder.embed_query(question.text)
        retrieve(self._store, self.live_index(), question, vector, self._tuning.fusion)

    def _generated(
        self, generator: Generator, question: Question, found: _Found, clock: _Clock
    ) -> Iterator[Event]:
        refusal, checker = RefusalFilter(), CitationChecker(found.passages)
        shown, usage = "", None
        try:
            for piece in generator.generate(*messages(question, found.passages)):
                if isinstance(piece, Usage):
                    usage = piece
                elif text := checker.feed(refusal.feed(piece)):
                    if not shown:
                        clock.mark("first_text_ms")
                    shown += text
                    yield TextDelta(text)
        except GenerationError as error:
            logger.warning("%s", error)
            # Cut off before anything was shown is as good as down: quotations beat silence.
            if not (shown.strip() and isinstance(error, LLMInterruptedError)):
                yield from self._quoted(found, clock, "llm_failed")
                return
            found = replace(found, degraded=(*found.degraded, "llm_cut_off"))
        if rest := checker.feed(refusal.close()) + checker.close():
            shown += rest
            yield TextDelta(rest)
        if refusal.refused and not checker.citations:
            shown = ""  # an apology around the refusal is no answer
        clock.lap("generate_ms")
        yield _done(found, clock, _Written(shown, checker.citations, usage))

    def _quoted(self, found: _Found, clock: _Clock, reason: Degradation) -> Iterator[Event]:
        quotations, numbers = quote.quote(self._embedder, found.vector, found.passages)
        clock.lap("generate_ms")
        clock.mark("first_text_ms")
        yield TextDelta(quotations)
        citations = tuple(Citation(number, found.passages[number - 1]) for number in numbers)
        found = replace(found, degraded=(*found.degraded, reason))
        yield _done(found, clock, _Written(quotations, citations))


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
            f"The question has {length:,} characters and docent reads {MAX_QUESTION_CHARACTERS:,}: "
            "shorten it, or ask it in parts."
        )


def _mismatch(built: str, configured: str) -> IndexMismatchError:
    return IndexMismatchError(
        f"The index was built with {built}, but the settings say {configured}: run `docent index` "
        "to build it anew, or set DOCENT_PROFILE back."
    )


def _done(found: _Found, clock: _Clock, written: _Written) -> Done:
    clock.mark("total_ms")
    return Done(
        Answer(
            text=written.text.strip(),
            citations=written.citations,
            passages=found.passages,
            status="answered" if written.text.strip() else "not_found",
            degraded=found.degraded,
            revision=found.live.spec.revision,
            usage=written.usage,
            timings=clock.timings,
        )
    )
