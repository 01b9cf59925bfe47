"""How much of what a reader sees is read, and how much is read that a reader does not see."""

from __future__ import annotations

import re
from collections import Counter

from ingest.documents import Document
from rag_core.types import strip_link_targets

_WORD = re.compile(r"\w+")
_FENCE_INFO = re.compile(r"^(\s*(?:`{3,}|~{3,}))[^\n`]*$", re.MULTILINE)


def read_words(document: Document) -> Counter[str]:
    """The words of a document: its headings, once each, and its text."""
    texts = [
        *(section.headings[-1] for section in document.sections if section.headings),
        *(block.text for section in document.sections for block in section.blocks),
    ]
    shown = _FENCE_INFO.sub(r"\1", strip_link_targets("\n".join(texts)))
    return Counter(_WORD.findall(shown.lower()))


def measure(document: Document, visible: str) -> tuple[float, float]:
    """Return the share of visible words that are read, and of read words that are extra."""
    wanted, words = Counter(_WORD.findall(visible.lower())), read_words(document)
    found = (wanted & words).total()
    return found / wanted.total(), 1 - found / max(words.total(), 1)
