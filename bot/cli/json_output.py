"""JSON of the command line, as docs/json.md documents it. Pure; published keys stay."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from bot.calls.schema import AnswerResult, PassageResult, SearchResult
from rag_core.generation.text.links.link_rewriter import drop_link_breaks
from rag_core.types import Answer, Hit, Passage

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
"""The columns of `docent feedback --csv`."""


def serialise_passage(passage: Passage) -> dict[str, Any]:
    """Return a passage with both scores.

    `rerank_score` is null if no reranker scored the passage.
    """
    return PassageResult.of(passage).model_dump(mode="json")


def serialise_answer(question: str, answer: Answer, as_of: datetime | None) -> dict[str, Any]:
    """Return an answer with its citations, passages, usage and timings.

    Args:
        question: as it was asked.
        answer: the answer.
        as_of: when the documentation was last read; None if that is not known.

    Returns:
        The keys that docs/json.md documents.
    """
    return AnswerResult.of(question, answer, as_of=as_of).model_dump(mode="json")


def serialise_search(
    question: str, passages: Sequence[Passage], revision: str, as_of: datetime | None
) -> dict[str, Any]:
    """Return what a search found.

    Args:
        question: as it was asked.
        passages: best first.
        revision: of the index; empty if that is not known.
        as_of: when the documentation was last read; None if that is not known.

    Returns:
        The keys that docs/json.md documents.
    """
    found = SearchResult.of(question, passages, revision=revision, as_of=as_of)
    return found.model_dump(mode="json")


def serialise_comparison(
    by_embedding: Sequence[Hit], reranked: Sequence[Passage]
) -> dict[str, Any]:
    """Return the order by embedding beside the order after reranking."""
    return {
        "by_embedding": [
            {"id": hit.chunk.id, "path": hit.chunk.path, "score": hit.score} for hit in by_embedding
        ],
        "reranked": [
            {"id": passage.chunk.id, "path": passage.chunk.path, "score": passage.rerank_score}
            for passage in reranked
        ],
    }


def serialise_rated_answer(rated: RatedAnswer) -> dict[str, Any]:
    """Return a rating with its answer.

    `answer` is null if texts are not stored.
    """
    answer = rated.record.answer
    return {
        "rated_at": rated.rated_at.isoformat(),
        "verdict": rated.rating.verdict,
        "reason": rated.rating.reason,
        "comment": rated.rating.comment,
        "user": rated.rating.user,
        "channel": rated.record.key.channel,
        "ts": rated.record.key.ts,
        "question": rated.record.question,
        "query": answer.query if answer else "",
        "answer": drop_link_breaks(answer.text) if answer else None,
        "status": answer.status if answer else None,
        "revision": answer.revision if answer else "",
        "passages": [serialise_passage(passage) for passage in answer.passages] if answer else [],
    }


def build_csv_row(rated: RatedAnswer) -> tuple[str, ...]:
    """Return a rating with its answer, in the order of `RATED_COLUMNS`.

    `pages` holds the URLs of the passages, separated by spaces.
    """
    row = serialise_rated_answer(rated)
    row["pages"] = " ".join(dict.fromkeys(passage["url"] for passage in row["passages"]))
    return tuple(str(row[name] or "") for name in RATED_COLUMNS)
