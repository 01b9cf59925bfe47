"""Splitting of Markdown into the parts that Slack takes, without breaking what belongs together."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from markdown_it import MarkdownIt
from markdown_it.token import Token

from rag_core.generation.text.links.link_guard import keep_links

MARKDOWN_LIMIT = 11_500
"""Characters of Markdown in one message; Slack's own limit is 12,000 over all its blocks."""

_LONGEST_URL = 2_000
# A cut must not go through a link, a code span or a bare URL.
_WHOLE = re.compile(
    r"!?\[[^\[\]\n]*\]\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*(?:\s+\"[^\"\n]*\")?\)"
    r"|(?<!`)(`++)[^\n]*?(?<!`)\1(?!`)|<[^<>\s]+>|https?://\S+"
)
_MARKER = re.compile(r" {0,3}(?:[-*+]|\d{1,9}[.)])(?: {1,4}(?=\S)| ?)")
_OPENING = re.compile(r"((?:[ \t>]|(?:[-*+]|\d{1,9}[.)])[ \t]+)*)(`{3,}|~{3,})")
_PARSER = MarkdownIt("commonmark").enable("table")


def split(text: str, limit: int = MARKDOWN_LIMIT) -> list[str]:
    """Split Markdown into parts of at most `limit` characters.

    Cuts lie between blocks if possible. A block over the limit is cut between its items, then its
    lines, then its words; a code fence is closed and reopened, and a table repeats its header.
    Links and code spans stay whole unless one alone is over the limit.
    """
    text = re.sub(r"\r\n?", "\n", text)
    return list(_split_fitting(text, limit, limit, text))


def split_rendered(text: str, render: Callable[[str], str], limit: int) -> Iterator[str]:
    """Split Markdown smaller until each rendered part is within the limit.

    Escapes and tables make the rendered text longer than the Markdown.

    Args:
        text: Markdown of any length.
        render: turns a part into another markup.
        limit: most characters of a rendered part.

    Yields:
        The rendered parts that are not empty.
    """
    yield from _render_fitting(text, render, limit, limit)


