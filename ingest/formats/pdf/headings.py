"""Headings: those of the outline, else lines in larger letters than the text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import pypdfium2 as pdfium

from ingest.documents import MAX_TITLE, Block
from ingest.formats.pdf.lines import Line

MAX_BOOKMARKS = 20_000
_MAX_LEVELS = 4
_LARGER = 1.15
"""Height of a heading's letters, in heights of the text's."""

_TITLE = 1.5
"""Height of a title's letters, likewise."""

_MOST_HEADINGS = 0.3
"""Share of lines that headings may be; more are text in large letters."""

_NOT_WORD = re.compile(r"[\W_]+")
_LETTERS = re.compile(r"[^\W\d_]{2}")


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; level and page count from 0.

    Attributes:
        title: its text.
        level: 0 for the outermost.
        page: the page that it is on.
    """

    title: str
    level: int
    page: int


def read_bookmarks(document: pdfium.PdfDocument) -> list[Heading]:
    """Return the outline, in the order of its pages."""
    found = []
    for bookmark in islice(document.get_toc(), MAX_BOOKMARKS):
        title = clean_text(bookmark.get_title())
        target = bookmark.get_dest()
        page = target.get_index() if target is not None else None
        if title and page is not None and page >= 0:
            found.append(Heading(title[:MAX_TITLE], bookmark.level, page))
    return sorted(found, key=lambda each: each.page)


def clean_text(text: str) -> str:
    """Return a text in one line that fits into a database."""
    return " ".join(text.replace("\0", "").encode(errors="replace").decode().split())


class LetterSizes:
    """The sizes of letters in a document, which tell headings from text.

    Args:
        lines: all lines of the document.
    """

    def __init__(self, lines: Sequence[Line]) -> None:
        sizes = Counter[float]()
        for line in lines:
            sizes[_round_size(line)] += len(line.text)
        self._text = sizes.most_common(1)[0][0] if sizes else 0.0
        large = Counter(_round_size(line) for line in lines if self._is_large(line))
        most = max(_MOST_HEADINGS * len(lines), 1)
        usual = [size for size in sorted(large, reverse=True) if large[size] <= most]
        self._levels = {size: min(n, _MAX_LEVELS - 1) for n, size in enumerate(usual)}

    def find_level(self, line: Line) -> int | None:
        """Return the level of a heading; None for other lines."""
        text = line.text.strip()
        if len(text) > 150 or not _LETTERS.search(text) or text.endswith((".", ",", ";")):
            return None
        return self._levels.get(_round_size(line)) if self._is_large(line) else None

    def find_title(self, lines: Sequence[Line]) -> str:
        """Return the largest lines of the first page, if much larger."""
        largest = max((_round_size(line) for line in lines if not line.is_code), default=0.0)
        if largest < _TITLE * self._text:
            return ""
        parts = [line.text.strip() for line in lines if _round_size(line) == largest]
        title = clean_text(" ".join(parts))
        return title if len(parts) <= 3 and _LETTERS.search(title) and len(title) <= 150 else ""

    def _is_large(self, line: Line) -> bool:
        return not line.is_code and _round_size(line) >= _LARGER * self._text


def _round_size(line: Line) -> float:
    return round(line.height * 2) / 2


def find_headings(
    pages: Sequence[Sequence[Line | Block]], sizes: LetterSizes
) -> list[list[tuple[Heading, int, int]]]:
    """Return the headings of each page, each with its lines.

    The numbers are those of its first line and of the line after it. Neighbouring lines of one
    level are one heading.
    """
    return [list(_find_on_page(items, number, sizes)) for number, items in enumerate(pages)]


def _find_on_page(
    items: Sequence[Line | Block], page: int, sizes: LetterSizes
) -> Iterator[tuple[Heading, int, int]]:
    start = 0
    while start < len(items):
        end, level, parts = start, None, list[str]()
        while end < len(items) and isinstance(line := items[end], Line):
            found = sizes.find_level(line)
            if found is None or (level is not None and found != level) or len(parts) == 3:
                break
            level, end = found, end + 1
            parts.append(line.text.strip())
        if level is not None:
            yield Heading(clean_text(" ".join(parts))[:MAX_TITLE], level, page), start, end
        start = max(end, start + 1)


def find_heading_line(title: str, items: Sequence[Line | Block], start: int) -> int:
    """Return the number of a bookmark's line; `start` without one.

    Args:
        title: the bookmark.
        items: the lines and tables of its page.
        start: number of the first of them to look at.

    Returns:
        the number of the line.
    """
    heading = _normalise_letters(title)
    for number in range(start, len(items)):
        item = items[number]
        line = _normalise_letters(item.text) if isinstance(item, Line) else ""
        # A long heading continues on the next line; most have a number in front.
        if line and (line.endswith(heading) or (len(line) > 5 and heading.startswith(line))):
            return number
    return start


def is_heading_line(title: str, item: Line | Block) -> bool:
    """Return whether a line says no more than a heading."""
    return isinstance(item, Line) and clean_text(item.text).casefold() == title.casefold()


def _normalise_letters(text: str) -> str:
    return _NOT_WORD.sub("", text).casefold()
