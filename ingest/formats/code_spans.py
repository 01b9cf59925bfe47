"""Where the code of a Markdown text is: fences and code in a line, found in one pass."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

_OPENING = re.compile(r"[ \t>]*(?:[-*+] +|\d+[.)] +)?(`{3,}|~{3,})[^\n`]*$")
_CLOSING = re.compile(r"[ \t>]*(`{3,}|~{3,})[`~]*[ \t]*$")
_TICKS = re.compile(r"`+")

_Lines = list[tuple[int, str]]  # where each begins, and its text


class CodeSpans:
    """Stretches of a text that are code: from the mark that opens it to the one that closes it."""

    def __init__(self, text: str) -> None:
        self._spans = list(_find_spans(text))
        self._next = 0

    def is_code(self, position: int) -> bool:
        """Whether a position is code; positions are asked for in their order."""
        while self._next < len(self._spans) and self._spans[self._next][1] <= position:
            self._next += 1
        return self._next < len(self._spans) and self._spans[self._next][0] <= position


def _find_spans(text: str) -> Iterator[tuple[int, int]]:
    lines = _split_lines(text)
    never: dict[str, int] = {}  # by its letter, the shortest fence that is not closed any more
    number = 0
    while number < len(lines):
        start, line = lines[number]
        fence = _OPENING.match(line)
        mark = fence[1] if fence else ""
        closing = 0
        if mark and len(mark) < never.get(mark[0], len(mark) + 1):
            closing = _find_closing(lines, number, mark)
            if not closing:
                never[mark[0]] = len(mark)
        if closing:
            yield start, lines[closing][0] + len(lines[closing][1])
            number = closing
        else:
            yield from ((start + one, start + end) for one, end in _find_inline_spans(line))
        number += 1


def _split_lines(text: str) -> _Lines:
    found, start = [], 0
    for line in text.split("\n"):
        found.append((start, line))
        start += len(line) + 1
    return found


def _find_closing(lines: _Lines, opening: int, mark: str) -> int:
    """The line that closes a fence; 0 if none does."""
    for number in range(opening + 1, len(lines)):
        line = lines[number][1]
        found = _CLOSING.match(line) if mark in line else None
        if found and found[1].startswith(mark):
            return number
    return 0


def _find_inline_spans(line: str) -> Iterator[tuple[int, int]]:
    """Code in a line: between two runs of as many backticks."""
    runs = [match.span() for match in _TICKS.finditer(line)] if "`" in line else []
    by_length: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for run in reversed(runs):
        by_length[run[1] - run[0]].append(run)
    end = 0
    for start, stop in runs:
        alike = by_length[stop - start]
        while alike and alike[-1][0] <= start:
            alike.pop()
        if start >= end and alike:
            end = alike[-1][1]
            yield start, end