def _render_fitting(
    text: str, render: Callable[[str], str], room: int, limit: int
) -> Iterator[str]:
    for part in split(text, room):
        rendered = render(part)
        if len(rendered) > limit and room > 1:
            yield from _render_fitting(part, render, room // 2, limit)
        elif rendered:
            yield rendered


def _split_fitting(text: str, room: int, limit: int, original: str) -> Iterator[str]:
    """Split smaller until each part is within the limit.

    A cut through long code ends it; what is escaped then is longer.
    """
    for part in _fill_parts(text, room):
        kept = keep_links(part, original)
        if len(kept) > limit and room > 1:
            yield from _split_fitting(part, room // 2, limit, original)
        else:
            yield kept


def _fill_parts(text: str, limit: int) -> list[str]:
    if len(text) <= limit:
        return [text] if text.strip() else []
    parts, margin = [""], 0
    for piece in _cut_pieces(text, limit):
        if len(parts[-1]) + len(piece.text) > limit:
            parts.append("")
            margin = piece.indent
        # A piece moves left no further than those before it, so that nesting stays.
        margin = min(margin, piece.indent)
        parts[-1] += _dedent(piece.text, margin)
    return [part.strip("\n") for part in parts if part.strip()]


_Kind = Literal["block", "fence", "table"]
_KINDS: dict[str, _Kind] = {"fence": "fence", "table_open": "table"}


@dataclass(frozen=True, slots=True)
class _Span:
    """Lines [start, end) that belong together; `margin` is the indent that a list gives them."""

    start: int
    end: int
    kind: _Kind = "block"
    level: int = 0
    margin: int = 0


@dataclass(frozen=True, slots=True)
class _Piece:
    """A text that stays whole, with the indent that a list gives it."""

    text: str
    margin: int

    @property
    def indent(self) -> int:
        """Spaces by which it can move left; a line that opens a list item stays in place."""
        first = self.text.lstrip("\n")
        return min(self.margin, len(first) - len(first.lstrip(" "))) if first else self.margin


def _cut_pieces(text: str, limit: int) -> Iterator[_Piece]:
    lines = re.split(r"(?<=\n)", text)
    spans = list(_find_spans(_PARSER.parse(text.removesuffix("\n") + "\n"), lines))
    yield from _cut_span(lines, _Span(0, len(lines), level=-1), spans, limit)


def _find_spans(tokens: Sequence[Token], lines: Sequence[str]) -> Iterator[_Span]:
    margins = [0]  # of the list items around the token, the innermost last
    for token in tokens:
        if token.type == "list_item_close":
            margins.pop()
        if token.map is None or token.nesting < 0 or token.type == "inline":
            continue
        kind = _KINDS.get(token.type, "block")
        yield _Span(token.map[0], token.map[1], kind, token.level, margins[-1])
        if token.type == "list_item_open":
            marker = _MARKER.match(lines[token.map[0]], margins[-1])
            margins.append(marker.end() if marker else margins[-1])


def _dedent(text: str, margin: int) -> str:
    """Remove the indent of a list that stands in another part.

    Markdown would take the indented text for code.
    """
    return re.sub(rf"^ {{1,{margin}}}", "", text, flags=re.MULTILINE) if margin else text


def _cut_span(lines: list[str], span: _Span, spans: list[_Span], limit: int) -> Iterator[_Piece]:
    """Yield the span in pieces within the limit: whole if it fits."""
    inside = lines[span.start : span.end]
    if sum(map(len, inside)) <= limit:
        yield _Piece("".join(inside), span.margin)
    elif span.kind == "block":
        yield from _cut_block(lines, span, spans, limit)
    else:
        cut = _cut_fence if span.kind == "fence" else _cut_table
        yield from (_Piece(text, span.margin) for text in cut(inside, limit))


def _cut_block(lines: list[str], span: _Span, spans: list[_Span], limit: int) -> Iterator[_Piece]:
    def cut_plain(start: int, end: int) -> Iterator[_Piece]:
        return (_Piece(text, span.margin) for text in _cut_long_lines(lines[start:end], limit))

    # Cut each child block on its own, and the lines between children as plain text.
    at = span.start
    for child in spans:
        if child.level == span.level + 1 and at <= child.start and child.end <= span.end:
            yield from cut_plain(at, child.start)
            yield from _cut_span(lines, child, spans, limit)
            at = child.end
    yield from cut_plain(at, span.end)


def _cut_long_lines(lines: Sequence[str], limit: int) -> Iterator[str]:
    for line in lines:
        yield from _cut_line(line, limit)


def _cut_line(text: str, limit: int) -> Iterator[str]:
    """Cut a line at spaces, if possible outside links and code spans."""
    while len(text) > limit:
        window = limit + 2 * _LONGEST_URL
        whole = [match.span() for match in _WHOLE.finditer(text, 0, window)]
        at = _find_last_cut(text, limit, whole)
        yield text[:at]
        text = text[at:]
    yield text


def _find_last_cut(text: str, limit: int, whole: Sequence[tuple[int, int]]) -> int:
    def is_allowed(at: int) -> bool:
        return not any(start < at < end for start, end in whole)

    # Prefer the last space, then any place outside links and code spans, then the limit.
    spaces = (at for at in range(limit, 0, -1) if text[at - 1] == " " and is_allowed(at))
    return next(spaces, None) or next((at for at in range(limit, 0, -1) if is_allowed(at)), limit)


def _cut_fence(lines: Sequence[str], limit: int) -> Iterator[str]:
    opening = lines[0] if lines[0].endswith("\n") else lines[0] + "\n"
    match = _OPENING.match(opening)
    # A quote's mark repeats on each line; a list item's mark stands once.
    lead = re.sub(r"[^>\s]", " ", match[1]) if match else ""
    fence = match[2] if match else "```"
    reopening = opening.replace(match[1], lead, 1) if match else opening
    closing = f"{lead}{fence}\n"
    room = limit - len(opening) - len(closing) - 1
    if room < limit // 2:  # the opening line alone is too long to repeat
        yield from _cut_long_lines(lines, limit)
        return
    is_closed = len(lines) > 1 and lines[-1].strip(" \t\n>") == closing.strip(" \t\n>")
    body = lines[1:-1] if is_closed else lines[1:]
    for chunk in _pack([piece for line in body for piece in _slice_line(line, room)], room):
        yield opening + chunk + ("" if chunk.endswith("\n") else "\n") + closing
        opening = reopening


def _cut_table(lines: Sequence[str], limit: int) -> Iterator[str]:
    header = "".join(lines[:2])
    room = limit - len(header)
    if room < limit // 2 or any(len(line) > room for line in lines[2:]):
        yield from _cut_long_lines(lines, limit)
        return
    for chunk in _pack(lines[2:], room):
        yield header + chunk


def _pack(pieces: Sequence[str], room: int) -> list[str]:
    packed = [""]
    for piece in pieces:
        if len(packed[-1]) + len(piece) > room:
            packed.append("")
        packed[-1] += piece
    return packed


def _slice_line(line: str, room: int) -> list[str]:
    return [line[at : at + room] for at in range(0, len(line), room)]
