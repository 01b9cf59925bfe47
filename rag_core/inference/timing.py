"""Sizes of indexing units: adapted to how long questions and units take."""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Iterable

_REMEMBERED = 15
# Without questions, as in `docent index`, units may be as long as the best batches.
_DEFAULT_SECONDS = 1.5
# A fifth and not a quarter, because a question's time includes a little waiting for units.
_UNIT_SHARE = 1 / 5
_PATIENCE = 2  # questions
_LARGEST = 256 * 1024  # bytes


class QuestionTimes:
    """Times of questions that were alone, from the embedding to the ranked passages."""

    def __init__(self) -> None:
        self._seconds: deque[float] = deque(maxlen=_REMEMBERED)

    def add(self, seconds: float) -> None:
        """Add the time of a question that was alone, in seconds."""
        self._seconds.append(seconds)

    @property
    def allowance(self) -> float:
        """Seconds for a unit of indexing, less than a quarter of a question's time."""
        return self._typical_seconds * _UNIT_SHARE

    @property
    def patience(self) -> float:
        """Seconds after which a unit of indexing no longer gives way to questions."""
        return self._typical_seconds * _PATIENCE

    @property
    def _typical_seconds(self) -> float:
        return statistics.median(self._seconds) if self._seconds else _DEFAULT_SECONDS


class UnitSize:
    """Bytes of text in a unit of indexing; the time of each unit corrects the next one's size.

    In all scripts bytes predict tokens better than characters do. The size changes in steps, not in
    proportion to the times: on a GPU a unit twice as large hardly takes longer.
    """

    def __init__(self, smallest: int) -> None:
        self._smallest = smallest
        self.bytes = min(smallest, _LARGEST)

    def count_fitting(self, sizes: Iterable[int]) -> int:
        """Count the next texts, given by their bytes, that fit a unit.

        The count is at least 1, so that a long text goes alone.
        """
        total = count = 0
        for size in sizes:
            total += size
            if count and total > self.bytes:
                break
            count += 1
        return count

    def adjust(self, size: int, seconds: float, allowance: float) -> None:
        """Adapt the size to the time that a unit took.

        Args:
            size: bytes of the unit.
            seconds: its time.
            allowance: seconds that it should take.
        """
        if size < self.bytes / 2 and seconds < allowance:
            return  # the rest of a call: too small to judge the size by
        target = size * allowance / max(seconds, 1e-9)
        # One step shrinks the size to a half at most, or grows it by a half.
        target = min(max(target, self.bytes / 2), self.bytes * 1.5)
        self.bytes = int(min(max(target, self._smallest), _LARGEST))
