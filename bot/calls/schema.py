"""The results of calls: one schema for `docent ask --json`, MCP and HTTP. Published keys stay.

docs/json.md says what each field means.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, Self

from pydantic import BaseModel

from rag_core.generation.text.links.link_rewriter import drop_link_breaks
from rag_core.types import Answer, Citation, Passage, Timings, Usage

ResultStatus = Literal["answered", "not_found", "passages_only"]
"""An answer, none in the documentation, or passages alone because an answer took too long."""


class PassageResult(BaseModel):
    """A passage with both scores; `rerank_score` is null if no reranker scored it."""

    id: str
    source: str
    path: str
    url: str
    title: str
    headings: list[str]
    version: str
    language: str
    text: str
    retrieval_score: float
    rerank_score: float | None

    @classmethod
    def of(cls, passage: Passage) -> Self:
        """Build the result of a passage."""
        chunk = passage.chunk
        return cls(
            id=chunk.id,
            source=chunk.source,
            path=chunk.path,
            url=chunk.url,
            title=chunk.title,
            headings=list(chunk.headings),
            version=chunk.version,
            language=chunk.language,
            text=chunk.text,
            retrieval_score=passage.retrieval_score,
            rerank_score=passage.rerank_score,
        )


class CitationResult(BaseModel):
    """A `[number]` of an answer, and the section that it cites."""

    number: int
    path: str
    url: str
    title: str
    headings: list[str]

    @classmethod
    def of(cls, citation: Citation) -> Self:
        """Build the result of a citation."""
        chunk = citation.passage.chunk
        return cls(
            number=citation.number,
            path=chunk.path,
            url=chunk.url,
            title=chunk.title,
            headings=list(chunk.headings),
        )


class AnswerResult(BaseModel):
    """An answer with its citations, passages, usage and timings.

    `id` names the stored answer, for feedback; it is empty if none was stored. `as_of` is when the
    documentation was last read. `cut` says what was left out to keep a result short.
    """

    question: str
    query: str
    answer: str
    status: ResultStatus
    degraded: list[str]
    unanswered: list[str]
    citations: list[CitationResult]
    passages: list[PassageResult]
    revision: str
    usage: Usage | None
    timings: Timings
    as_of: datetime | None = None
    id: str = ""
    cut: str = ""

    @classmethod
    def of(
        cls, question: str, answer: Answer, *, as_of: datetime | None = None, answer_id: str = ""
    ) -> Self:
        """Build the result of an answer.

        Args:
            question: as it was asked.
            answer: the answer.
            as_of: when the documentation was last read; None if that is not known.
            answer_id: id of the stored answer; empty if none was stored.

        Returns:
            The result.
        """
        return cls(
            question=question,
            query=answer.query,
            answer=drop_link_breaks(answer.text),
            status=answer.status,
            degraded=list(answer.degraded),
            unanswered=list(answer.unanswered),
            citations=[CitationResult.of(citation) for citation in answer.citations],
            passages=[PassageResult.of(passage) for passage in answer.passages],
            revision=answer.revision,
            usage=answer.usage,
            timings=answer.timings,
            as_of=as_of,
            id=answer_id,
        )


class SearchResult(BaseModel):
    """The passages that a search found, best first."""

    question: str
    passages: list[PassageResult]
    revision: str = ""
    as_of: datetime | None = None
    cut: str = ""

    @classmethod
    def of(
        cls,
        question: str,
        passages: Sequence[Passage],
        *,
        revision: str = "",
        as_of: datetime | None = None,
    ) -> Self:
        """Build the result of a search.

        Args:
            question: as it was asked.
            passages: best first.
            revision: of the index.
            as_of: when the documentation was last read; None if that is not known.

        Returns:
            The result.
        """
        results = [PassageResult.of(passage) for passage in passages]
        return cls(question=question, passages=results, revision=revision, as_of=as_of)

    def as_answer(self) -> AnswerResult:
        """Return the passages in place of an answer that took too long."""
        return AnswerResult(
            question=self.question,
            query="",
            answer="",
            status="passages_only",
            degraded=[],
            unanswered=[],
            citations=[],
            passages=self.passages,
            revision=self.revision,
            usage=None,
            timings=Timings(),
            as_of=self.as_of,
        )


class PageResult(BaseModel):
    """A page, or a piece of it, as docent reads it.

    `sections` are the headings of the whole page. `next_offset` is where to go on; null at the end.
    Without such a page `status` is `not_found`, and `candidates` are the pages or sections that may
    have been meant.
    """

    status: Literal["found", "not_found"]
    source: str = ""
    path: str = ""
    url: str = ""
    title: str = ""
    version: str = ""
    language: str = ""
    section: str = ""
    sections: list[str] = []
    text: str = ""
    offset: int = 0
    next_offset: int | None = None
    candidates: list[str] = []
    revision: str = ""
    as_of: datetime | None = None
