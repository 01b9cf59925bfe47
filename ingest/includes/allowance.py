"""Limits of what includes and variables add: a small page could ask for many times as much."""

from __future__ import annotations

MAX_INCLUDED = 5 * 10**6
"""Bytes that includes and variables each may add to a page."""

MAX_INCLUDES = 10_000
"""Includes of a page that are filled in."""

MAX_ALL_INCLUDED = 200 * 10**6
"""Bytes that they add to all pages of a source."""

MAX_ALL_INCLUDES = 300_000
"""Includes of all pages of a source."""

MAX_SEARCHED = 50 * 10**6
"""Characters of files in which the parts that a page includes are looked for."""

MAX_ALL_SEARCHED = 500 * 10**6
"""Characters of files in which those of all pages are looked for."""


class Allowance:
    """The text that the pages of a source may still include."""

    def __init__(self) -> None:
        self._all_bytes = MAX_ALL_INCLUDED
        self._all_includes = MAX_ALL_INCLUDES
        self._all_searched = MAX_ALL_SEARCHED
        self._searched = 0
        self._bytes = 0
        self._includes = 0

    @property
    def is_spent(self) -> bool:
        """True if the source has used up what all pages may include."""
        return min(self._all_bytes, self._all_includes, self._all_searched) <= 0

    def start_page(self) -> None:
        """Give the next page its part."""
        self._bytes = min(MAX_INCLUDED, self._all_bytes)
        self._includes = min(MAX_INCLUDES, self._all_includes)
        self._searched = MAX_SEARCHED
        if self._all_bytes < MAX_INCLUDED:
            self._all_bytes = 0  # from here on, pages stay as they are

    def take_include(self, searched: int) -> bool:
        """Count a file; return whether the page may include it.

        Args:
            searched: the length of the file.
        """
        if self._includes <= 0 or self._searched <= 0:
            return False
        self._includes -= 1
        self._all_includes -= 1
        self._searched -= searched
        self._all_searched -= searched
        return True

    def take_bytes(self, count: int) -> bool:
        """Count bytes; return whether the page may become so much longer."""
        if count > self._bytes:
            return False
        self._bytes -= count
        self._all_bytes -= count
        return True
