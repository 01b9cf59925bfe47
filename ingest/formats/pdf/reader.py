"""The reader of PDFs: text by PDFium, headings by the outline or by the size of letters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import closing

import pypdfium2 as pdfium
from pypdfium2 import raw

from ingest.documents import (
    Block,
    Document,
    Page,
    PageError,
    Section,
    build_document,
    translate_parser_errors,
)
from ingest.formats.pdf.columns import order_columns
from ingest.formats.pdf.edges import find_running_lines
from ingest.formats.pdf.headings import (
    Heading,
    LetterSizes,
    clean_text,
    find_heading_line,
    find_headings,
    is_heading_line,
    read_bookmarks,
)
from ingest.formats.pdf.lines import FragmentReader, Line, build_lines
from ingest.formats.pdf.paragraphs import HyphenJudge, build_blocks
from ingest.formats.pdf.tables import split_tables

MAX_PAGES = 5_000
"""Longest PDF."""

MAX_CHARS = 20_000_000

_MIN_UNKNOWN = 10
"""Characters of a page without a meaning that are worth a note; formulas have a few."""

_FILE_NAME = re.compile(
    r"(?i)^microsoft word|\.(?:docx?|pdf|tex|dvi|indd|qxd|pptx?|xlsx?)$|^untitled"
)

_Items = list[Line | Block]


def read_pdf(page: Page) -> Document:
    """Read a PDF.

    Its title is that of its properties, else the largest line of the first page, else the first
    heading, else the file's name. Sections have anchors such as `page=3`, where a browser opens the
    third page.

    Raises:
        PageError: the PDF is broken, encrypted or too long, or has only pictures of text.
    """
    reader = _SheetReader()
    errors = translate_parser_errors("a PDF", pdfium.PdfiumError)
    with errors, closing(_open(page.data)) as document:
        if len(document) > MAX_PAGES:
            raise PageError(f"has more than {MAX_PAGES} pages")
        sheets = [reader.read(document, number) for number in range(len(document))]
        bookmarks, title = read_bookmarks(document), _read_title(document)
    if not any(sheets) and reader.has_unknown:
        raise PageError("has a font without a table of characters, so its text can't be read")
    if not any(sheets):
        raise PageError("has no text that can be read; perhaps it was scanned")
    pages = _drop_running_lines(sheets)
    judge = HyphenJudge(line.text for lines in sheets for region in lines for line in region)
    sections, first = _build_sections(pages, bookmarks, judge)
    return build_document(page, title or first or page.stem, sections, notes=reader.list_notes())


def _open(data: bytes) -> pdfium.PdfDocument:
    try:
        return pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        if getattr(error, "err_code", None) == raw.FPDF_ERR_PASSWORD:
            raise PageError("is encrypted") from error
        raise


def _read_title(document: pdfium.PdfDocument) -> str:
    """Return the title of the properties, unless it is a file name."""
    title = clean_text(document.get_metadata_value("Title") or "")
    return "" if _FILE_NAME.search(title) else title


class _SheetReader:
    """Reads the lines of pages, and counts what has no text."""

    def __init__(self) -> None:
        self._fragments = FragmentReader()
        self._length = 0
        self._without_map: list[int] = []
        self._without_text: list[int] = []

    def read(self, document: pdfium.PdfDocument, number: int) -> list[list[Line]]:
        """Return the lines of each region of a page."""
        with closing(document[number]) as sheet, closing(sheet.get_textpage()) as text_page:
            self._length += text_page.count_chars()
            if self._length > MAX_CHARS:
                raise PageError(f"has more than {MAX_CHARS // 10**6} million characters")
            fragments, unknown = self._fragments.read(text_page)
            if unknown >= _MIN_UNKNOWN:
                self._without_map.append(number + 1)
            if not fragments and not unknown and _has_picture(sheet):
                self._without_text.append(number + 1)
        return [lines for region in order_columns(fragments) if (lines := build_lines(region))]

    @property
    def has_unknown(self) -> bool:
        """True if a font did not say which characters it has."""
        return bool(self._without_map)

    def list_notes(self) -> list[str]:
        """Return what was left out."""
        notes = []
        if self._without_map:
            pages = format_pages(self._without_map)
            have = "has" if len(self._without_map) == 1 else "have"
            notes.append(
                f"{pages} {have} a font without a table of characters; its text is left out"
            )
        if self._without_text:
            pages = format_pages(self._without_text)
            have = "has" if len(self._without_text) == 1 else "have"
            notes.append(f"{pages} {have} no text that can be read; perhaps scanned")
        return notes


def _has_picture(sheet: pdfium.PdfPage) -> bool:
    return next(sheet.get_objects([raw.FPDF_PAGEOBJ_IMAGE], max_depth=2), None) is not None


def format_pages(numbers: Sequence[int]) -> str:
    """Return numbers of pages in words: `pages 3-9, 12`."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    shown = [f"{a}-{b}" if a != b else str(a) for a, b in ranges]
    more = ["…"] if len(shown) > 20 else []
    return f"{'page' if len(numbers) == 1 else 'pages'} {', '.join(shown[:20] + more)}"


