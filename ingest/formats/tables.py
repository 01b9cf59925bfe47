"""Tables of all formats: rows of cells that span others become a table of Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

MAX_SPAN = 20
"""Most columns that one cell spans."""

MAX_COLUMNS = 100
"""Short rows are filled up to this many columns, but not to the width of a row of thousands."""

MAX_REPEATED = 2_000_000
"""Characters that spans may add to a table; after that, a value is said once."""

_MAX_HEADS = 4
_ITEM = re.compile(r"^\s*(?:([-*+])|\d{1,9}[.)])\s+")
_CODE = re.compile(r"((?<!`)`++[^`]++`++)")


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table.

    Attributes:
        text: its Markdown, in one line.
        rows: how many rows it spans; 0 for all that follow.
        columns: how many columns it spans.
    """

    text: str
    rows: int = 1
    columns: int = 1


Row = Sequence[Cell]


def render_table(rows: Sequence[Row], *, heads: int | None = None) -> str:
    """Render a table as Markdown.

    A value that spans rows or columns stands in each of them, and one that spans the whole table
    stands once. Such rows at the top become paragraphs above the table.

    Args:
        rows: its rows; cells that a span of an earlier row covers are left out.
        heads: how many of them are the head, which becomes one row; None to find it out.

    Returns:
        the table; empty if no cell has text.
    """
    grid, width = _fill_grid(shorten_spans(rows))
    above: list[str] = []
    while len(grid) > 1 and width > 1 and _is_title(rows[len(above)], grid[0], width):
        above.append(grid.pop(0)[0])
    if heads is None:
        heads = _count_heads(rows[len(above) :])
    else:
        heads = max(heads - len(above), min(heads, 1))
    body = [row for row in grid[heads:] if any(row)]
    head = (
        [_join_heads(column) for column in zip_longest(*grid[:heads], fillvalue="")]
        if heads
        else []
    )
    if not body and not any(head):
        return "\n\n".join(filter(None, above))
    head += [""] * (min(width, MAX_COLUMNS) - len(head))
    lines = [_render_row(head), f"|{' --- |' * len(head)}", *map(_render_row, body)]
    return "\n\n".join([*filter(None, above), "\n".join(lines)])


def shorten_spans(rows: Sequence[Row]) -> list[Row]:
    """Return the rows of a group without spans beyond its end."""
    return [
        [replace(cell, rows=min(cell.rows or len(rows), len(rows) - number)) for cell in row]
        for number, row in enumerate(rows)
    ]


def flatten_cell(text: str) -> str:
    """Return Markdown in one line.

    Semicolons separate the items of a list.
    """
    parts: list[str] = []
    was_item = False
    for line in filter(str.strip, text.split("\n")):
        item = _ITEM.match(line)
        content = line[item.end() :] if item and item[1] else line
        parts += ["; " if item and was_item else " ", content.strip()]
        was_item = bool(item)
    pieces = _CODE.split("".join(parts))
    pieces[::2] = [re.sub(r"\s+", " ", piece) for piece in pieces[::2]]
    return "".join(pieces).strip()


def flatten_rows(rows: Iterable[Row]) -> str:
    """Return the table in a cell of another one in one line."""
    lines = (", ".join(cell.text for cell in row if cell.text) for row in rows)
    return "; ".join(filter(None, lines))


def _count_heads(rows: Sequence[Row]) -> int:
    """Return how many rows the head has.

    It has more than one if all cells of the first row span others.
    """
    first = rows[0] if rows else ()
    tall = max((cell.rows for cell in first), default=1)
    is_tiered = len(first) > 1 and all(cell.rows > 1 or cell.columns > 1 for cell in first)
    return tall if is_tiered and tall < min(len(rows), _MAX_HEADS) else 1


def _fill_grid(rows: Sequence[Row]) -> tuple[list[list[str]], int]:
    """Return the texts of all places, and the number of columns.

    Columns in which no cell begins are left out.
    """
    grid: list[list[str]] = []
    spanning: dict[int, tuple[int, str]] = {}  # by column: rows below, and the text
    width, left = 0, MAX_REPEATED
    for row in rows:
        # A row without cells of its own would only repeat the one above.
        line = {column: text for column, (_, text) in spanning.items()}
        spanning = {column: (n - 1, text) for column, (n, text) in spanning.items() if n > 1}
        column = 0
        for cell in row:
            while column in line:
                column += 1
            width = max(width, column + 1)
            height, columns = cell.rows, min(cell.columns, MAX_SPAN)
            cost = (len(cell.text) + 1) * (height * columns - 1)
            if cost > left:
                height, columns, cost = 1, 1, 0
            left -= cost
            for place in range(column, column + columns):
                if place in line:
                    break
                line[place] = cell.text
                if height > 1:
                    spanning[place] = (height - 1, cell.text)
        grid.append([line.get(place, "") for place in range(max(line) + 1)] if row else [])
    return [_fit_row(row, source, width) for row, source in zip(grid, rows, strict=True)], width


def _fit_row(row: list[str], source: Row, width: int) -> list[str]:
    """Return a row in the table's width.

    A value of the full width stands once.
    """
    padded = row[:width] + [""] * (min(width, MAX_COLUMNS) - len(row))
    is_wide = len(source) == 1 and source[0].columns >= width and source[0].rows == 1
    return [padded[0], *[""] * (len(padded) - 1)] if is_wide and padded else padded


def _is_title(source: Row, row: Sequence[str], width: int) -> bool:
    return len(source) == 1 and source[0].columns >= width and not any(row[1:])


def _join_heads(column: Sequence[str]) -> str:
    """Return the heads above a column in one: `Limits / EU`."""
    return " / ".join(dict.fromkeys(filter(None, column)))


def _render_row(row: Sequence[str]) -> str:
    # A pipe is escaped in code as well: Markdown divides a row before it reads code.
    return "|" + "".join(f" {cell.replace('|', chr(92) + '|')} |" if cell else " |" for cell in row)
