"""PDF: the text of each page by pypdf, with headings from the bookmarks."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from pypdf import PdfReader

MAX_PAGES = 5_000
"""Longest PDF: pypdf reads some tens of pages a second."""

MAX_CHARS = 20_000_000
MAX_COMPLAINTS = 1_000
"""Most faults of a PDF that pypdf works around."""

_MAX_BOOKMARKS = 20_000
_MIN_REPEATS = 3
_DIGITS = re.compile(r"\d+")
_NOT_WORD = re.compile(r"[\W_]+")
_HYPHEN = re.compile(r"(?<=[^\W\d_])-$")
_LIST_MARK = re.compile(r"(?:[•◦▪●*–-]|\(?\d{1,3}[.)]|\(?[a-z]\))\s+\S")  # noqa: RUF001
_FILE_NAME = re.compile(
    r"(?i)^microsoft word|\.(?:docx?|pdf|tex|dvi|indd|qxd|pptx?|xlsx?)$|^untitled"
)


@dataclass(frozen=True, slots=True)
class _Bookmark:
    """An entry of the outline; level and page count from 0."""

    title: str
    level: int
    page: int


def read_pdf(page: Page) -> Document:
    """Read a PDF.

    Its title is that of its properties, else the first bookmark, else the file's name. Sections
    have anchors such as `page=3`, where a browser opens the third page.

    Raises:
        PageError: the PDF is broken, encrypted or too long, or has only pictures of text.
    """
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    with _count_complaints(), translate_parser_errors("a PDF", PyPdfError):
        reader = PdfReader(BytesIO(page.data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise PageError("is encrypted")
        if len(reader.pages) > MAX_PAGES:
            raise PageError(f"has more than {MAX_PAGES} pages")
        texts = _drop_repeated_lines(list(_extract_lines(reader)))
        bookmarks = _read_bookmarks(reader)
        title = _read_title(reader) or next((mark.title for mark in bookmarks), "") or page.stem
    if not any(line.strip() for lines in texts for line in lines):
        raise PageError("has no text that can be read; perhaps it was scanned")
    return build_document(page, title, tuple(_build_sections(texts, bookmarks)))


@contextmanager
def _count_complaints() -> Iterator[None]:
    """Count pypdf's warnings, and keep them out of the log.

    A small file may cause millions.

    Raises:
        PageError: there are more than `MAX_COMPLAINTS`.
    """
    logger, handler = logging.getLogger("pypdf"), _ComplaintCounter()
    propagated, logger.propagate = logger.propagate, False
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagated


class _ComplaintCounter(logging.Handler):
    _count = 0

    def emit(self, record: logging.LogRecord) -> None:
        del record
        self._count += 1
        if self._count > MAX_COMPLAINTS:
            raise PageError(f"is damaged in more than {MAX_COMPLAINTS:,} places")


def _extract_lines(reader: PdfReader) -> Iterator[list[str]]:
    """Yield the lines of each sheet.

    Many sheets may share one long text.
    """
    length = 0
    for sheet in reader.pages:
        text = sheet.extract_text()
        length += len(text)
        if length > MAX_CHARS:
            raise PageError(f"has more than {MAX_CHARS // 10**6} million characters")
        yield text.splitlines()


def _read_title(reader: PdfReader) -> str:
    """Return the title of the properties, unless it is a file name."""
    title = _clean_text(str((reader.metadata and reader.metadata.title) or ""))
    return "" if _FILE_NAME.search(title) else title


def _read_bookmarks(reader: PdfReader) -> list[_Bookmark]:
    bookmarks = list(islice(_flatten_outline(reader, reader.outline, 0), _MAX_BOOKMARKS))
    return sorted(bookmarks, key=lambda mark: mark.page)


def _flatten_outline(reader: PdfReader, outline: Sequence[Any], level: int) -> Iterator[_Bookmark]:
    for entry in outline:
        if isinstance(entry, list):
            yield from _flatten_outline(reader, entry, level + 1)
            continue
        title, number = _clean_text(str(entry.title)), reader.get_destination_page_number(entry)
        if title and number is not None and number >= 0:
            yield _Bookmark(title[:MAX_TITLE], level, number)


def _clean_text(text: str) -> str:
    return " ".join(text.replace("\0", "").encode(errors="replace").decode().split())


def _drop_repeated_lines(pages: Sequence[list[str]]) -> list[list[str]]:
    """Return pages without their running headers and footers.

    These are first and last lines that most pages share, except for numbers.
    """
    remaining = [
        [line.rstrip() for line in map(_replace_invalid_characters, lines) if line.strip()]
        for lines in pages
    ]
    # Count the edge lines of all pages, page numbers masked.
    edges = Counter(
        key for lines in remaining for key in {_mask_digits(line) for line in _pick_edges(lines)}
    )
    threshold = max(_MIN_REPEATS, len(pages) // 2 + 1)
    repeated = {key for key, count in edges.items() if count >= threshold}
    # Remove repeated lines from both ends of each page.
    for lines in remaining:
        while lines and _mask_digits(lines[0]) in repeated:
            del lines[0]
        while lines and _mask_digits(lines[-1]) in repeated:
            del lines[-1]
    return remaining


def _replace_invalid_characters(line: str) -> str:
    """Replace lone surrogates and drop NULs, which a database refuses."""
    return line.replace("\0", "").encode(errors="replace").decode()


def _pick_edges(lines: Sequence[str]) -> Sequence[str]:
    return [*lines[:2], *lines[-2:]]


def _mask_digits(line: str) -> str:
    return _DIGITS.sub("0", line.strip())


def _build_sections(
    pages: Sequence[Sequence[str]], bookmarks: Sequence[_Bookmark]
) -> Iterator[Section]:
    above: list[_Bookmark] = []
    by_page: Mapping[int, list[_Bookmark]] = {mark.page: [] for mark in bookmarks}
    for mark in bookmarks:
        by_page[mark.page].append(mark)
    for number, lines in enumerate(pages):
        start = 0
        for mark in by_page.get(number, ()):
            end = _find_heading_line(mark.title, lines, start)
            yield from _finish_section(above, number, lines[start:end])
            above = [*(outer for outer in above if outer.level < mark.level), mark]
            start = end
        yield from _finish_section(above, number, lines[start:])


def _finish_section(
    above: Sequence[_Bookmark], number: int, lines: Sequence[str]
) -> Iterator[Section]:
    blocks = tuple(Block("paragraph", text) for text in _join_paragraphs(lines))
    if blocks:
        yield Section(tuple(mark.title for mark in above), f"page={number + 1}", blocks)


def _find_heading_line(title: str, lines: Sequence[str], start: int) -> int:
    """Return the line of a heading; `start` if it is not found."""
    heading = _normalise_letters(title)
    for number in range(start, len(lines)):
        line = _normalise_letters(lines[number])
        # A long heading continues on the next line; most have a number in front.
        if line and (line.endswith(heading) or (len(line) > 5 and heading.startswith(line))):
            return number
    return start


def _normalise_letters(text: str) -> str:
    return _NOT_WORD.sub("", text).casefold()


def _join_paragraphs(lines: Sequence[str]) -> Iterator[str]:
    """Yield the paragraphs that lines form.

    A paragraph ends with a sentence that does not fill its line.
    """
    width = max(map(len, lines), default=0)
    text = ""
    for line in map(str.strip, lines):
        if text and _LIST_MARK.match(line):
            yield text
            text = ""
        if _HYPHEN.search(text) and line[:1].islower():
            text = text[:-1] + line
        else:
            text = f"{text} {line}" if text else line
        if line.endswith((".", ":", "!", "?", "。")) and len(line) < 0.8 * width:
            yield text
            text = ""
    if text:
        yield text
