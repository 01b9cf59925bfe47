"""The choice of diverse passages: no near-duplicates, and not all of them from one page."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rag_core.types import PageKey, Passage

PER_PAGE = 3
"""Passages of one page that may come before those of other pages; see docs/quality.md."""

DUPLICATE_SIMILARITY = 0.9
"""Jaccard similarity of word triples from which texts of two pages count as duplicates."""

_SHINGLE_WORDS = 3
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]|\w+")  # Chinese has no spaces

Shingles = frozenset[tuple[str, ...]]


def select_diverse(
    passages: Sequence[Passage], *, limit: int, per_page: int = PER_PAGE
) -> tuple[Passage, ...]:
    """Choose passages that differ, with few from the same page.

    Args:
        passages: best first.
        limit: passages to choose at most.
        per_page: passages of one page that may come before those of other pages. Its further
            passages follow if there is room, so that a question about one page loses nothing.

    Returns:
        The chosen passages, best first; of several duplicates, only the first.
    """
    chosen: list[_ChosenPassage] = []
    surplus: list[Passage] = []
    pages: Counter[PageKey] = Counter()
    # First round: at most `per_page` passages of each page.
    for passage in passages:
        if len(chosen) == limit:
            break
        if pages[passage.chunk.page_key] == per_page:
            surplus.append(passage)
        elif new := _choose_if_new(passage, chosen):
            chosen.append(new)
            pages[passage.chunk.page_key] += 1
    # Second round: the room that is left goes to the other passages of those pages.
    for passage in surplus:
        if len(chosen) < limit and (new := _choose_if_new(passage, chosen)):
            chosen.append(new)
    return tuple(each.passage for each in chosen)


@dataclass(frozen=True, slots=True)
class _ChosenPassage:
    passage: Passage
    shingles: Shingles


def _choose_if_new(passage: Passage, chosen: Sequence[_ChosenPassage]) -> _ChosenPassage | None:
    """Return the passage with its shingles, or None for a duplicate."""
    new = _ChosenPassage(passage, split_shingles(passage.chunk.text))
    return None if any(_is_duplicate(new, other) for other in chosen) else new


def _is_duplicate(first: _ChosenPassage, second: _ChosenPassage) -> bool:
    """Return True if two passages say the same.

    On one page only equal passages do. Reference pages are written from a template, so there texts
    that differ in a name, or have another heading, are about different things.
    """
    chunk, other = first.passage.chunk, second.passage.chunk
    if chunk.page_key == other.page_key:
        return (chunk.heading_path, chunk.text) == (other.heading_path, other.text)
    short, long = sorted((first.shingles, second.shingles), key=len)
    # Texts of very different length can't be that similar; most pairs end here.
    return (
        len(short) >= DUPLICATE_SIMILARITY * len(long)
        and compute_similarity(short, long) >= DUPLICATE_SIMILARITY
    )


def split_shingles(text: str) -> Shingles:
    """Return every three consecutive words, case-folded; a shorter text is one shingle."""
    words = [word.casefold() for word in _WORD.findall(text)] or [text]
    return frozenset(
        tuple(words[start : start + _SHINGLE_WORDS])
        for start in range(max(1, len(words) - _SHINGLE_WORDS + 1))
    )


def compute_similarity(first: Shingles, second: Shingles) -> float:
    """Return the Jaccard similarity, in [0, 1]: common shingles over all shingles."""
    common = len(first & second)
    return common / (len(first) + len(second) - common)
