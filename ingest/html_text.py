"""HTML inside Markdown becomes the text that a reader sees."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_HIDDEN = {"script", "style", "svg", "button"}
_LINES = {"br", "div", "p", "tr", "table", "ul", "ol", "details", "summary", "h1", "h2", "h3", "h4"}
_TAG = re.compile(r"</?[A-Za-z][^>]*>")


def html_to_text(html: str) -> str:
    """Text of an HTML block: tags dropped, table cells parted by bars, items by dashes."""
    parser = _Text()
    try:
        parser.feed(html)
        parser.close()
    except AssertionError:  # how html.parser says that a declaration is malformed
        return _TAG.sub("", html).strip()
    # Indents of HTML source mean nothing, but for those of code.
    margin = "" if "<pre" in html else " \t"
    lines = (line.rstrip(" |").lstrip(margin) for line in "".join(parser.parts).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        if tag in _HIDDEN:
            self._hidden += 1
        elif tag in _LINES:
            self._break()
        elif tag == "li":
            self._break()
            self.parts.append("- ")
        elif tag == "code":
            self.parts.append("`")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        if tag in _LINES:
            self._break()

    def handle_endtag(self, tag: str) -> None:
        if tag in _HIDDEN:
            self._hidden = max(self._hidden - 1, 0)
        elif tag in _LINES:
            self._break()
        elif tag in {"td", "th"}:
            self.parts.append(" | ")
        elif tag == "code":
            self.parts.append("`")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(data)

    def _break(self) -> None:
        if self.parts and not self.parts[-1].endswith("\n"):
            self.parts.append("\n")
