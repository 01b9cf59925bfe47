"""JSON of the command line, as docs/cli.md documents it. Pure; keys are kept once published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rag_core.types import Answer, Citation, Hit, Passage

if TYPE_CHECKING:
    from bot.storage.ratings import RatedAnswer

RATED_COLUMNS = (
    "rated_at",
    "verdict",
    "reason",
    "comment",
    "user",
    "question",
    "answer",
    "status",
    "revision",
    "pages",
    "channel",
    "ts",
)
"""Of `docent feedback --csv`."""


def serialise_passage(found: Passage) -> dict[str, Any]:
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


def serialise_answer(question: str, given: Answer) -> dict[str, Any]:
    """An answer with everything it rests on."""
    return {
        "question": question,
        "query": given.query,
        "answer": given.text,
        "status": given.status,
        "degraded": list(given.degraded),
        "citations": [_serialise_citation(cited) for cited in given.citations],
        "passages": [serialise_passage(found) for found in given.passages],
        "revision": given.revision,
        "usage": asdict(given.usage) if given.usage else None,
        "timings": asdict(given.timings),
    }


def serialise_comparison(
    by_embedding: Sequence[Hit], reranked: Sequence[Passage]
) -> dict[str, Any]:
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


def serialise_rated_answer(found: RatedAnswer) -> dict[str, Any]:
    """A rating with the answer it is about; `answer` is null where texts are not kept."""
    given = found.record.answer
    return {
        "rated_at": found.rated_at.isoformat(),
        "verdict": found.rating.verdict,
        "reason": found.rating.reason,
        "comment": found.rating.comment,
        "user": found.rating.user,
        "channel": found.record.key.channel,
        "ts": found.record.key.ts,
        "question": found.record.question,
        "query": given.query if given else "",
        "answer": given.text if given else None,
        "status": given.status if given else None,
        "revision": given.revision if given else "",
        "passages": [serialise_passage(one) for one in given.passages] if given else [],
    }


def build_csv_row(found: RatedAnswer) -> tuple[str, ...]:
    """The same in the order of `RATED_COLUMNS`; `pages` are the addresses of the passages."""
    shape = serialise_rated_answer(found)
    shape["pages"] = " ".join(dict.fromkeys(one["url"] for one in shape["passages"]))
    return tuple(str(shape[name] or "") for name in RATED_COLUMNS)


def _serialise_citation(cited: Citation) -> dict[str, Any]:
    chunk = cited.passage.chunk
    return {
        "number": cited.number,
        "path": chunk.path,
        "url": chunk.url,
        "title": chunk.title,
        "headings": list(chunk.headings),
    }
