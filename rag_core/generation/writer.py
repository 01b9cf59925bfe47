"""The writing of an answer from passages, by the LLM or by quoting them."""

from __future__ import annotations

import logging
import math
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from rag_core.deadline import find_seconds_left, limit_time
from rag_core.errors import GenerationError, LLMInterruptedError
from rag_core.generation.groundedness import SupportChecker
from rag_core.generation.instructions import render_notes
from rag_core.generation.prompt import build_prompt
from rag_core.generation.quotations.extractive import Quoter
from rag_core.generation.results import RetrievalResult
from rag_core.generation.text.answer_text import AnswerText
from rag_core.generation.text.length_limit import cut_cleanly
from rag_core.generation.text.links.addresses import KnownAddresses, find_addresses
from rag_core.generation.text.links.link_guard import check_links
from rag_core.protocols import Embedder, Generator, ImageReader, VectorStore
from rag_core.query.glossary import NO_GLOSSARY, Glossary
from rag_core.types import (
    Answer,
    AnswerDone,
    AnswerEvent,
    Citation,
    Degradation,
    Question,
    TextDelta,
    Timings,
    Usage,
)

logger = logging.getLogger(__name__)

QUOTED_OF_PART = 2
"""Passages that are quoted for each part of a question, at most."""

MOST_CHARACTERS = 12_000
"""Longest answer of the LLM by default."""

REASONING_SHARE = 10
"""Characters of reasoning in the text for each that an answer may have."""

_RESERVE_SECONDS, _RESERVE_SHARE = 10.0, 0.1  # of the question's time, for quotations
_REWRITE_NOTES = ("rewrite_failed", "rewrite_unavailable")


@dataclass(frozen=True, slots=True)
class GeneratedText:
    """The text of the LLM, or the quotations; empty if there is no answer."""

    text: str = ""
    citations: tuple[Citation, ...] = ()
    usage: Usage | None = None


@dataclass(slots=True)
class _Draft:
    """An answer that an LLM writes: its text, its tokens, and what is shown at the end."""

    text: AnswerText
    usage: Usage | None = None
    rest: str = ""


class StageTimer:
    """Collects the milliseconds of each stage of one question."""

    def __init__(self) -> None:
        self._started = self._lap = time.perf_counter()
        self.timings = Timings()

    def record_lap(self, stage: str) -> None:
        """Record the time since the last lap as that of a stage."""
        now = time.perf_counter()
        self._record(stage, now - self._lap)
        self._lap = now

    def record_elapsed(self, stage: str) -> None:
        """Record the time since the question as that of a stage."""
        self._record(stage, time.perf_counter() - self._started)

    def record_first_text(self) -> None:
        """Record the time from the question to the first text, once."""
        if not self.timings.first_text_ms:
            self.record_elapsed("first_text_ms")

    def _record(self, stage: str, seconds: float) -> None:
        self.timings = replace(self.timings, **{stage: round(seconds * 1000, 2)})


