"""Tables for Discord, which has none: drawn in a code block, or as lists where they are wide."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from unicodedata import combining, east_asian_width

from markdown_it.tree import SyntaxTreeNode

from bot.discord.content.escaping import fence_code
from bot.markup.nodes import extract_text, list_cells

WIDEST = 60
"""Columns of a table that is drawn: a wider one would wrap, and a phone shows fewer still."""


def render_table(table: SyntaxTreeNode, render_cell: Callable[[SyntaxTreeNode], str]) -> str:
    """Draw a table as code, or write it as a list.

    Args:
        table: the table.
        render_cell: renders a cell in Discord's dialect, for the list.

    Returns:
        A code block; a list if that would be wide, or if a cell has a link, which code can't show.
    """
    cells = list_cells(table)
    rows = [[extract_text(cell) for cell in row] for row in cells]
    widths = [max(map(_measure, column)) for column in zip(*rows, strict=True)]
    has_link = any(node.type in {"link", "image"} for node in table.walk())
    if has_link or sum(widths) + 3 * len(widths) + 1 > WIDEST:
        return _write_list([[" ".join(render_cell(cell).split()) for cell in row] for row in cells])
    return fence_code(_draw(rows, widths))


def _draw(rows: Sequence[Sequence[str]], widths: Sequence[int]) -> str:
    def draw_rule(left: str, middle: str, right: str) -> str:
        return left + middle.join("─" * (width + 2) for width in widths) + right

    lines = [
        "│"
        + "│".join(f" {_fill(cell, width)} " for cell, width in zip(row, widths, strict=True))
        + "│"
        for row in rows
    ]
    below = [draw_rule("├", "┼", "┤"), *lines[1:]] if len(lines) > 1 else []
    return "\n".join([draw_rule("┌", "┬", "┐"), lines[0], *below, draw_rule("└", "┴", "┘")])


def _write_list(rows: Sequence[Sequence[str]]) -> str:
    """Write a row as an item, with the header before each cell."""
    header = rows[0]
    if len(rows) == 1:
        return "- " + " · ".join(filter(None, header))
    lines = []
    for row in rows[1:]:
        named = filter(None, map(_name_cell, header, row))
        lines += [f"{'  - ' if number else '- '}{cell}" for number, cell in enumerate(named)]
    return "\n".join(lines)


def _name_cell(name: str, cell: str) -> str:
    return f"{name}: {cell or '-'}" if name else cell


def _fill(cell: str, width: int) -> str:
    return cell + " " * (width - _measure(cell))


def _measure(text: str) -> int:
    """Return the columns that a text takes in a fixed-width font."""
    return sum(
        0 if combining(sign) else 2 if east_asian_width(sign) in {"W", "F"} else 1 for sign in text
    )
