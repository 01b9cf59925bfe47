"""Blocks of HTML inside Markdown, parsed fast: a page may have dozens."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from ingest.formats.html_markup import shorten_markup
from ingest.formats.structure import fence_code

_HIDDEN = {"script", "style", "svg", "button"}
_LINES = {"br", "div", "p", "tr", "table", "ul", "ol", "details", "summary"}
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_CELLS = {"td", "th"}
_TAG = re.compile(r"</?[A-Za-z][^>]*>")
_MAX_COLUMNS = 100
_LANGUAGE = re.compile(r"(?:^|\s)language-([\w+#.-]+)")
_BAD_ANCHOR = re.compile(r"[\s{}]")
_SPACES = re.compile(r"\s+")

_Attributes = list[tuple[str, str | None]]


def extract_html_text(html: str) -> str:
    """Return the text of an HTML block without its tags.

    Bars separate the cells of a table, and dashes begin the items of a list.
    """
    # Indents in HTML mean nothing, except in code.
    margin = "" if "<pre" in html else " \t"
    lines = (
        line.rstrip(" |").lstrip(margin) for line in _parse_html(html, _TextParser()).split("\n")
    )
    return _collapse_blank_lines("\n".join(lines))


def convert_html_block(html: str) -> str:
    """Convert an HTML block to Markdown.

    Headings keep their anchors; tables, lists and fences are kept.
    """
    return _collapse_blank_lines(_parse_html(html, _MarkdownParser()))


def _parse_html(html: str, parser: _TextParser) -> str:
    try:
        parser.feed(shorten_markup(html))
        parser.close()
    except AssertionError:  # html.parser's error for a malformed declaration
        return _TAG.sub("", html).strip()
    return parser.get_text()


def _collapse_blank_lines(text: str) -> str:
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n")


class _TextParser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._hidden = 0

    def get_text(self) -> str:
        return "".join(self.parts)

    def handle_starttag(self, tag: str, attrs: _Attributes) -> None:
        del attrs
        if tag in _HIDDEN:
            self._hidden += 1
        elif tag in _LINES or tag in _HEADINGS:
            self._break_line()
        elif tag == "li":
            self._break_line()
            self.parts.append("- ")
        elif tag == "code":
            self.parts.append("`")

    def handle_startendtag(self, tag: str, attrs: _Attributes) -> None:
        del attrs
        if tag in _LINES:
            self._break_line()

    def handle_endtag(self, tag: str) -> None:
        if tag in _HIDDEN:
            self._hidden = max(self._hidden - 1, 0)
        elif tag in _LINES or tag in _HEADINGS:
            self._break_line()
        elif tag in _CELLS:
            self.parts.append(" | ")
        elif tag == "code":
            self.parts.append("`")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(data)

    def _break_line(self) -> None:
        if self.parts and not self.parts[-1].endswith("\n"):
            self.parts.append("\n")


class _MarkdownParser(_TextParser):
    """Keeps the structure of a text: headings, tables and code."""

    def __init__(self) -> None:
        super().__init__()
        self._anchor = ""
        self._language = ""
        self._rows: list[list[str]] = []
        self._outside: list[str] | None = None  # the parts before the table or code
        self._within = ""  # "table", "pre" or empty

    def get_text(self) -> str:
        self._leave_block()
        return super().get_text()

    def handle_starttag(self, tag: str, attrs: _Attributes) -> None:
        values = dict(attrs)
        if tag == "pre" or (tag == "table" and self._within != "pre"):
            self._leave_block()
            self._within, self._outside, self.parts = tag, self.parts, []
        elif self._within == "pre":
            language = _LANGUAGE.search(values.get("class") or "")
            self._language = language[1] if language else self._language
        elif self._within == "table" and tag in {"tr", *_CELLS}:
            self._end_cell()
            if tag == "tr":
                self._rows.append([])
        elif tag in _HEADINGS:
            self._anchor = values.get("id") or ""
            self.parts.append(f"\n\n{'#' * _HEADINGS[tag]} ")
        else:
            super().handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag == self._within:
            self._leave_block()
        elif self._within == "pre":
            pass
        elif self._within == "table" and tag in {"tr", *_CELLS}:
            self._end_cell()
        elif tag in _HEADINGS:
            has_anchor = self._anchor and not _BAD_ANCHOR.search(self._anchor)
            self.parts.append(f" {{#{self._anchor}}}\n\n" if has_anchor else "\n\n")
        else:
            super().handle_endtag(tag)

    def handle_data(self, data: str) -> None:
        if self._within == "pre":
            self.parts.append(data)
        elif self.parts and not self.parts[-1].endswith("\n"):
            super().handle_data(_SPACES.sub(" ", data))
        else:  # Indents and line ends in HTML mean nothing.
            super().handle_data(_SPACES.sub(" ", data).lstrip())

    def _end_cell(self) -> None:
        """Add the text since the last tag as a cell, unless empty."""
        cell = " ".join("".join(self.parts).split()).replace("|", "\\|")
        self.parts = []
        if cell:
            self._rows = self._rows or [[]]
            self._rows[-1].append(cell)

    def _leave_block(self) -> None:
        """Append the finished table or code to the text before it."""
        if self._outside is None:
            return
        if self._within == "table":
            self._end_cell()
            block = _render_table([row for row in self._rows if row])
        else:
            block = fence_code("".join(self.parts), self._language)
        self.parts = self._outside
        self.parts.append(f"\n\n{block}\n\n")
        self._outside, self._within, self._rows, self._language = None, "", [], ""


def _render_table(rows: list[list[str]]) -> str:
    """Return rows as a Markdown table; the first row is the header."""
    # Short rows are filled up, but not to the width of a row of thousands.
    width = min(max(map(len, rows), default=0), _MAX_COLUMNS)
    lines = [f"| {' | '.join([*row, *[''] * (width - len(row))])} |" for row in rows]
    return "\n".join([*lines[:1], f"|{' --- |' * width}", *lines[1:]]) if lines else ""