class AnswerWriter:
    """Writes answers from passages; without an LLM, it quotes them.

    Args:
        embedder: finds what to quote, and compares citations with their passages.
        store: holds the index, from which the rest of a quoted section is read.
        generator: the LLM; None quotes.
        instructions: those of the team.
        glossary: the team's own words.
        most_characters: longest answer of the LLM.
    """

    def __init__(  # noqa: PLR0913  (the parts, by name)
        self,
        embedder: Embedder,
        store: VectorStore,
        generator: Generator | None,
        *,
        instructions: str = "",
        glossary: Glossary = NO_GLOSSARY,
        most_characters: int = MOST_CHARACTERS,
    ) -> None:
        self._embedder = embedder
        self._generator = generator
        self._quoter = Quoter(embedder, store)
        self._instructions = instructions
        self._glossary = glossary
        self._most_characters = most_characters

    def has_seen_images(self, answer: Answer) -> bool:
        """Return True if an LLM that takes pictures wrote an answer."""
        sees = isinstance(self._generator, ImageReader) and self._generator.sees_images
        return sees and not set(answer.degraded) & {"no_llm", "llm_failed", "llm_empty"}

    def write(
        self, question: Question, result: RetrievalResult, timer: StageTimer
    ) -> Iterator[AnswerEvent]:
        """Write an answer, event by event.

        Args:
            question: as it was asked.
            result: the passages to write from, one at least.
            timer: started with the question.

        Yields:
            Text as it is written, then `AnswerDone`.

        Raises:
            ModelError: the embedder failed while passages were quoted.
        """
        if self._generator is None:
            yield from self._write_quotations(result, timer, "no_llm")
        else:
            yield from self._write_generated(self._generator, question, result, timer)

    def _write_generated(
        self, generator: Generator, question: Question, result: RetrievalResult, timer: StageTimer
    ) -> Iterator[AnswerEvent]:
        draft = _Draft(self._build_text(question, result))
        held = ""  # markup alone is not an answer yet
        try:
            for delta in self._read_draft(draft, generator, question, result):
                held += delta
                if not draft.text.is_empty:
                    timer.record_first_text()
                    yield TextDelta(held)
                    held = ""
        except GenerationError as error:
            logger.warning("%s", error)
            draft.rest = draft.text.end_early()
            # If the LLM failed before it wrote any text, quotations are better than silence.
            if draft.text.is_empty or not isinstance(error, LLMInterruptedError):
                yield from self._write_quotations(result, timer, "llm_failed")
                return
            result = replace(result, degraded=(*result.degraded, "llm_cut_off"))
            draft.rest += draft.text.flush()
        if draft.text.is_empty and not draft.text.is_refused:
            logger.warning("The LLM wrote no answer, or nothing but reasoning.")
            yield from self._write_quotations(result, timer, "llm_empty", draft.usage)
            return
        if held or draft.rest:
            timer.record_first_text()
            yield TextDelta(held + draft.rest)
        timer.record_lap("generate_ms")
        yield _finish_generated(result, timer, draft, most=self._most_characters)

    def _read_draft(
        self, draft: _Draft, generator: Generator, question: Question, result: RetrievalResult
    ) -> Iterator[str]:
        """Yield the text of the LLM, up to the longest answer.

        What it held back is `rest` of the draft.
        """
        prompt = build_prompt(question, result.passages, self._render_notes(question, result))
        written = 0
        # What quotations take if the LLM fails is kept back.
        with limit_time(_leave_reserve()):
            for piece in generator.generate(*prompt):
                if isinstance(piece, Usage):
                    draft.usage = piece
                    continue
                written += len(piece)
                delta = draft.text.feed(piece)
                if self._is_endless(draft.text, written):
                    logger.warning("The LLM's answer does not end; it is cut.")
                    draft.rest = delta + draft.text.end_early()
                    return
                if delta:
                    yield delta
        draft.rest = draft.text.flush()

    def _is_endless(self, answer: AnswerText, written: int) -> bool:
        """Return True if an answer is too long, or its reasoning is."""
        return answer.length > self._most_characters or written > (
            REASONING_SHARE * self._most_characters
        )

    def _render_notes(self, question: Question, result: RetrievalResult) -> str:
        texts = (question.text, result.query, *(p.chunk.embedding_text for p in result.passages))
        entries = self._glossary.list_entries_for(texts)
        return render_notes(self._instructions, question.instructions, entries)

    def _build_text(self, question: Question, result: RetrievalResult) -> AnswerText:
        if result.support is None:
            return AnswerText(result.passages, question=question.text)
        supported = SupportChecker(self._embedder, result.passages, result.support)
        return AnswerText(result.passages, supported, question=question.text)

    def _write_quotations(
        self,
        result: RetrievalResult,
        timer: StageTimer,
        reason: Degradation,
        usage: Usage | None = None,
    ) -> Iterator[AnswerEvent]:
        quotations, numbers, unanswered = self._quote_parts(result)
        # The links of a page pass, but no tag of it that does more than lead there.
        quotations = check_links(quotations, KnownAddresses.of(result.passages, quotations))
        timer.record_lap("generate_ms")
        timer.record_first_text()
        yield TextDelta(quotations)
        citations = tuple(
            Citation(at, result.passages[number - 1]) for at, number in enumerate(numbers, start=1)
        )
        # If the LLM is down, it did not rewrite the question either: one note is enough.
        degraded = [each for each in result.degraded if each not in _REWRITE_NOTES]
        result = replace(result, degraded=(*degraded, reason))
        generated = GeneratedText(quotations, citations, usage)
        yield finish_answer(result, timer, generated, unanswered)

    def _quote_parts(self, result: RetrievalResult) -> tuple[str, tuple[int, ...], tuple[str, ...]]:
        """Quote the passages of each part; list unanswered parts too.

        Returns:
            Markdown, the number of the passage of each quotation, and the parts.
        """
        several = len(result.parts) > 1
        texts: list[str] = []
        cited: list[int] = []
        unanswered: list[str] = []
        for part in result.parts:
            # What was quoted for an earlier part is not repeated.
            new = [number for number in part.numbers if number not in cited]
            new = new[: QUOTED_OF_PART if several else None]
            passages = [result.passages[number - 1] for number in new]
            text, quoted = self._quoter.quote(
                result.live.collection, part.vector, part.query, passages, len(cited) + 1
            )
            if quoted:
                texts.append(f"{_format_heading(part.asked)}\n\n{text}" if several else text)
                cited.extend(new[number - 1] for number in quoted)
            elif not set(part.numbers[:1]) & set(cited):
                unanswered.append(part.asked)
        return "\n\n".join(texts), tuple(cited), tuple(unanswered)


