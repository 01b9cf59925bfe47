"""Code in a Markdown text: fences and spans in a line, found in one pass."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

_OPENING = re.compile(r"[ \t>]*(?:[-*+] +|\d+[.)] +)?(`{3,}|~{3,})[^\n`]*$")
_CLOSING = re.compile(r"[ \t>]*(`{3,}|~{3,})[ \t]*$")
_MAX_INDENT = 3
"""Columns by which a closing mark may stand behind the opening one, as in CommonMark."""

_TICKS = re.compile(r"`+")

_Lines = list[tuple[int, str]]  # start and text of each


class CodeSpans:
    """The stretches of a text that are code, each with its opening and closing mark."""

    def __init__(self, text: str) -> None:
        self._spans = list(find_code_spans(text))
        self._next = 0

    def is_code(self, position: int) -> bool:
        """Return whether a position is in code; positions must not decrease."""
        while self._next < len(self._spans) and self._spans[self._next][1] <= position:
            self._next += 1
        return self._next < len(self._spans) and self._spans[self._next][0] <= position


def find_code_spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield the places of fences, and of spans within a line."""
    lines = _split_lines(text)
    # By character and column, the shortest fence that no later line closes: the text is searched
    # for its closing line once, not again for each fence of that length.
    unclosed: dict[tuple[str, int], int] = {}
    number = 0
    while number < len(lines):
        start, line = lines[number]
        fence = _OPENING.match(line)
        mark = fence[1] if fence else ""
        closing = 0
        kind = (mark[:1], fence.start(1) if fence else 0)
        if mark and len(mark) < unclosed.get(kind, len(mark) + 1):
            closing = _find_closing(lines, number, mark, kind[1] + _MAX_INDENT)
            if not closing:
                unclosed[kind] = len(mark)
        if closing:
            yield start, lines[closing][0] + len(lines[closing][1])
            number = closing
        else:
            yield from ((start + begin, start + end) for begin, end in find_inline_spans(line))
        number += 1


def _split_lines(text: str) -> _Lines:
    lines, start = [], 0
    for line in text.split("\n"):
        lines.append((start, line))
        start += len(line) + 1
    return lines


def _find_closing(lines: _Lines, opening: int, mark: str, last_column: int) -> int:
    """Return the line that closes a fence; 0 if none does."""
    for number in range(opening + 1, len(lines)):
        line = lines[number][1]
        closing = _CLOSING.match(line) if mark in line else None
        if closing and closing[1].startswith(mark) and closing.start(1) <= last_column:
            return number
    return 0


def find_inline_spans(line: str) -> Iterator[tuple[int, int]]:
    """Yield the code spans of a line or a paragraph.

    A span lies between two runs of the same number of backticks.
    """
    runs = [match.span() for match in _TICKS.finditer(line)] if "`" in line else []
    by_length: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for run in reversed(runs):
        by_length[run[1] - run[0]].append(run)
    end = 0
    for start, stop in runs:
        candidates = by_length[stop - start]  # the nearest one is last
        while candidates and candidates[-1][0] <= start:
            candidates.pop()
        if start >= end and candidates:
            end = candidates[-1][1]
            yield start, end
