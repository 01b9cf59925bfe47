"""Ends of JavaScript: its brackets outside of strings, templates and comments."""

from __future__ import annotations

import re
from collections.abc import Iterator

MAX_CHARS = 100_000
"""Characters of an expression or a statement."""

_JOINTS = re.compile(r"[\"'`{}()\[\]]|/\*|//|\n[ \t]*+(?=\n|\Z)")
_STRING = re.compile(r"\"(?:[^\"\\\n]|\\.)*+\"|'(?:[^'\\\n]|\\.)*+'", re.DOTALL)
_TEMPLATE_JOINT = re.compile(r"\\.|`|\$\{", re.DOTALL)


def find_expression_end(text: str, start: int) -> int:
    """Return the position after an expression's closing brace; 0 without one.

    Args:
        text: the page.
        start: the position after the opening brace.
    """
    depth = 1
    for mark, place in _Brackets(text, start).read():
        if mark in "{}":
            depth += 1 if mark == "{" else -1
        if not depth:
            return place + 1
    return 0


def find_statement_end(text: str, start: int) -> tuple[int, bool]:
    """Return the end of a statement, and whether its brackets are closed.

    It ends at the first empty line where all are, else at the first empty line of all.
    """
    depth, first, last = 0, 0, min(len(text), start + MAX_CHARS)
    for mark, place in _Brackets(text, start).read():
        if mark in "{[(":
            depth += 1
        elif mark in "}])":
            depth -= 1
        elif depth <= 0:
            return place, True
        else:
            first = first or place
    return (last, True) if depth <= 0 and last == len(text) else (first or last, False)


class _Brackets:
    def __init__(self, text: str, start: int) -> None:
        self._text = text
        self._position = start
        self._limit = min(len(text), start + MAX_CHARS)
        self._depth = 0
        self._closes_comments = True  # until a search for an end was in vain
        self._holes = list[int]()  # the depth of braces in each template that is open

    def read(self) -> Iterator[tuple[str, int]]:
        """Yield the brackets and empty lines with their places."""
        while match := _JOINTS.search(self._text, self._position, self._limit):
            mark, start = match[0], match.start()
            self._position = match.end()
            if mark == "}" and self._holes and self._holes[-1] == self._depth:
                self._holes.pop()
                self._skip_template()
            elif mark in "{}":
                self._depth += 1 if mark == "{" else -1
                yield mark, start
            elif mark in "()[]" or mark[0] == "\n":
                yield mark, start
            else:
                self._skip(mark, start)

    def _skip(self, mark: str, start: int) -> None:
        if mark == "`":
            self._skip_template()
        elif mark == "/*":
            end = (
                self._text.find("*/", self._position, self._limit) if self._closes_comments else -1
            )
            self._closes_comments = end >= 0
            self._position = end + 2 if end >= 0 else self._position
        elif mark == "//":
            # After a colon, it belongs to an address in the text of an element.
            if self._text[start - 1 : start] != ":":
                end = self._text.find("\n", start, self._limit)
                self._position = self._limit if end < 0 else end
        else:
            # An apostrophe in the text of an element begins no string.
            string = _STRING.match(self._text, start, self._limit)
            self._position = string.end() if string else self._position

    def _skip_template(self) -> None:
        """Go to the end of a template or to its next hole."""
        while match := _TEMPLATE_JOINT.search(self._text, self._position, self._limit):
            self._position = match.end()
            if match[0] == "${":
                self._holes.append(self._depth)
            if match[0] in {"`", "${"}:
                return
        self._position = self._limit