def _finish_generated(
    result: RetrievalResult,
    timer: StageTimer,
    draft: _Draft,
    *,
    most: int,
) -> AnswerDone:
    answer = draft.text
    # An apology around a refusal is not an answer.
    text = "" if answer.is_refused and not answer.citations else answer.text
    citations = answer.citations
    if len(text) > most:
        # A cut can end code, and what stood in it becomes prose.
        text = check_links(cut_cleanly(text, most), KnownAddresses.of(result.passages))
        citations = tuple(each for each in citations if f"[{each.number}]" in text)
        result = replace(result, degraded=(*result.degraded, "answer_cut"))
    if text.strip() and not citations:
        result = replace(result, degraded=(*result.degraded, "unsupported"))
    return finish_answer(result, timer, GeneratedText(text, citations, draft.usage))


def mark_unseen_images(done: AnswerDone) -> AnswerDone:
    """Add to an answer that the question's pictures were not seen."""
    answer = done.answer
    return AnswerDone(replace(answer, degraded=(*answer.degraded, "images_unseen")))


def _leave_reserve() -> float:
    """Return the seconds for the LLM, which leave some for quotations."""
    left = find_seconds_left()
    return math.inf if left is None else left - min(_RESERVE_SECONDS, _RESERVE_SHARE * left)


def _format_heading(asked: str) -> str:
    """Format a part as a heading, without marks of its own."""
    plain = " ".join(re.sub(r"[*`<>\[\]\\]+", " ", asked).split())
    # An LLM may have rewritten the part: a name in it is not a link.
    written = [each.text for each in find_addresses(plain) if each.is_explicit]
    heading = check_links(plain, KnownAddresses([], written)).replace("_", r"\_")
    return f"**{heading}**"


def finish_answer(
    result: RetrievalResult,
    timer: StageTimer,
    generated: GeneratedText,
    unanswered: tuple[str, ...] = (),
) -> AnswerDone:
    """Build the last event of an answer.

    Args:
        result: what the answer was written from.
        timer: started with the question.
        generated: the text; without any, the answer's status is `not_found`.
        unanswered: parts of the question that the text leaves out without saying so.

    Returns:
        The event with the complete answer.
    """
    timer.record_elapsed("total_ms")
    return AnswerDone(
        Answer(
            text=generated.text.strip(),
            citations=generated.citations,
            passages=result.passages,
            status="answered" if generated.text.strip() else "not_found",
            degraded=result.degraded,
            revision=result.live.spec.revision,
            usage=_add_usage(result.usage, generated.usage),
            timings=timer.timings,
            query=result.query,
            unanswered=unanswered if generated.text.strip() else (),
        )
    )


def _add_usage(first: Usage | None, second: Usage | None) -> Usage | None:
    return first + second if first and second else first or second
