"""JSON of the command line, as docs/cli.md documents it. Pure; keys are kept once published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rag_core.types import Answer, Citation, Hit, Passage


def passage(found: Passage) -> dict[str, Any]:
    """A passage with both scores; `rerank_score` is null where no reranker scored it."""
    return {
        "id": found.chunk.id,
        "source": found.chunk.source,
        "path": found.chunk.path,
        "url": found.chunk.url,
        "title": found.chunk.title,
        "headings": list(found.chunk.headings),
        "version": found.chunk.version,
        "language": found.chunk.language,
        "text": found.chunk.text,
        "retrieval_score": found.retrieval_score,
        "rerank_score": found.rerank_score,
    }


def answer(question: str, given: Answer) -> dict[str, Any]:
    """An answer with everything it rests on."""
    return {
        "question": question,
        "query": given.query,
        "answer": given.text,
        "status": given.status,
        "degraded": list(given.degraded),
        "citations": [_citation(cited) for cited in given.citations],
        "passages": [passage(found) for found in given.passages],
        "revision": given.revision,
        "usage": asdict(given.usage) if given.usage else None,
        "timings": asdict(given.timings),
    }


def comparison(by_embedding: Sequence[Hit], reranked: Sequence[Passage]) -> dict[str, Any]:
    """The order by embedding beside the order after reranking."""
    return {
        "by_embedding": [
            {"id": hit.chunk.id, "path": hit.chunk.path, "score": hit.score} for hit in by_embedding
        ],
        "reranked": [
            {"id": found.chunk.id, "path": found.chunk.path, "score": found.rerank_score}
            for found in reranked
        ],
    }


def _citation(cited: Citation) -> dict[str, Any]:
    chunk = cited.passage.chunk
    return {
        "number": cited.number,
        "path": chunk.path,
        "url": chunk.url,
        "title": chunk.title,
        "headings": list(chunk.headings),
    }
