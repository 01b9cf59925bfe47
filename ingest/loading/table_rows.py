"""Rows of tables that are too long for a chunk: divided by cells, each part with its row's name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

_CELL_END = re.compile(r"(?<!\\)\|")
_MAX_CELLS = 200

CountTokens = Callable[[str], int]
SplitText = Callable[[str, int], Iterator[str]]
"""Divides a text into parts of at most so many tokens."""


def split_row(row: str, fill: int, *, count: CountTokens, split: SplitText) -> Iterator[str]:
    """Yield shorter rows that have the text of a long one.

    Each begins with the row's first cell, its name, if that is short. A cell stays in its column.

    Args:
        row: a row of a Markdown table.
        fill: most tokens of a row.
        count: counts the tokens of a text.
        split: divides a cell that is too long.

    Yields:
        The rows; none if the row has too many columns to be divided in this way.
    """
    cells = [cell.strip() for cell in _CELL_END.split(row.strip().removeprefix("|"))]
    if len(cells) > 1 and not cells[-1]:  # after the last bar
        cells.pop()
    room = fill - count(_render_row([""] * len(cells)))
    if len(cells) > _MAX_CELLS or room < fill // 2:
        return
    name = cells[0] if len(cells) > 1 and count(cells[0]) <= fill // 4 else ""
    room -= count(name)
    values = ["", *cells[1:]] if name else cells
    for parts in _pack_cells(values, room, count, split):
        yield _render_row([name or parts[0], *parts[1:]])


def _pack_cells(
    cells: Sequence[str], room: int, count: CountTokens, split: SplitText
) -> Iterator[list[str]]:
    """Yield groups of neighbouring cells within `room` tokens; the others are empty."""
    group, used = [""] * len(cells), 0
    for column, cell in enumerate(cells):
        tokens = count(cell)
        parts = [cell] if tokens <= room else list(split(cell, room))
        for part in parts:
            tokens = count(part)
            if any(group) and (used + tokens > room or group[column]):
                yield group
                group, used = [""] * len(cells), 0
            group[column], used = part.strip(), used + tokens
    if any(group):
        yield group


def _render_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
