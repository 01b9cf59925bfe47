"""Passages become an answer: written by the LLM, or quoted where there is none."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from rag_core.errors import GenerationError, LLMInterruptedError
from rag_core.generation import extractive
from rag_core.generation.citations import CitationChecker
from rag_core.generation.groundedness import SupportChecker
from rag_core.generation.prompt import build_prompt
from rag_core.generation.refusal_filter import RefusalFilter
from rag_core.protocols import Embedder, Generator
from rag_core.types import (
    Answer,
    AnswerDone,
    AnswerEvent,
    Citation,
    Degradation,
    LiveIndex,
    Passage,
    Question,
    TextDelta,
    Timings,
    Usage,
    Vector,
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RetrievalResult:
    """What retrieval and reranking hand to the writing.

    `query` is the question as it was searched, `vector` belongs to it; `usage` is what the LLM took
    for rewriting it. `refused` says that the documentation has no answer, `support` from which
    cosine a passage supports a sentence.
    """

    live: LiveIndex
    query: str
    vector: Vector
    passages: tuple[Passage, ...]
    degraded: tuple[Degradation, ...]
    usage: Usage | None = None
    refused: bool = False
    support: float | None = None


@dataclass(frozen=True, slots=True)
class GeneratedText:
    """What the LLM, or the quoting, wrote; no text means that nothing was found."""

    text: str = ""
    citations: tuple[Citation, ...] = ()
    usage: Usage | None = None


class StageTimer:
    """Collects the milliseconds of each stage of one question."""

    def __init__(self) -> None:
        self._started = self._lap = time.perf_counter()
        self.timings = Timings()

    def record_lap(self, stage: str) -> None:
        """Book the time since the last lap on a stage."""
        now = time.perf_counter()
        self._record(stage, now - self._lap)
        self._lap = now

    def record_elapsed(self, stage: str) -> None:
        """Book the time since the question on a stage."""
        self._record(stage, time.perf_counter() - self._started)

    def _record(self, stage: str, seconds: float) -> None:
        self.timings = replace(self.timings, **{stage: round(seconds * 1000, 2)})


class AnswerWriter:
    """Writes answers from passages; without an LLM it quotes them."""

    def __init__(self, embedder: Embedder, generator: Generator | None) -> None:
        self._embedder = embedder
        self._generator = generator

    def write(
        self, question: Question, found: RetrievalResult, clock: StageTimer
    ) -> Iterator[AnswerEvent]:
        """The text as it is written, then `Done`."""
        if self._generator is None:
            yield from self._write_quotations(found, clock, "no_llm")
        else:
            yield from self._write_generated(self._generator, question, found, clock)

    def _write_generated(
        self, generator: Generator, question: Question, found: RetrievalResult, clock: StageTimer
    ) -> Iterator[AnswerEvent]:
        refusal, checker = RefusalFilter(), self._build_checker(found)
        shown, usage = "", None
        try:
            for piece in generator.generate(*build_prompt(question, found.passages)):
                if isinstance(piece, Usage):
                    usage = piece
                elif text := checker.feed(refusal.feed(piece)):
                    if not shown:
                        clock.record_elapsed("first_text_ms")
                    shown += text
                    yield TextDelta(text)
        except GenerationError as error:
            logger.warning("%s", error)
            # Cut off before anything was shown is as good as down: quotations beat silence.
            if not (shown.strip() and isinstance(error, LLMInterruptedError)):
                yield from self._write_quotations(found, clock, "llm_failed")
                return
            found = replace(found, degraded=(*found.degraded, "llm_cut_off"))
        if rest := checker.feed(refusal.flush()) + checker.flush():
            shown += rest
            yield TextDelta(rest)
        if refusal.refused and not checker.citations:
            shown = ""  # an apology around the refusal is no answer
        elif shown.strip() and not checker.citations:
            found = replace(found, degraded=(*found.degraded, "unsupported"))
        clock.record_lap("generate_ms")
        yield finish_answer(found, clock, GeneratedText(shown, checker.citations, usage))

    def _build_checker(self, found: RetrievalResult) -> CitationChecker:
        if found.support is None:
            return CitationChecker(found.passages)
        supported = SupportChecker(self._embedder, found.passages, found.support)
        return CitationChecker(found.passages, supported)

    def _write_quotations(
        self, found: RetrievalResult, clock: StageTimer, reason: Degradation
    ) -> Iterator[AnswerEvent]:
        quotations, numbers = extractive.quote(self._embedder, found.vector, found.passages)
        clock.record_lap("generate_ms")
        clock.record_elapsed("first_text_ms")
        yield TextDelta(quotations)
        citations = tuple(Citation(number, found.passages[number - 1]) for number in numbers)
        found = replace(found, degraded=(*found.degraded, reason))
        yield finish_answer(found, clock, GeneratedText(quotations, citations))


def finish_answer(found: RetrievalResult, clock: StageTimer, written: GeneratedText) -> AnswerDone:
    """The last event: the answer, `not_found` where nothing was written."""
    clock.record_elapsed("total_ms")
    return AnswerDone(
        Answer(
            text=written.text.strip(),
            citations=written.citations,
            passages=found.passages,
            status="answered" if written.text.strip() else "not_found",
            degraded=found.degraded,
            revision=found.live.spec.revision,
            usage=_add_usage(found.usage, written.usage),
            timings=clock.timings,
            query=found.query,
        )
    )


def _add_usage(one: Usage | None, other: Usage | None) -> Usage | None:
    return one + other if one and other else one or other
