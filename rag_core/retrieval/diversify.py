"""The choice of diverse passages: no copies, and not all of them from one page."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence

from rag_core.retrieval.text_key import TextKey, build_text_key
from rag_core.retrieval.versions import is_newer
from rag_core.types import Chunk, PageKey, Passage

PER_PAGE = 3
"""Passages of one page that may come before those of other pages; see docs/quality.md."""

_TELLING_WORDS = 20
"""Words of a text that says by itself what it is about; a shorter one needs its heading."""

_VERSION = re.compile(r"\d+(?:\.\d+)+")


def select_diverse(
    passages: Sequence[Passage],
    *,
    limit: int,
    per_page: int = PER_PAGE,
    required: Collection[str] = (),
) -> tuple[Passage, ...]:
    """Choose passages that differ, with few from the same page.

    Args:
        passages: best first.
        limit: passages to choose at most.
        per_page: passages of one page that may come before those of other pages. Its further
            passages follow if there is room, so that a question about one page loses nothing.
        required: ids of chunks that are chosen in any case; the last of the others make room.

    Returns:
        The chosen passages, best first. Of several copies it is one: that of the newest version,
        in the place of the best.
    """
    chosen: list[Passage] = []
    surplus: list[Passage] = []
    pages: Counter[PageKey] = Counter()
    # First round: at most `per_page` passages of each page.
    for passage in passages:
        if len(chosen) == limit:
            break
        if pages[passage.chunk.page_key] == per_page:
            surplus.append(passage)
        elif not _has_copy(passage.chunk, chosen):
            chosen.append(passage)
            pages[passage.chunk.page_key] += 1
    # Second round: the room that is left goes to the other passages of those pages.
    for passage in surplus:
        if len(chosen) < limit and not _has_copy(passage.chunk, chosen):
            chosen.append(passage)
    _add_required(passages, chosen, required, limit)
    for place, passage in enumerate(chosen):
        chosen[place] = _find_newest_copy(passage, passages, chosen)
    return tuple(chosen)


def _add_required(
    passages: Sequence[Passage], chosen: list[Passage], required: Collection[str], limit: int
) -> None:
    """Add required passages in place of the last others.

    The first passage always stays.
    """
    for passage in passages:
        if passage.chunk.id not in required or _has_copy(passage.chunk, chosen):
            continue
        if len(chosen) >= limit:
            others = [each for each in chosen[1:] if each.chunk.id not in required]
            if not others:
                return
            chosen.remove(others[-1])
        chosen.append(passage)


def _has_copy(chunk: Chunk, chosen: Sequence[Passage]) -> bool:
    return any(is_copy(chunk, other.chunk) for other in chosen)


def _find_newest_copy(
    passage: Passage, passages: Sequence[Passage], chosen: Sequence[Passage]
) -> Passage:
    """Find the newest version of a passage; by default, itself."""
    newest = passage
    for other in passages:
        if (
            is_newer(other.chunk.version, newest.chunk.version)
            and other.chunk.page_key != passage.chunk.page_key
            and is_copy(other.chunk, passage.chunk)
            and other not in chosen
        ):
            newest = other
    return newest


def is_copy(chunk: Chunk, other: Chunk) -> bool:
    """Return True if two chunks say the same.

    On one page only equal chunks do. Reference pages are written from a template, so there texts
    that have another heading are about different things. So are short texts of two pages.
    """
    if chunk.page_key == other.page_key:
        return (chunk.heading_path, chunk.text) == (other.heading_path, other.text)
    key = build_text_key(chunk.text)
    if key != build_text_key(other.text):
        return False
    if not any(map(str.isalnum, "".join(key))):
        return True
    return _VERSION.findall(chunk.heading_path) == _VERSION.findall(other.heading_path) and (
        len(key) >= _TELLING_WORDS or _build_heading_key(chunk) == _build_heading_key(other)
    )


def _build_heading_key(chunk: Chunk) -> TextKey:
    """Build the key of the last heading or, without one, the title."""
    return build_text_key((chunk.headings or (chunk.title,))[-1])
