"""How tests read a page and look at it."""

from __future__ import annotations

from pathlib import Path

from ingest.documents import Block, Document, Page
from ingest.formats import read_document


def read(data: bytes | str, path: str = "a.md", *, media_type: str = "") -> Document:
    raw = data.encode() if isinstance(data, str) else data
    return read_document(Page("docs", path, "https://example.com/docs/a", raw, media_type))


def read_file(path: Path) -> Document:
    return read(path.read_bytes(), path.name)


def outline(document: Document) -> list[tuple[str, str]]:
    """The last heading and the anchor of each section."""
    return [(section.headings[-1], section.anchor) for section in document.sections]


def blocks(document: Document) -> list[Block]:
    return [block for section in document.sections for block in section.blocks]


def text(document: Document) -> str:
    return "\n".join(block.text for block in blocks(document))


def kinds(document: Document) -> list[str]:
    return [block.kind for block in blocks(document)]
