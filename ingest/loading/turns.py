"""The turns of pages: when each is read, and for how long, so that none waits without an end."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from ingest.documents import Page, WaitingPageError
from ingest.formats import BINARY, detect_format
from ingest.loading.frames import Outcome

BYTES_PER_DEADLINE = 2 * 2**20
"""A PDF or office file has `PAGE_SECONDS` more for each so many bytes."""

MAX_PAGE_SECONDS = 120.0
"""Longest time for the largest of them."""

MOST_LATE = 5
"""Pages of a source that may end the process before the others have a short turn first."""

SHORT_SECONDS = 1.0
"""Limit of a short turn; a page that needs more waits until all others had theirs."""

SOURCE_SECONDS = 300.0
"""Time of a sync for the pages of a source that end the process."""

NO_TURN = "had no turn, because other pages of its source took the time; it is next"
SHORT_TURN = "needs longer than there was time beside the other pages of its source; it is next"
TURNS = (NO_TURN, SHORT_TURN)
"""Reasons of pages that the next sync reads first, in this order."""


class OnePageReader(Protocol):
    """Reads one page after the other."""

    @property
    def has_ended(self) -> bool:
        """True if the last page ended its process."""

    @property
    def was_late(self) -> bool:
        """True if the last page ended its process by taking too long."""

    def read(self, page: Page, seconds: float) -> Outcome:
        """Return the outcome of a page that may compute for so long."""


class Turns:
    """The order in which pages are read, so that slow ones take nothing from the others.

    Args:
        reader: reads one page.
        seconds: longest time that a page may compute.
        clock: returns the time in seconds.
    """

    def __init__(self, reader: OnePageReader, seconds: float, clock: Callable[[], float]) -> None:
        self._reader = reader
        self._seconds = seconds
        self._clock = clock
        self._ended: Counter[str] = Counter()
        self._spent: defaultdict[str, float] = defaultdict(float)

    def read(self, pages: Sequence[Page]) -> Iterator[tuple[int, Outcome]]:
        """Yield number and outcome of each page, in any order."""
        aside: list[int] = []
        for number, page in enumerate(pages):
            if self._has_no_time(page):
                yield number, WaitingPageError(NO_TURN)
                continue
            full = self.limit_seconds(page)
            is_short = self._ended[page.source] >= MOST_LATE and full > SHORT_SECONDS
            outcome = self._read_page(page, SHORT_SECONDS if is_short else full)
            if is_short and self._reader.was_late:
                aside.append(number)
            else:
                yield number, outcome
        for number in aside:
            page = pages[number]
            if self._has_no_time(page):
                yield number, WaitingPageError(SHORT_TURN)
            else:
                yield number, self._read_page(page, self.limit_seconds(page))

    def _has_no_time(self, page: Page) -> bool:
        return self._spent[page.source] >= SOURCE_SECONDS

    def _read_page(self, page: Page, seconds: float) -> Outcome:
        began = self._clock()
        outcome = self._reader.read(page, seconds)
        if self._reader.has_ended:
            self._ended[page.source] += 1
            self._spent[page.source] += self._clock() - began
        return outcome

    def limit_seconds(self, page: Page) -> float:
        """Return the longest time that a page may compute."""
        if detect_format(page.path, page.media_type) not in BINARY:
            return self._seconds
        more = page.size / BYTES_PER_DEADLINE
        return min(self._seconds * (1 + more), max(MAX_PAGE_SECONDS, self._seconds))
