"""Sources: the label of a section, and the pages of an answer that found nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.markup.markdown import shorten
from rag_core.retrieval.versions import list_version_labels
from rag_core.types import Answer, Chunk, Passage

LABEL_LIMIT = 150


@dataclass(frozen=True, slots=True)
class Evidence:
    """A passage as it is shown: with the mark of its citation, and its version if these differ."""

    passage: Passage
    mark: str = ""
    version: str = ""


def list_evidence(answer: Answer) -> tuple[list[Evidence], list[Evidence]]:
    """Return the passages that an answer cites, and the others."""
    chunks = [passage.chunk for passage in answer.passages]
    versions = dict(zip((chunk.id for chunk in chunks), list_version_labels(chunks), strict=True))
    cited = {citation.passage.chunk.id for citation in answer.citations}
    return [
        Evidence(
            citation.passage, f"[{citation.number}] ", versions.get(citation.passage.chunk.id, "")
        )
        for citation in answer.citations
    ], [
        Evidence(passage, version=versions[passage.chunk.id])
        for passage in answer.passages
        if passage.chunk.id not in cited
    ]


def label_source(chunk: Chunk, version: str = "") -> str:
    """Return the short title of a section, with a version."""
    label = shorten(chunk.heading_path.replace(" > ", " \u203a ") or chunk.path, LABEL_LIMIT)
    return f"{label} ({shorten(version, LABEL_LIMIT)})" if version else label


def list_pages(passages: Sequence[Passage]) -> list[Chunk]:
    """Return the best section of each page, best first."""
    chunks = {passage.chunk.url: passage.chunk for passage in reversed(passages)}.values()
    return [*reversed(chunks)]
