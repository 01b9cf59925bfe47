"""Tables of a page: neighbouring lines whose cells stand below each other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median

from ingest.documents import Block
from ingest.formats.pdf.lines import Line
from ingest.formats.structure import build_table_block
from ingest.formats.tables import Cell, render_table

_MIN_ROWS = 3
_MAX_COLUMNS = 15
_CLOSE = 0.85  # of the usual step between rows
_LEADERS = re.compile(r"(?:\s?\.){4,}|(?:\s?_){4,}")
_MARK = re.compile(r"(?:[•◦▪●*–-]|\(?\d{1,3}[.)]|\(?[a-z]\)|\[\d+\])")  # noqa: RUF001

_Column = tuple[float, float]


def split_tables(lines: Sequence[Line]) -> Iterator[Block | Line]:
    """Yield the tables of a region as blocks, and its other lines."""
    start = 0
    while start < len(lines):
        end = _find_end(lines, start)
        block = _build_table(lines[start:end]) if end - start >= _MIN_ROWS else None
        if block is None:
            yield lines[start]
            start += 1
        else:
            yield block
            start = end


def _is_row(line: Line) -> bool:
    """Return whether a line has cells, not marks of a list."""
    if len(line.cells) < 2 or line.is_code or _LEADERS.search(line.text):
        return False
    return not (len(line.cells) == 2 and _MARK.fullmatch(line.cells[0][2].strip()))


def _find_end(lines: Sequence[Line], start: int) -> int:
    """Return the end of the table that may begin here."""
    if not _is_row(lines[start]):
        return start
    end = last = start + 1
    while end < len(lines):
        line, before = lines[end], lines[end - 1]
        step = before.baseline - line.baseline
        if not 0 < step < 3.0 * max(line.height, before.height):
            break
        if _is_row(line):
            last = end + 1
        elif not _is_rest(lines[start:end], line, step):
            break
        end += 1
    return last


def _is_rest(rows: Sequence[Line], line: Line, step: float) -> bool:
    """Return whether a line may be the rest of a row."""
    if line.is_code or step > 1.7 * line.height:
        return False
    columns = _find_columns([row for row in rows if _is_row(row)])
    place = _find_column(columns, line.left, line.right)
    return len(columns) > 1 and place is not None


def _build_table(lines: Sequence[Line]) -> Block | None:
    """Return the table of lines; None if there is none."""
    rows = [line for line in lines if _is_row(line)]
    columns = _find_columns(rows)
    if len(rows) < _MIN_ROWS or not 1 < len(columns) <= _MAX_COLUMNS:
        return None
    if sum(len(row.cells) for row in rows) < 0.6 * len(columns) * len(rows):
        return None
    table: list[list[str]] = []
    usual = median(a.baseline - b.baseline for a, b in pairwise(rows))
    for number, line in enumerate(lines):
        cells = [""] * len(columns)
        for left, right, text in line.cells:
            place = _find_column(columns, left, right)
            if place is None:
                return None
            cells[place] = f"{cells[place]} {text}".strip()
        step = lines[number - 1].baseline - line.baseline if number else 0.0
        # A line without a first cell is the rest of a row if it has one cell or is close below.
        is_rest = not cells[0] and (len(line.cells) == 1 or step < _CLOSE * usual)
        if table and is_rest and step < 1.7 * line.height:
            table[-1] = [f"{a} {b}".strip() for a, b in zip(table[-1], cells, strict=True)]
        else:
            table.append(cells)
    if len(table) < 2:
        return None
    return build_table_block(render_table([[Cell(text) for text in row] for row in table], heads=1))


def _find_columns(rows: Sequence[Line]) -> list[_Column]:
    """Return the stripes that the cells of rows stand in."""
    ends = sorted((left, right) for row in rows for left, right, _ in row.cells)
    columns: list[_Column] = []
    for left, right in ends:
        if columns and left < columns[-1][1]:
            columns[-1] = (columns[-1][0], max(columns[-1][1], right))
        else:
            columns.append((left, right))
    return columns


def _find_column(columns: Sequence[_Column], left: float, right: float) -> int | None:
    """Return the only column that a cell overlaps; else None."""
    found = [n for n, (start, end) in enumerate(columns) if left < end and right > start]
    return found[0] if len(found) == 1 else None
