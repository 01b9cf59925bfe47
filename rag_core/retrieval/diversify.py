"""Passages that tell something new: no near-duplicates, and not all of them from one page."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rag_core.types import Passage

PER_PAGE = 3
"""Passages of a page before those of other pages; see docs/quality.md."""

SAME = 0.9
"""Share of common word triples (Jaccard) from which texts of two pages say the same."""

_SHINGLE = 3  # words
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]|\w+")  # Chinese has no spaces

Shingles = frozenset[tuple[str, ...]]


def select(
    passages: Sequence[Passage], *, limit: int, per_page: int = PER_PAGE
) -> tuple[Passage, ...]:
    """At most `limit` passages, in their order; the first of several that say the same.

    Where a page has more than `per_page`, its others come after those of other pages: they are
    taken only if there is room left, so that a question about one page loses nothing.
    """
    chosen: list[_Chosen] = []
    later: list[Passage] = []
    pages: Counter[tuple[str, str]] = Counter()
    for passage in passages:
        if len(chosen) == limit:
            break
        if pages[_page(passage)] == per_page:
            later.append(passage)
        elif new := _new(passage, chosen):
            chosen.append(new)
            pages[_page(passage)] += 1
    for passage in later:
        if len(chosen) < limit and (new := _new(passage, chosen)):
            chosen.append(new)
    return tuple(one.passage for one in chosen)


@dataclass(frozen=True, slots=True)
class _Chosen:
    passage: Passage
    shingles: Shingles


def _new(passage: Passage, chosen: Sequence[_Chosen]) -> _Chosen | None:
    """The passage, if none of the chosen ones says the same."""
    mine = _Chosen(passage, shingles(passage.chunk.text))
    return None if any(_same(mine, other) for other in chosen) else mine


def _same(one: _Chosen, other: _Chosen) -> bool:
    """Whether two passages say the same.

    Reference pages are written by a template: on one page texts that differ in a name, or stand
    under another heading, are about something else.
    """
    if _page(one.passage) == _page(other.passage):
        mine, theirs = one.passage.chunk, other.passage.chunk
        return (mine.heading_path, mine.text) == (theirs.heading_path, theirs.text)
    short, long = sorted((one.shingles, other.shingles), key=len)
    # Texts of very different length can't be that similar; most pairs end here.
    return len(short) >= SAME * len(long) and similarity(short, long) >= SAME


def _page(passage: Passage) -> tuple[str, str]:
    return passage.chunk.source, passage.chunk.path


def shingles(text: str) -> Shingles:
    """Every three words in a row, lower-case; all words where there are fewer."""
    words = [word.casefold() for word in _WORD.findall(text)] or [text]
    return frozenset(
        tuple(words[at : at + _SHINGLE]) for at in range(max(1, len(words) - _SHINGLE + 1))
    )


def similarity(one: Shingles, other: Shingles) -> float:
    """Jaccard: what both have, of what either has; from 0 to 1."""
    common = len(one & other)
    return common / (len(one) + len(other) - common)
