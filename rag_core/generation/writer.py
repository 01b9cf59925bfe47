"""Passages become an answer: written by the LLM, or quoted where there is none."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from rag_core.errors import GenerationError, LLMInterruptedError
from rag_core.generation import extractive
from rag_core.generation.citations import CitationChecker
from rag_core.generation.groundedness import SupportCheck
from rag_core.generation.prompt import messages
from rag_core.generation.refusal_filter import RefusalFilter
from rag_core.protocols import Embedder, Generator
from rag_core.types import (
    Answer,
    Citation,
    Degradation,
    Done,
    Event,
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
class Found:
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
class Written:
    """What the LLM, or the quoting, wrote; no text means that nothing was found."""

    text: str = ""
    citations: tuple[Citation, ...] = ()
    usage: Usage | None = None


class Clock:
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


class Writer:
    """Writes answers from passages; without an LLM it quotes them."""

    def __init__(self, embedder: Embedder, generator: Generator | None) -> None:
        self._embedder = embedder
        self._generator = generator

    def write(self, question: Question, found: Found, clock: Clock) -> Iterator[Event]:
        """The text as it is written, then `Done`."""
        if self._generator is None:
            yield from self._quoted(found, clock, "no_llm")
        else:
            yield from self._generated(self._generator, question, found, clock)

    def _generated(
        self, generator: Generator, question: Question, found: Found, clock: Clock
    ) -> Iterator[Event]:
        refusal, checker = RefusalFilter(), self._checker(found)
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
        elif shown.strip() and not checker.citations:
            found = replace(found, degraded=(*found.degraded, "unsupported"))
        clock.lap("generate_ms")
        yield done(found, clock, Written(shown, checker.citations, usage))

    def _checker(self, found: Found) -> CitationChecker:
        if found.support is None:
            return CitationChecker(found.passages)
        supported = SupportCheck(self._embedder, found.passages, found.support)
        return CitationChecker(found.passages, supported)

    def _quoted(self, found: Found, clock: Clock, reason: Degradation) -> Iterator[Event]:
        quotations, numbers = extractive.quote(self._embedder, found.vector, found.passages)
        clock.lap("generate_ms")
        clock.mark("first_text_ms")
        yield TextDelta(quotations)
        citations = tuple(Citation(number, found.passages[number - 1]) for number in numbers)
        found = replace(found, degraded=(*found.degraded, reason))
        yield done(found, clock, Written(quotations, citations))


def done(found: Found, clock: Clock, written: Written) -> Done:
    """The last event: the answer, `not_found` where nothing was written."""
    clock.mark("total_ms")
    return Done(
        Answer(
            text=written.text.strip(),
            citations=written.citations,
            passages=found.passages,
            status="answered" if written.text.strip() else "not_found",
            degraded=found.degraded,
            revision=found.live.spec.revision,
            usage=_sum(found.usage, written.usage),
            timings=clock.timings,
            query=found.query,
        )
    )


def _sum(one: Usage | None, other: Usage | None) -> Usage | None:
    return one + other if one and other else one or other
