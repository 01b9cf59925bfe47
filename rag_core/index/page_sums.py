"""The sums of the vectors of pages, while a version is written: a mean is kept right by them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rag_core.types import PageKey, Vector

PageRow = tuple[PageKey, Vector]
"""The page of a chunk, and its vector of shape (dimension,), float32."""

_MOST_ROUNDED = 100
"""Rounded rows for each row that a page has; a page with more is added up anew.

A mean is rounded to float32 when it is written, by 2**-24 of it at most, so the sum that is made of
it is off by that for each of its rows. With 100 a mean is off by 6e-6 of it.
"""


@dataclass(slots=True)
class PageSum:
    """The sum of the vectors of a page.

    Attributes:
        total: shape (dimension,), float64; of no vectors it is a single 0.
        count: number of the vectors.
        rounded: rows whose sum was rounded, at each writing since the page was added up.
    """

    total: NDArray[np.float64] = field(default_factory=lambda: np.zeros(()))
    count: int = 0
    rounded: int = 0

    def add(self, vector: Vector, count: int = 1) -> None:
        """Add a vector, or subtract it.

        Args:
            vector: shape (dimension,), float32.
            count: 1 to add it, -1 to subtract it.
        """
        self.count += count
        if self.count:
            self.total = self.total + count * vector.astype(np.float64)
        else:  # nothing is left of what was rounded
            self.total, self.rounded = np.zeros(()), 0

    @property
    def is_exact(self) -> bool:
        """False if the vectors must be added up anew."""
        return 0 <= self.rounded <= _MOST_ROUNDED * self.count


@dataclass(slots=True)
class PageChanges:
    """The changes of a version since it was created or sealed.

    Attributes:
        is_new: whether it was empty then.
        is_counted: False if its means have no counts, as those of an earlier docent.
        sums: the sums of changed pages, as they are now.
        unknown: changed pages that must be added up anew.
    """

    is_new: bool
    is_counted: bool
    sums: dict[PageKey, PageSum] = field(default_factory=dict)
    unknown: set[PageKey] = field(default_factory=set)

    def forget(self, pages: Iterable[PageKey]) -> None:
        """Forget the sums of pages, which are not known any more."""
        for page in pages:
            self.sums.pop(page, None)
            self.unknown.add(page)
