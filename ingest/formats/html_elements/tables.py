"""Tables of HTML: which of them hold data, their rows and their heads."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from bs4.element import Tag

from ingest.formats.tables import Cell, Row, flatten_rows, render_table, shorten_spans

CELLS = ("td", "th")
GROUPS = ("thead", "tbody", "tfoot")

_BLOCKS = ["pre", "table", "ul", "ol", "dl", "blockquote", *(f"h{n}" for n in range(1, 7))]
_MAX_HEADS = 4
_MAX_ROWS = 65_534  # what browsers read of `rowspan`


def drop_layout_tables(main: Tag) -> None:
    """Change tables that hold no data into what stands in them."""
    for table in main.find_all("table"):
        rows = list(list_rows(table))
        if _is_layout(table, rows):
            cells = [cell for row in rows for cell in list_cells(row)]
            for tag in [table, *table.find_all(GROUPS, recursive=False), *rows, *cells]:
                tag.name = "div"


def render_html_table(table: Tag, get_text: Callable[[Tag], str]) -> str:
    """Render a table of HTML as Markdown.

    Args:
        table: the element.
        get_text: returns the Markdown of a cell, in one line.
    """
    groups = _list_groups(table)
    rows = [row for group in groups for row in shorten_spans(_read_rows(group, get_text))]
    return render_table(rows, heads=_count_heads(groups))


def flatten_html_table(table: Tag, get_text: Callable[[Tag], str]) -> str:
    """Render a table inside of a cell in one line.

    Args:
        table: the element.
        get_text: returns the Markdown of a cell, in one line.
    """
    return flatten_rows(_read_rows(list_rows(table), get_text))


def list_cells(row: Tag) -> list[Tag]:
    """Return the cells of a row."""
    return row.find_all(CELLS, recursive=False)


def _list_groups(table: Tag) -> list[list[Tag]]:
    """Return the rows by group, the foot last, as browsers show it."""
    groups: list[tuple[str, list[Tag]]] = []
    previous: Tag | None = None
    for row in list_rows(table):
        parent = row.parent
        if parent is None or parent is not previous:
            groups.append((parent.name if parent else "", []))
        groups[-1][1].append(row)
        previous = parent
    return [rows for _, rows in sorted(groups, key=lambda group: group[0] == "tfoot")]


def list_rows(table: Tag) -> Iterator[Tag]:
    """Yield the rows of a table, none of tables inside it."""
    for child in table.find_all(["tr", *GROUPS], recursive=False):
        yield from [child] if child.name == "tr" else child.find_all("tr", recursive=False)


def _read_rows(rows: Iterable[Tag], get_text: Callable[[Tag], str]) -> list[Row]:
    return [
        [
            Cell(
                get_text(cell),
                _parse_span(cell.get("rowspan"), _MAX_ROWS, zero=0),
                _parse_span(cell.get("colspan"), 1_000),
            )
            for cell in list_cells(row)
        ]
        for row in rows
    ]


def _parse_span(value: object, most: int, *, zero: int = 1) -> int:
    """Return a span, 1 if it is not a number.

    JSX writes it in braces.
    """
    text = str(value or "").strip(" {}\"'")
    if not re.fullmatch(r"[0-9]{1,6}", text):
        return 1
    return min(int(text), most) or zero


def _count_heads(groups: list[list[Tag]]) -> int | None:
    """Return how many rows the head has.

    Return None if nothing of the table says it.
    """
    rows = [row for group in groups for row in group]
    heads = sum(1 for _ in _iterate_heads(rows))
    if 0 < heads <= _MAX_HEADS:
        return heads
    has_names = any(cell.name == "th" for row in rows for cell in list_cells(row))
    return 0 if has_names and not heads else None


def _iterate_heads(rows: list[Tag]) -> Iterator[Tag]:
    in_head = bool(rows and rows[0].parent and rows[0].parent.name == "thead")
    for row in rows:
        is_head = bool(row.parent and row.parent.name == "thead")
        cells = list_cells(row)
        only_names = all(cell.name == "th" or not cell.get_text().strip() for cell in cells)
        if not (is_head if in_head else cells and only_names):
            return
        yield row


def _is_layout(table: Tag, rows: list[Tag]) -> bool:
    """Return whether a table only places what stands in it."""
    if table.get("role") in {"presentation", "none"}:
        return True
    cells = [cell for row in rows for cell in list_cells(row)]
    if not any(cell.find(_BLOCKS) for cell in cells):
        return False
    has_columns = any(_count_filled(row) > 1 for row in rows)
    names = any(cell.name == "th" for cell in cells)
    holds_tables = any(table.find(CELLS) for cell in cells for table in cell.find_all("table"))
    return not has_columns or (not names and (len(rows) == 1 or holds_tables))


def _count_filled(row: Tag) -> int:
    return sum(bool(cell.get_text().strip() or cell.find("img")) for cell in list_cells(row))
