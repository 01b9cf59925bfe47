"""Passages that tell something new: no near-duplicates, and not all of them from one page."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rag_core.types import Passage

PER_PAGE = 3
"""Passages of a page before those of other pages; see docs/quality.md."""

DUPLICATE_SIMILARITY = 0.9
"""Share of common word triples (Jaccard) from which texts of two pages say the same."""

_SHINGLE = 3  # words
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]|\w+")  # Chinese has no spaces

Shingles = frozenset[tuple[str, ...]]


def select_diverse(
    passages: Sequence[Passage], *, limit: int, per_page: int = PER_PAGE
) -> tuple[Passage, ...]:
    """At most `limit` passages, in their order; the first of several that say the same.

    Where a page has more than `per_page`, its others come after those of other pages: they are
    taken only if there is room left, so that a question about one page loses nothing.
    """
    chosen: list[_ChosenPassage] = []
    later: list[Passage] = []
    pages: Counter[tuple[str, str]] = Counter()
    for passage in passages:
        if len(chosen) == limit:
            break
        if pages[_get_page_key(passage)] == per_page:
            later.append(passage)
        elif new := _choose_if_new(passage, chosen):
            chosen.append(new)
            pages[_get_page_key(passage)] += 1
    for passage in later:
        if len(chosen) < limit and (new := _choose_if_new(passage, chosen)):
            chosen.append(new)
    return tuple(one.passage for one in chosen)


@dataclass(frozen=True, slots=True)
class _ChosenPassage:
    passage: Passage
    shingles: Shingles


def _choose_if_new(passage: Passage, chosen: Sequence[_ChosenPassage]) -> _ChosenPassage | None:
    """The passage, if none of the chosen ones says the same."""
    mine = _ChosenPassage(passage, split_shingles(passage.chunk.text))
    return None if any(_is_duplicate(mine, other) for other in chosen) else mine


def _is_duplicate(one: _ChosenPassage, other: _ChosenPassage) -> bool:
    """Whether two passages say the same.

    Reference pages are written by a template: on one page texts that differ in a name, or stand
    under another heading, are about something else.
    """
    if _get_page_key(one.passage) == _get_page_key(other.passage):
        mine, theirs = one.passage.chunk, other.passage.chunk
        return (mine.heading_path, mine.text) == (theirs.heading_path, theirs.text)
    short, long = sorted((one.shingles, other.shingles), key=len)
    # Texts of very different length can't be that similar; most pairs end here.
    return (
        len(short) >= DUPLICATE_SIMILARITY * len(long)
        and compute_similarity(short, long) >= DUPLICATE_SIMILARITY
    )


def _get_page_key(passage: Passage) -> tuple[str, str]:
    return passage.chunk.source, passage.chunk.path


def split_shingles(text: str) -> Shingles:
    """Every three words in a row, lower-case; all words where there are fewer."""
    words = [word.casefold() for word in _WORD.findall(text)] or [text]
    return frozenset(
        tuple(words[at : at + _SHINGLE]) for at in range(max(1, len(words) - _SHINGLE + 1))
    )


def compute_similarity(one: Shingles, other: Shingles) -> float:
    """Jaccard: what both have, of what either has; from 0 to 1."""
    common = len(one & other)
    return common / (len(one) + len(other) - common)
