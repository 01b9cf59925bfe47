"""Lines of Markdown with blocks among them: each block in the indent of the line it stands in."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ingest.formats.code_spans import CodeSpans

_SEAL = re.compile(r"\x00(\d+)\x00")
_ONLY_MARKS = re.compile(r"[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+[ \t>]*)*(?:\x00\d+\x00[ \t]*)*")
_MARKS = re.compile(r"[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+[ \t>]*)*")
_HEADING = re.compile(r"[ \t>]*#{1,6}[ \t]")
_MAX_START = 300
"""Characters of a line that tell what it is."""

_NOT_QUOTE = re.compile(r"[^>\s]")


class Layout:
    """The content of an element: lines of text, and blocks that stand for elements."""

    def __init__(self) -> None:
        self._parts = list[str]()
        self._line = ""  # the last line up to now
        self._blocks = list[str]()
        self._deferred = list[str]()

    @property
    def is_at_start(self) -> bool:
        """True if no text stands in the line up to now."""
        return bool(_ONLY_MARKS.fullmatch(self._line))

    @property
    def is_in_heading(self) -> bool:
        """True in a heading."""
        return bool(_HEADING.match(self._line))

    @property
    def is_in_row(self) -> bool:
        """True in a row of a table."""
        return self._line.lstrip(" \t>").startswith("|")

    def add_text(self, text: str) -> None:
        """Add text as it is written."""
        text = text.replace("\x00", "\ufffd")
        if self._deferred and "\n" in text:
            head, _, text = text.partition("\n")
            self._append(f"{head}\n")
            deferred, self._deferred = self._deferred, []
            for block in deferred:
                self.add_block(block)
            self._append("\n")
        self._append(text)

    def add_block(self, text: str) -> None:
        """Add a block of Markdown; an empty one leaves its line empty."""
        self._append(f"\x00{len(self._blocks)}\x00")
        self._blocks.append(text.strip("\n"))

    def postpone_block(self, text: str) -> None:
        """Add a block below the line."""
        if text:
            self._deferred.append(text)

    def join(self) -> str:
        """Return the Markdown without the indent that all lines share."""
        for block in self._deferred:
            self._append("\n")
            self.add_block(block)
        text = "".join(self._parts)
        is_code = _find_code_lines(text)
        lines = text.split("\n")
        indent = min(
            (
                len(line) - len(line.lstrip())
                for number, line in enumerate(lines)
                if number and line.strip() and number not in is_code
            ),
            default=0,
        )
        # The first line begins behind the element's tag.
        shown = [lines[0].lstrip() if len(lines) > 1 or self._blocks else lines[0]]
        for line in lines[1:]:
            blank = len(line) - len(line.lstrip())
            shown.append(line[min(indent, blank) :])
        return "\n".join(self._open_seals(line) if "\x00" in line else line for line in shown)

    def _append(self, text: str) -> None:
        if text:
            self._parts.append(text)
            _, line_end, tail = text.rpartition("\n")
            self._line = (tail if line_end else self._line + text[:_MAX_START])[:_MAX_START]

    def _open_seals(self, line: str) -> str:
        """Return a line with its blocks, each in the line's indent."""
        marks = _MARKS.match(line)
        prefix = marks[0] if marks else ""
        inner = _NOT_QUOTE.sub(" ", prefix)
        pieces = list[str]()
        for place, piece in enumerate(_SEAL.split(line[len(prefix) :])):
            block = self._blocks[int(piece)] if place % 2 else piece.strip()
            if block.strip():
                pieces.append(block)
        if not pieces:
            return prefix.rstrip()
        text = "\n\n".join(pieces).replace("\n", f"\n{inner}")
        text = re.sub(r"^[ \t>]+$", lambda blank: blank[0].rstrip(), text, flags=re.MULTILINE)
        is_marked = bool(_NOT_QUOTE.search(prefix))
        before = "" if is_marked else f"{inner.rstrip()}\n"
        return f"{before}{prefix}{text}\n{inner.rstrip()}"


def join_blocks(blocks: Sequence[str]) -> str:
    """Return blocks of Markdown, with empty lines between them."""
    return "\n\n".join(block.strip("\n") for block in blocks if block.strip())


def _find_code_lines(text: str) -> set[int]:
    """Return the numbers of the lines that begin within a fence."""
    spans, position, found = CodeSpans(text), 0, set[int]()
    for number, line in enumerate(text.split("\n")):
        if position and spans.is_code(position - 1) and spans.is_code(position):
            found.add(number)
        position += len(line) + 1
    return found
