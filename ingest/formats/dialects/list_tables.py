"""Tables that MyST writes as lists or as CSV, as tables of Markdown."""

from __future__ import annotations

import csv
from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from ingest.formats.tables import Cell, flatten_cell, render_table

_MAX_ROWS = 10_000


def convert_list_table(content: str) -> str:
    """Return a list of lists as a table.

    Return an empty text if it is none.
    """
    parser = MarkdownIt("commonmark").disable(["inline", "text_join"])
    root = SyntaxTreeNode(parser.parse(content))
    rows = [
        [_join_text(cell) for inner in row.children if _is_list(inner) for cell in inner.children]
        for outer in root.children
        if _is_list(outer)
        for row in outer.children
    ]
    return render_rows(rows)


def convert_csv_table(content: str, header: str, delimiter: str) -> str:
    """Return lines of CSV as a table.

    Args:
        content: the lines.
        header: the line above them; may be empty.
        delimiter: the character between values, or its name.

    Returns:
        the table; empty if there are no rows.
    """
    mark = {"tab": "\t", "space": " "}.get(delimiter, delimiter[:1] or ",")
    lines = [*([header] if header else []), *content.split("\n")]
    try:
        rows = list(csv.reader(lines, delimiter=mark, skipinitialspace=True))
    except csv.Error:
        return content
    return render_rows([row for row in rows if any(cell.strip() for cell in row)])


def render_rows(rows: Sequence[Sequence[str]]) -> str:
    """Return rows as a table, of which the first is the head."""
    cells = [[Cell(flatten_cell(cell)) for cell in row] for row in rows[:_MAX_ROWS]]
    return render_table(cells, heads=1)


def _is_list(node: SyntaxTreeNode) -> bool:
    return node.type in {"bullet_list", "ordered_list"}


def _join_text(node: SyntaxTreeNode) -> str:
    """Return all text below a node, code in backticks."""
    parts = []
    for child in node.walk():
        if child.type == "inline":
            parts.append(child.content)
        elif child.type in {"fence", "code_block"}:
            parts.append(f"`{' '.join(child.content.split())}`")
    return " ".join(parts)
