"""How much indexing may run between two questions: timed, not guessed."""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Iterable

_REMEMBERED = 15
# Where nobody asks, as in `docent index`, units may be as long as batches want to be.
_UNASKED_SECONDS = 1.5
# A fifth, because the times of questions have a little waiting for units in them.
_UNIT_SHARE = 1 / 5
_PATIENCE = 2
_LARGEST = 256 * 1024


class QuestionTimes:
    """How long retrieval and reranking of a question take when no other question is there."""

    def __init__(self) -> None:
        self._seconds: deque[float] = deque(maxlen=_REMEMBERED)

    def add(self, seconds: float) -> None:
        """Note a question that was alone."""
        self._seconds.append(seconds)

    @property
    def allowance(self) -> float:
        """Seconds for a unit of indexing: less than a quarter of a question."""
        return self._usual * _UNIT_SHARE

    @property
    def patience(self) -> float:
        """Seconds for which a unit of indexing gives way to questions that never end."""
        return self._usual * _PATIENCE

    @property
    def _usual(self) -> float:
        return statistics.median(self._seconds) if self._seconds else _UNASKED_SECONDS


class UnitSize:
    """Bytes of text in a unit of indexing; the time of each unit corrects the next one's size.

    Bytes follow tokens across scripts better than characters do. The size follows the times step by
    step and not in proportion: on a GPU a unit twice as large hardly takes longer.
    """

    def __init__(self, smallest: int) -> None:
        self._smallest = smallest
        self.bytes = min(smallest, _LARGEST)

    def count_fitting(self, sizes: Iterable[int]) -> int:
        """How many of the next texts, given by their sizes, make a unit: at least one."""
        total = count = 0
        for size in sizes:
            total += size
            if count and total > self.bytes:
                break
            count += 1
        return count

    def adjust(self, size: int, seconds: float, allowance: float) -> None:
        """Learn from a unit of `size` bytes that took `seconds`."""
        if size < self.bytes / 2 and seconds < allowance:
            return  # a remainder: it could not have taken longer
        wanted = size * allowance / max(seconds, 1e-9)
        wanted = min(max(wanted, self.bytes / 2), self.bytes * 1.5)
        self.bytes = int(min(max(wanted, self._smallest), _LARGEST))
