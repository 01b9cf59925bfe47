"""Tables of AsciiDoc as HTML: columns, spans, repeated cells, and tables of CSV."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ingest.documents import PageError
from ingest.formats.asciidoc.lines import BlockAttributes

MAX_CELLS = 50_000
"""Most cells of a table, with repeated ones."""

MAX_COLUMNS = 200

_COLUMN = re.compile(r"^(?:(\d+)\*)?[<^>.]*(?:\d+%?|~)?[<^>.]*([a-z])?$")
_SPEC = re.compile(r"(?:^|(?<=\s))(?:(\d*)(?:\.(\d+))?([+*]))?[<^>.]{0,4}([adehlmsv])?$")


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell as it is written.

    Attributes:
        text: its lines.
        columns: how many columns it spans.
        rows: how many rows it spans.
        repeats: how often it stands there.
        style: its letter, such as `a` for blocks.
        row: the number of the line that it begins in.
    """

    text: str
    columns: int = 1
    rows: int = 1
    repeats: int = 1
    style: str = ""
    row: int = 0


def render_table(
    opening: str,
    lines: Sequence[str],
    attributes: BlockAttributes,
    render_cell: Callable[[str, str], str],
) -> str:
    """Return a table as HTML.

    Args:
        opening: the line that opens it, such as `|===`.
        lines: the lines inside it.
        attributes: the attributes above it.
        render_cell: returns the HTML of a cell, from its text and its style.

    Returns:
        the table; a cell that spans rows has its text in each of them.

    Raises:
        PageError: the table has more cells than docent reads.
    """
    cells = list(_read_cells(opening, lines, attributes))
    styles = _read_columns(attributes.named.get("cols", ""))
    if not styles:
        first = cells[0].row if cells else 0
        count = sum(cell.columns * cell.repeats for cell in cells if cell.row == first)
        styles = [""] * min(max(count, 1), MAX_COLUMNS)
    rows = _fit_cells(cells, len(styles))
    has_head = _has_head(lines, attributes, rows)
    html = []
    for number, row in enumerate(rows):
        is_head = has_head and number == 0
        html.append(f"<tr>{_render_row(row, styles, render_cell, is_head=is_head)}</tr>")
    return f"<table>{''.join(html)}</table>"


def _render_row(
    row: Sequence[tuple[int, Cell]],
    styles: Sequence[str],
    render_cell: Callable[[str, str], str],
    *,
    is_head: bool,
) -> str:
    parts = []
    for column, cell in row:
        style = "" if is_head else cell.style or styles[column]
        tag = "th" if is_head or style == "h" else "td"
        span = f' colspan="{cell.columns}"' if cell.columns > 1 else ""
        parts.append(f"<{tag}{span}>{render_cell(cell.text, style)}</{tag}>")
    return "".join(parts)


def _has_head(
    lines: Sequence[str], attributes: BlockAttributes, rows: Sequence[Sequence[object]]
) -> bool:
    if attributes.options & {"header", "noheader"} or not rows:
        return "header" in attributes.options
    # The first row is the head if a blank line follows it and none stands before it.
    return len(lines) > 1 and bool(lines[0]) and not lines[1] and len(rows) > 1


def _read_columns(spec: str) -> list[str]:
    """Return the style of each column; empty if none is given."""
    styles: list[str] = []
    for part in re.split(r"[,;]", spec.strip()) if spec.strip() else ():
        match = _COLUMN.match(part.strip())
        repeats = int(match[1][:6]) if match and match[1] else 1
        styles += [(match[2] or "") if match else ""] * min(repeats, MAX_COLUMNS)
    return styles[:MAX_COLUMNS]


