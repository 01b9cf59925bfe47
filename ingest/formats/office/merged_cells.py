"""The merged cells of a sheet, whose text belongs to each row that they reach over."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO

from openpyxl.utils.cell import range_boundaries

MAX_MERGED = 10_000
"""Most merged cells of a sheet that are read."""

_BLOCK = 2**16
_MERGED = re.compile(
    rb"<(?:\w{1,20}:)?mergeCell\s[^>]{0,100}?\bref=[\"']([A-Z]{1,3}\d{1,7}:[A-Z]{1,3}\d{1,7})[\"']"
)


class MergedCells:
    """Fills the text of a merged cell into the rows below its first.

    Args:
        file: the XML of a sheet; openpyxl leaves merged cells out when it reads row by row.
    """

    def __init__(self, file: IO[bytes]) -> None:
        ranges = list(_read_ranges(file))
        # The last row of a merged cell and its first column, by its first row.
        self._starts: dict[int, list[tuple[int, int]]] = {}
        for left, top, _, bottom in ranges:
            if bottom > top:
                self._starts.setdefault(top, []).append((bottom, left - 1))
        self._open: list[tuple[int, int, str]] = []

    def fill(self, number: int, texts: list[str]) -> int:
        """Fill a row; return how many merged cells were looked at.

        The rows come in their order, and their numbers count from 1.
        """
        self._open = [each for each in self._open if each[0] >= number]
        for _, column, text in self._open:
            if column < len(texts) and not texts[column]:
                texts[column] = text
        for bottom, column in self._starts.pop(number, ()):
            if column < len(texts) and texts[column]:
                self._open.append((bottom, column, texts[column]))
        return len(self._open)


def _read_ranges(file: IO[bytes]) -> Iterator[tuple[int, int, int, int]]:
    """Yield the left, top, right and bottom of merged cells."""
    count, rest = 0, b""
    for block in iter(lambda: file.read(_BLOCK), b""):
        data = rest + block
        end = 0
        for match in _MERGED.finditer(data):
            end = match.end()
            left, top, right, bottom = range_boundaries(match[1].decode())
            yield int(left or 1), int(top or 1), int(right or 1), int(bottom or 1)
            count += 1
            if count == MAX_MERGED:
                return
        rest = data[max(end, len(data) - 200) :]
