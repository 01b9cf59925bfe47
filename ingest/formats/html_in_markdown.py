"""Blocks of HTML inside Markdown, parsed fast: a page may have dozens."""

from __future__ import annotations

import re
from contextlib import suppress
from html.parser import HTMLParser

from ingest.documents import PageError
from ingest.formats.code_spans import CodeSpans
from ingest.formats.html_markup import shorten_markup
from ingest.formats.structure import build_written_parser, fence_code, render_markup

_HIDDEN = {"script", "style", "svg", "button"}
_LINES = {"br", "div", "p", "tr", "table", "ul", "ol", "details", "summary"}
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_CELLS = {"td", "th"}
_TAG = re.compile(r"</?[A-Za-z][^>]*>")
_TABLE = re.compile(r"<(/?)table(?=[\s>])", re.IGNORECASE)
_INDENTED = re.compile(r"^(?: {4}|\t)[ \t]*<table", re.IGNORECASE | re.MULTILINE)
_BLANKS = re.compile(r"[ \t]*")
_CONTAINER = re.compile(r"[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+[ \t>]*)*")
_MARK = re.compile(r"[-*+]|\d{1,9}[.)]")
_LANGUAGE = re.compile(r"(?:^|\s)language-([\w+#.-]+)")
_BAD_ANCHOR = re.compile(r"[\s{}]")
_BAD_TARGET = re.compile(r"[\s<>()]|^(?:#|javascript:|data:)", re.IGNORECASE)
_SPACES = re.compile(r"\s+")

_Attributes = list[tuple[str, str | None]]


def convert_tables(text: str, *, indented_code: bool = True) -> str:
    """Convert the HTML tables of a Markdown text to Markdown.

    Markdown in their cells is read as such. Tables in code, and those that are not closed, stay.

    Args:
        text: the Markdown.
        indented_code: whether an indented paragraph is code.

    Returns:
        the text with other tables.
    """
    if not _TABLE.search(text):
        return text
    spans, parts, end, depth, start = CodeSpans(text), list[str](), 0, 0, 0
    indented = _find_indented_code(text) if indented_code and _INDENTED.search(text) else set()
    line, counted = 0, 0
    for match in _TABLE.finditer(text):
        line += text.count("\n", counted, match.start())
        counted = match.start()
        if spans.is_code(counted) or line in indented:
            continue
        if not match[1]:
            start = start if depth else match.start()
            depth += 1
        elif depth:
            depth -= 1
            close = text.find(">", match.end()) + 1
            if not depth and close:
                parts += [text[end:start], _convert_table(text, start, close)]
                end = _BLANKS.match(text, close).end()  # type: ignore[union-attr]
    return "".join([*parts, text[end:]])


def _find_indented_code(text: str) -> set[int]:
    """Return the numbers of the lines that are indented code."""
    blocks = (
        token.map for token in build_written_parser().parse(text) if token.type == "code_block"
    )
    return {line for block in blocks if block for line in range(*block)}


def _convert_table(text: str, start: int, end: int) -> str:
    """Return the table between two positions, in the indent of its line."""
    line = text[text.rfind("\n", 0, start) + 1 : start]
    if not _CONTAINER.fullmatch(line):
        line = line[: len(line) - len(line.lstrip(" "))]
        lead = f"\n\n{line}"
    else:
        # After the mark of an item, a table may begin; after text, an empty line must come.
        lead = "" if _MARK.search(line) else f"\n{line}"
    inner = _MARK.sub(lambda mark: " " * len(mark[0]), line)
    html = "\n".join(row.removeprefix(inner) for row in text[start:end].split("\n"))
    try:
        table = _convert_markup(html)
    except PageError:
        table = extract_html_text(html)
    after = "" if text.startswith("\n\n", end) else f"\n{inner}\n{inner}".rstrip(" ")
    return lead + table.replace("\n", f"\n{inner}") + after


def _convert_markup(html: str) -> str:
    from ingest.formats.html import convert_html_fragment

    return convert_html_fragment(render_markup(html))


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
    if _TABLE.search(html):  # one that is not closed
        with suppress(PageError):
            return _convert_markup(html)
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
        self._links: list[tuple[str, int]] = []  # open links, and where their text begins

    def get_text(self) -> str:
        return "".join(self.parts)

    def handle_starttag(self, tag: str, attrs: _Attributes) -> None:
        if tag in _HIDDEN:
            self._hidden += 1
        elif tag == "a":
            self._links.append((dict(attrs).get("href") or "", len(self.parts)))
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
        elif tag == "a" and self._links:
            self._end_link(*self._links.pop())
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

    def _end_link(self, href: str, start: int) -> None:
        """Make a link of the text since its tag."""
        text = "".join(self.parts[start:])
        if href and text.strip() and "\n" not in text and not _BAD_TARGET.search(href):
            self.parts[start:] = [f"[{text.strip()}]({href})"]


class _MarkdownParser(_TextParser):
    """Keeps the structure of a text: headings, lists, links and code."""

    def __init__(self) -> None:
        super().__init__()
        self._anchor = ""
        self._language = ""
        self._outside: list[str] | None = None  # the parts before the code

    def get_text(self) -> str:
        self._leave_code()
        return super().get_text()

    def handle_starttag(self, tag: str, attrs: _Attributes) -> None:
        values = dict(attrs)
        if tag == "pre":
            self._leave_code()
            self._outside, self.parts = self.parts, []
        elif self._outside is not None:
            language = _LANGUAGE.search(values.get("class") or "")
            self._language = language[1] if language else self._language
        elif tag in _HEADINGS:
            self._anchor = values.get("id") or ""
            self.parts.append(f"\n\n{'#' * _HEADINGS[tag]} ")
        else:
            super().handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if self._outside is not None:
            if tag == "pre":
                self._leave_code()
        elif tag in _HEADINGS:
            has_anchor = self._anchor and not _BAD_ANCHOR.search(self._anchor)
            self.parts.append(f" {{#{self._anchor}}}\n\n" if has_anchor else "\n\n")
        else:
            super().handle_endtag(tag)

    def handle_data(self, data: str) -> None:
        if self._outside is not None:
            self.parts.append(data)
        elif self.parts and not self.parts[-1].endswith("\n"):
            super().handle_data(_SPACES.sub(" ", data))
        else:  # Indents and line ends in HTML mean nothing.
            super().handle_data(_SPACES.sub(" ", data).lstrip())

    def _leave_code(self) -> None:
        """Append the finished code to the text before it."""
        if self._outside is not None:
            block = fence_code("".join(self.parts), self._language)
            self.parts = [*self._outside, f"\n\n{block}\n\n"]
            self._outside, self._language = None, ""