def _read_cells(opening: str, lines: Sequence[str], attributes: BlockAttributes) -> Iterator[Cell]:
    form = attributes.named.get("format", {",": "csv", ":": "dsv"}.get(opening[0], "psv"))
    separator = attributes.named.get("separator", "")
    if form in {"csv", "tsv"}:
        sign = separator or ("\t" if form == "tsv" else ",")
        delimiter = "\t" if sign == "\\t" else sign[:1]
        for number, row in enumerate(csv.reader(lines, delimiter=delimiter)):
            yield from (Cell(text.strip(), row=number) for text in row)
        return
    sign = separator or (":" if form == "dsv" else opening[0])
    pattern = re.compile(rf"(?<!\\){re.escape(sign)}")
    if form == "dsv":
        for number, line in enumerate(filter(None, lines)):
            texts = pattern.split(line)
            yield from (Cell(_strip_escapes(text, sign), row=number) for text in texts)
        return
    yield from _read_marked_cells(lines, pattern, sign)


def _read_marked_cells(lines: Sequence[str], pattern: re.Pattern[str], sign: str) -> Iterator[Cell]:
    """Yield the cells of a table whose cells begin with a sign."""
    spec: tuple[int, int, int, str] | None = None
    text, start = "", 0
    for number, line in enumerate(lines):
        pieces = pattern.split(line)
        for piece in pieces[:-1]:
            before, following = _take_spec(piece)
            if spec is not None:
                yield _build_cell(spec, text + before, start, sign)
            spec, text, start = following, "", number
        text += pieces[-1] + "\n"
    if spec is not None:
        yield _build_cell(spec, text, start, sign)


def _take_spec(piece: str) -> tuple[str, tuple[int, int, int, str]]:
    """Return the text before a cell, and what it says of it."""
    # Only the last word can say something.
    tail = piece[-30:]
    match = _SPEC.search(tail)
    if not match:
        return piece, (1, 1, 1, "")
    columns = min(int(match[1][:4] or 1) if match[1] else 1, MAX_COLUMNS)
    rows = min(int(match[2][:4]) if match[2] else 1, 1_000)
    before = piece[: len(piece) - len(tail) + match.start()]
    if match[3] == "*":
        return before, (1, 1, max(columns, 1), match[4] or "")
    return before, (max(columns, 1), max(rows, 1), 1, match[4] or "")


def _build_cell(spec: tuple[int, int, int, str], text: str, row: int, sign: str) -> Cell:
    columns, rows, repeats, style = spec
    return Cell(_strip_escapes(text, sign), columns, rows, repeats, style, row)


def _strip_escapes(text: str, sign: str) -> str:
    return text.replace(f"\\{sign}", sign).strip("\n ")


def _fit_cells(cells: Sequence[Cell], width: int) -> list[list[tuple[int, Cell]]]:
    """Return rows of cells with their columns."""
    rows: list[list[tuple[int, Cell]]] = [[]]
    above: dict[int, tuple[int, Cell]] = {}  # rows that a cell still reaches over, by column
    column = count = 0
    for cell in cells:
        for _ in range(cell.repeats):
            count += 1
            if count > MAX_CELLS:
                raise PageError(f"has a table of more than {MAX_CELLS:,} cells")
            column = _fill_from_above(rows, above, column, width)
            if column >= width:
                rows.append([])
                column = _fill_from_above(rows, above, 0, width)
            rows[-1].append((min(column, width - 1), cell))
            if cell.rows > 1:
                above[column] = (cell.rows - 1, cell)
            column += cell.columns
    _fill_from_above(rows, above, column, width)
    return [row for row in rows if row]


def _fill_from_above(
    rows: list[list[tuple[int, Cell]]],
    above: dict[int, tuple[int, Cell]],
    column: int,
    width: int,
) -> int:
    """Return the next free column behind cells from above."""
    while column < width and column in above and not _is_from_row(rows, above[column][1]):
        left, cell = above.pop(column)
        rows[-1].append((column, cell))
        if left > 1:
            above[column] = (left - 1, cell)
        column += cell.columns
        if not cell.columns:
            break
    return column


def _is_from_row(rows: list[list[tuple[int, Cell]]], cell: Cell) -> bool:
    return any(each is cell for _, each in rows[-1])
