"""The outline of a page: its title, its headings, and the text that no chunk has."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from itertools import groupby
from typing import Any

from ingest.documents import Document, Page
from ingest.formats import BINARY, PART_TYPE, detect_format
from rag_core.types import Chunk

MOST_LEFT_OUT = 100
"""Most pieces of text that an outline says were left out."""

_MAX_CHARACTERS = 200  # of a piece
_WORD = re.compile(r"\w{2,}")
_FRONT_MATTER = ("---", "+++")
_MARKS = (
    (re.compile(r"^\s*(?:import|export)\b"), "code of the page"),
    (re.compile(r"^\s*\[[^\]]+\]:\s"), "target of a link"),
    (re.compile(r"^\s*(?::{3,}|`{3,}\{|\.\. |:[\w-]+:|/{3,}|\(\w[\w/-]*\)=)"), "directive"),
    (re.compile(r"\{\{|\{%"), "mark of the site maker"),
    (re.compile(r"^\s*<"), "markup"),
)
_LANDMARKS = {
    **dict.fromkeys(("script", "style", "template", "noscript"), "code of the page"),
    **dict.fromkeys(("nav", "aside", "menu"), "navigation"),
    **dict.fromkeys(("header", "footer", "head"), "frame of the site"),
    **dict.fromkeys(("button", "form", "select", "option"), "control"),
}
_VOID = {
    "area",
    "base",
    "br",
    "col",
    "embed",
    "hr",
    "img",
    "input",
    "link",
    "meta",
    "source",
    "wbr",
}


@dataclass(frozen=True, slots=True)
class HeadingOutline:
    """A heading of a page.

    Attributes:
        headings: the heading and those above it, from the outermost.
        anchor: of the heading; empty if it has none.
    """

    headings: tuple[str, ...]
    anchor: str


@dataclass(frozen=True, slots=True)
class LeftOutText:
    """Text of a page that is in no chunk, and the likely reason."""

    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class Outline:
    """The outline of a page that was read."""

    title: str = ""
    headings: tuple[HeadingOutline, ...] = ()
    left_out: tuple[LeftOutText, ...] = ()


NO_OUTLINE = Outline()
"""The outline of a page that was read without one."""


def parse_outline(data: Any) -> Outline:
    """Parse an outline from the plain data of `dataclasses.asdict`.

    Return `NO_OUTLINE` for None.

    Raises:
        TypeError, LookupError: the data is not that of an outline.
    """
    if data is None:
        return NO_OUTLINE
    headings = (
        HeadingOutline(tuple(map(str, item["headings"])), str(item["anchor"]))
        for item in data["headings"]
    )
    left_out = (LeftOutText(str(item["text"]), str(item["reason"])) for item in data["left_out"])
    return Outline(str(data["title"]), tuple(headings), tuple(left_out))


def build_outline(page: Page, document: Document, chunks: Sequence[Chunk]) -> Outline:
    """Build the outline of a page.

    Args:
        page: the page.
        document: the page as its reader has parsed it.
        chunks: the chunks of the document.

    Returns:
        The outline. Of a binary format or an API, it does not say what was left out.
    """
    headings = tuple(
        HeadingOutline(section.headings, section.anchor)
        for section in document.sections
        if section.headings
    )
    kind = detect_format(page.path, page.media_type)
    texts = [document.title, *(" ".join((*chunk.headings, chunk.text)) for chunk in chunks)]
    pieces: Iterable[LeftOutText] = ()
    if kind in {".html", ".htm", ".xhtml"}:
        pieces = _list_html_text(page.text)
    elif kind not in BINARY and kind != ".ipynb" and page.media_type != PART_TYPE:
        pieces = _list_lines(page.text)
    return Outline(document.title, headings, tuple(_find_left_out(pieces, texts)))


def _find_left_out(pieces: Iterable[LeftOutText], texts: Iterable[str]) -> Iterator[LeftOutText]:
    """Yield the pieces whose words are mostly in no chunk."""
    known = {word for text in texts for word in _WORD.findall(text.lower())}
    missing = (piece for piece in pieces if _is_missing(piece, known))
    for number, (reason, group) in enumerate(groupby(missing, lambda piece: piece.reason)):
        if number == MOST_LEFT_OUT:
            return
        text = " ".join(" ".join(piece.text.split()) for piece in group)
        shown = text if len(text) <= _MAX_CHARACTERS else f"{text[:_MAX_CHARACTERS]}…"
        yield LeftOutText(shown, reason)


def _is_missing(piece: LeftOutText, known: set[str]) -> bool:
    words = set(_WORD.findall(piece.text.lower()))
    return len(words - known) * 2 > len(words)


def _list_lines(text: str) -> Iterator[LeftOutText]:
    """Yield the lines, each with the likely reason to leave it out."""
    lines = text.split("\n")
    ends = (n for n, line in enumerate(lines[1:], 1) if line.rstrip() == lines[0].rstrip())
    front = next(ends, 0) if lines[0].rstrip() in _FRONT_MATTER else 0
    in_comment = False
    for number, line in enumerate(lines):
        in_comment = in_comment or "<!--" in line
        if number <= front and front:
            reason = "front matter"
        elif in_comment:
            reason = "comment"
        else:
            reason = next((name for mark, name in _MARKS if mark.search(line)), "not read as text")
        in_comment = in_comment and "-->" not in line
        yield LeftOutText(line, reason)


class _TextLister(HTMLParser):
    """Lists the texts of HTML with the part of the page that they are in."""

    def __init__(self) -> None:
        super().__init__()
        self._open: list[tuple[str, str]] = []
        self.texts: list[LeftOutText] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _VOID and len(self._open) < 1_000:
            above = self._open[-1][1] if self._open else ""
            is_hidden = any(name in {"hidden", "aria-hidden"} for name, _ in attrs)
            reason = above or _LANDMARKS.get(tag, "hidden" if is_hidden else "")
            self._open.append((tag, reason))

    def handle_endtag(self, tag: str) -> None:
        # An end without a start closes nothing.
        while any(name == tag for name, _ in self._open[-50:]):
            if self._open.pop()[0] == tag:
                return

    def handle_data(self, data: str) -> None:
        if data.strip():
            reason = self._open[-1][1] if self._open else ""
            self.texts.append(LeftOutText(data, reason or "outside of the main text"))


def _list_html_text(text: str) -> Iterator[LeftOutText]:
    lister = _TextLister()
    lister.feed(text)
    yield from (piece for piece in lister.texts if piece.reason != "code of the page")
