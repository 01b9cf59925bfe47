"""Columns of a page: the order in which a person reads what stands on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median

from ingest.formats.pdf.lines import Fragment

_MAX_COLUMNS_DEPTH = 3
_MIN_ROWS = 5
_BIN = 2.0  # points
_MIN_GUTTER = 8.0  # points
_MAX_CROSSING = 0.2
"""Share of rows that may cross the space between two columns: titles, wide tables."""

_MAX_SWITCHES = 0.12
"""Changes between the columns in the order of the file, for each row; a table has two."""


def order_columns(fragments: Sequence[Fragment], depth: int = 0) -> Iterator[list[Fragment]]:
    """Yield the regions of a page in the order of reading."""
    gutter = _find_gutter(fragments) if depth < _MAX_COLUMNS_DEPTH else None
    if gutter is None:
        yield list(fragments)
        return
    left, right = list[Fragment](), list[Fragment]()
    for row in _group_rows(fragments):
        if any(each.left < gutter < each.right for each in row):
            # What reaches over both columns ends them; new ones may follow.
            yield from _order_pair(left, right, depth)
            left, right = [], []
            yield row
        else:
            left += (each for each in row if each.right <= gutter)
            right += (each for each in row if each.left >= gutter)
    yield from _order_pair(left, right, depth)


def _order_pair(
    left: Sequence[Fragment], right: Sequence[Fragment], depth: int
) -> Iterator[list[Fragment]]:
    for column in (left, right):
        if column:
            yield from order_columns(column, depth + 1)


def _group_rows(fragments: Sequence[Fragment]) -> list[list[Fragment]]:
    rows: list[list[Fragment]] = []
    for fragment in sorted(fragments, key=lambda each: -each.baseline):
        if rows and rows[-1][0].baseline - fragment.baseline < 0.4 * fragment.height:
            rows[-1].append(fragment)
        else:
            rows.append([fragment])
    return rows


def _find_gutter(fragments: Sequence[Fragment]) -> float | None:
    """Return the middle of the space between two columns; None without columns."""
    rows = _group_rows(fragments)
    if len(rows) < _MIN_ROWS:
        return None
    for start, end in sorted(_list_spaces(fragments, len(rows)), key=lambda gap: gap[0] - gap[1]):
        if _has_columns(fragments, (start + end) / 2):
            return (start + end) / 2
    return None


def _list_spaces(fragments: Sequence[Fragment], rows: int) -> Iterator[tuple[float, float]]:
    """Yield the vertical stripes that hardly any row has text in."""
    first = min(each.left for each in fragments)
    last = max(each.right for each in fragments)
    count = min(int((last - first) / _BIN) + 1, 5_000)
    covered = [0] * (count + 1)
    for each in fragments:
        begin, end = int((each.left - first) / _BIN), int((each.right - first) / _BIN) + 1
        for number in range(max(begin, 0), min(end, count)):
            covered[number] += 1
    start: int | None = None
    for number in range(count // 8, count - count // 8 + 1):
        is_free = covered[number] <= _MAX_CROSSING * rows
        if is_free and start is None:
            start = number
        if not is_free and start is not None:
            if (number - start) * _BIN >= _MIN_GUTTER:
                yield first + start * _BIN, first + number * _BIN
            start = None


def _has_columns(fragments: Sequence[Fragment], gutter: float) -> bool:
    """Return whether columns of text stand beside a space.

    A file has the text of a column together, and a table row by row.
    """
    sides = [each for each in fragments if not each.left < gutter < each.right]
    left = [each for each in sides if each.right <= gutter]
    right = [each for each in sides if each.left >= gutter]
    rows = [len(_group_rows(side)) for side in (left, right)]
    if min(rows) < _MIN_ROWS or not _is_beside(left, right):
        return False
    order = [each.left >= gutter for each in sorted(sides, key=lambda each: each.order)]
    switches = sum(a != b for a, b in pairwise(order))
    if switches <= max(3, _MAX_SWITCHES * min(rows)):
        return True
    # Some programs write across columns; then only full lines of prose are told from a table.
    return min(rows) > 2 * _MIN_ROWS and all(map(_is_prose, (left, right)))


def _is_beside(left: Sequence[Fragment], right: Sequence[Fragment]) -> bool:
    """Return whether two sides stand beside each other."""
    tops = [max(each.baseline for each in side) for side in (left, right)]
    bottoms = [min(each.baseline for each in side) for side in (left, right)]
    shared = min(tops) - max(bottoms)
    return shared > 0.3 * min(top - bottom for top, bottom in zip(tops, bottoms, strict=True))


def _is_prose(side: Sequence[Fragment]) -> bool:
    width = max(each.right for each in side) - min(each.left for each in side)
    rows = [sum(each.right - each.left for each in row) for row in _group_rows(side)]
    return median(rows) > 0.85 * width and width > 100
