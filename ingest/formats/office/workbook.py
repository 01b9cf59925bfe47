"""Excel workbooks (.xlsx), read by openpyxl: each sheet is a section with a table."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, time
from io import BytesIO
from typing import Any
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile, ZipFile

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from ingest.documents import (
    MAX_TITLE,
    Block,
    Document,
    Page,
    PageError,
    Section,
    build_document,
    translate_parser_errors,
)
from ingest.formats.office.merged_cells import MergedCells
from ingest.formats.office.package import check_package
from ingest.formats.structure import build_table_block

MAX_CELLS = 500_000
"""Most cells of a workbook, with the empty ones before the last of a row."""

MAX_ROWS = 1_100_000
"""Most rows of a workbook, with the empty ones before the last: a sheet can have 1,048,576."""

MAX_CHARS = 5_000_000
"""Most text of a workbook: a million cells can share one long string."""

_PERCENT = re.compile(r"0(?:\.(0+))?%")


def read_xlsx(page: Page) -> Document:
    """Read an Excel workbook.

    Its title is that of its properties, else the file's name. A formula reads as the value that
    Excel saw last. Hidden sheets are left out.

    Raises:
        PageError: the page is not a workbook, or has more than docent reads.
    """
    errors = (BadZipFile, ParseError, InvalidFileException, SyntaxError)
    with translate_parser_errors("an Excel workbook", *errors), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of features that openpyxl does not keep
        check_package(page.data)
        workbook = load_workbook(
            BytesIO(page.data), read_only=True, data_only=True, keep_links=False
        )
        reader = _SheetReader(page.data)
        sections = [
            Section((sheet.title[:MAX_TITLE],), "", blocks)
            for sheet in workbook.worksheets
            if sheet.sheet_state == "visible" and (blocks := _build_blocks(reader.read(sheet)))
        ]
        title = " ".join(str(workbook.properties.title or "").split())
    return build_document(page, _clean(title) or page.stem, sections)


class _SheetReader:
    """Reads sheets, counts what they have, and raises an error when it is too much."""

    def __init__(self, data: bytes) -> None:
        self._archive = ZipFile(BytesIO(data))
        self._rows = self._cells = self._chars = 0

    def read(self, sheet: Any) -> Iterator[list[str]]:
        """Yield the texts of the rows that are not empty."""
        with self._archive.open(vars(sheet)["_worksheet_path"]) as file:
            merged = MergedCells(file)
        # A false size of the sheet would make each row sixteen thousand cells long.
        sheet.reset_dimensions()
        for number, row in enumerate(sheet.iter_rows(), 1):
            texts = [_format_cell(cell) for cell in row]
            is_empty = not any(texts)
            looked_at = merged.fill(number, texts)
            self._count(len(texts) + looked_at, sum(map(len, texts)))
            if not is_empty:
                yield texts

    def _count(self, cells: int, chars: int) -> None:
        self._rows += 1
        self._cells += cells
        self._chars += chars
        if self._rows > MAX_ROWS or self._cells > MAX_CELLS:
            raise PageError(f"has more than {MAX_CELLS:,} cells or {MAX_ROWS:,} rows")
        if self._chars > MAX_CHARS:
            raise PageError(f"has more than {MAX_CHARS // 10**6} million characters")


def _build_blocks(rows_read: Iterable[list[str]]) -> tuple[Block, ...]:
    """Return the table and the lines above it, such as a title."""
    rows = _trim(list(rows_read))
    if not rows:
        return ()
    widest = max(map(_count_filled, rows))
    above = 0
    while widest > 1 and _count_filled(rows[above]) == 1:
        above += 1
    lines = tuple(Block("paragraph", "".join(row)) for row in rows[:above])
    return (*lines, build_table_block(_render_table(_trim(rows[above:]))))


def _trim(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """Return rows of one length, without the columns that are empty."""
    filled = sorted({column for row in rows for column, text in enumerate(row) if text})
    return [[row[column] if column < len(row) else "" for column in filled] for row in rows]


def _count_filled(row: Iterable[str]) -> int:
    return sum(map(bool, row))


def _render_table(rows: Sequence[Sequence[str]]) -> str:
    head, *body = rows
    lines = [head, ["---"] * len(head), *body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _format_cell(cell: Any) -> str:
    """Return the value of a cell as Excel shows it."""
    value = cell.value
    if isinstance(value, float | int) and not isinstance(value, bool):
        percent = _PERCENT.search(str(cell.number_format))
        if percent:
            return f"{value:.{len(percent[1] or '')}%}"
    return _clean(_format_value(value)).replace("|", "\\|")


def _format_value(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).upper()
        case float():
            return format(value, ".15g")
        case datetime() if value.time() == time():
            return value.date().isoformat()
        case datetime():
            return value.isoformat(" ", "seconds" if value.second else "minutes")
    return str(value)


def _clean(text: str) -> str:
    return " ".join(text.encode(errors="replace").decode().split())
