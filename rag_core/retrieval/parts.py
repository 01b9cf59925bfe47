"""Parts of a question: each gets its share of the passages that are read."""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from rag_core.retrieval.diversify import select_diverse
from rag_core.types import Passage

PASSAGES = 8
"""Passages for all parts of a question, where it has several."""

_FIRST_PASSAGES = 5
"""Passages among which each part has as many different pages as it can."""


@dataclass(frozen=True, slots=True)
class JoinedPassages:
    """The passages of several parts.

    Attributes:
        passages: those that are read, in turn one of each part; of duplicates only the first.
        numbers: for each part, the numbers, from 1, of its passages among them, best first.
    """

    passages: tuple[Passage, ...]
    numbers: tuple[tuple[int, ...], ...]


def join_parts(
    parts: Sequence[Sequence[Passage]], *, limit: int, required: Sequence[Collection[str]] = ()
) -> JoinedPassages:
    """Choose passages of each part in turn.

    A part's first passages are from different pages, because five places for several questions
    leave no room for a second passage of a wrong page.

    Args:
        parts: the ranked passages of each part, best first; none for a part without an answer.
        limit: passages to choose at most.
        required: for each part, ids of chunks that come right after its first passages.

    Returns:
        The chosen passages, and which of them are whose.
    """
    spread = math.ceil(_FIRST_PASSAGES / max(1, sum(map(bool, parts))))
    queues = [
        _order_part(passages, ids, spread=spread, limit=limit)
        for passages, ids in itertools.zip_longest(parts, required, fillvalue=())
    ]
    joined: dict[str, Passage] = {}
    for turn in itertools.zip_longest(*queues):
        for passage in filter(None, turn):
            joined.setdefault(passage.chunk.id, passage)
    chosen = select_diverse(tuple(joined.values()), limit=limit, per_page=limit)
    places = {passage.chunk.id: number for number, passage in enumerate(chosen, 1)}
    numbers = ([places.get(passage.chunk.id, 0) for passage in queue] for queue in queues)
    return JoinedPassages(chosen, tuple(tuple(filter(None, own)) for own in numbers))


def _order_part(
    passages: Sequence[Passage], required: Collection[str], *, spread: int, limit: int
) -> list[Passage]:
    """Order a part: best of the first pages, required, others."""
    first = select_diverse(passages, limit=spread, per_page=1)
    wanted = [passage for passage in passages if passage.chunk.id in required]
    others = select_diverse(passages, limit=limit)
    return list({each.chunk.id: each for each in (*first, *wanted, *others)}.values())
