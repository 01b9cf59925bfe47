"""The lines of a streaming text, each held back as long as it may matter."""

from __future__ import annotations

from collections.abc import Callable, Iterator

LONGEST = 2_000
"""Characters of a line that can matter; a longer one passes through."""


class LineReader:
    """Divides a stream into lines that may matter and text that passes through.

    Args:
        can_matter: takes the beginning of a line; False lets the whole line pass through.
    """

    def __init__(self, can_matter: Callable[[str], bool]) -> None:
        self._can_matter = can_matter
        self._line = ""
        self._is_passing = False

    def feed(self, text: str) -> Iterator[tuple[str, bool]]:
        """Yield whole lines with True, pieces that pass with False."""
        at = 0
        while at < len(text):
            end = text.find("\n", at) + 1 or len(text)
            yield from self._read_piece(text[at:end])
            at = end

    def flush(self) -> Iterator[tuple[str, bool]]:
        """Yield the last line, if it has no end."""
        if self._line:
            yield self._line, True
        self._line, self._is_passing = "", False

    def _read_piece(self, piece: str) -> Iterator[tuple[str, bool]]:
        ends = piece.endswith("\n")
        if self._is_passing:
            self._is_passing = not ends
            yield piece, False
            return
        self._line += piece
        if len(self._line) > LONGEST or not (ends or self._can_matter(self._line)):
            yield self._line, False
            self._line, self._is_passing = "", not ends
        elif ends:
            yield self._line, True
            self._line = ""
