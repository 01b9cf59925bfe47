"""Sources: the label of a section, and the pages of an answer that found nothing."""

from __future__ import annotations

from collections.abc import Sequence

from bot.markup.markdown import shorten
from rag_core.types import Chunk, Passage

LABEL_LIMIT = 150


def label_source(chunk: Chunk, version: str = "") -> str:
    """Return the short title of a section, with a version."""
    label = shorten(chunk.heading_path.replace(" > ", " \u203a ") or chunk.path, LABEL_LIMIT)
    return f"{label} ({shorten(version, LABEL_LIMIT)})" if version else label


def list_pages(passages: Sequence[Passage]) -> list[Chunk]:
    """Return the best section of each page, best first."""
    chunks = {passage.chunk.url: passage.chunk for passage in reversed(passages)}.values()
    return [*reversed(chunks)]