def _drop_running_lines(sheets: Sequence[Sequence[Sequence[Line]]]) -> list[_Items]:
    """Return the lines and tables of pages without running heads."""
    flat = [[line for region in regions for line in region] for regions in sheets]
    pages = []
    for regions, running in zip(sheets, find_running_lines(flat), strict=True):
        items: _Items = []
        number = 0
        for region in regions:
            kept = [line for n, line in enumerate(region, number) if n not in running]
            number += len(region)
            items += split_tables(kept)
        pages.append(items)
    return pages


def _build_sections(
    pages: Sequence[_Items], bookmarks: Sequence[Heading], judge: HyphenJudge
) -> tuple[tuple[Section, ...], str]:
    """Return the sections, and a title."""
    lines = [[item for item in items if isinstance(item, Line)] for items in pages]
    sizes = LetterSizes([line for items in lines for line in items])
    if bookmarks:
        marks = [list(_locate_bookmarks(items, n, bookmarks)) for n, items in enumerate(pages)]
    else:
        marks = find_headings(pages, sizes)
    first = next((heading.title for found in marks for heading, _, _ in found), "")
    return tuple(_split_sections(pages, marks, judge)), sizes.find_title(lines[0]) or first


def _locate_bookmarks(
    items: _Items, number: int, bookmarks: Sequence[Heading]
) -> Iterator[tuple[Heading, int, int]]:
    start = 0
    for mark in bookmarks:
        if mark.page == number:
            start = find_heading_line(mark.title, items, start)
            is_same = start < len(items) and is_heading_line(mark.title, items[start])
            yield mark, start, start + is_same
            start += is_same


def _split_sections(
    pages: Sequence[_Items],
    marks: Sequence[Sequence[tuple[Heading, int, int]]],
    judge: HyphenJudge,
) -> Iterator[Section]:
    above: list[Heading] = []
    alone: Heading | None = None  # a heading whose line is not text, and that has none below it
    for number, (items, found) in enumerate(zip(pages, marks, strict=True)):
        start = 0
        for heading, begin, end in found:
            sections = [*_finish_section(above, number, items[start:begin], judge)]
            yield from sections
            if alone and not sections and heading.level <= alone.level:
                blocks = (Block("paragraph", alone.title),)
                yield Section(tuple(each.title for each in above), f"page={alone.page + 1}", blocks)
            above = [*(outer for outer in above if outer.level < heading.level), heading]
            start, alone = end, heading if begin < end else None
        sections = [*_finish_section(above, number, items[start:], judge)]
        yield from sections
        alone = None if sections else alone


def _finish_section(
    above: Sequence[Heading], number: int, items: Sequence[Line | Block], judge: HyphenJudge
) -> Iterator[Section]:
    blocks: list[Block] = []
    lines: list[Line] = []
    for item in items:
        if isinstance(item, Line):
            lines.append(item)
        else:
            blocks += [*build_blocks(lines, judge), item]
            lines = []
    blocks += build_blocks(lines, judge)
    if blocks:
        headings = tuple(heading.title for heading in above)
        yield Section(headings, f"page={number + 1}", tuple(blocks))
