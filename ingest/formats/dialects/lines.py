"""Lines of a page at the place where a block of a dialect may begin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from markdown_it.rules_block import StateBlock

_STEP = 4


@dataclass(frozen=True)
class Expansion:
    """The Markdown that a block of a dialect becomes.

    Attributes:
        stop: the line after the block.
        text: the Markdown that stands for it.
        is_markdown: whether the text has blocks of the dialect itself.
        is_template: whether the text is tags of a template, to be rendered.
        notes: what the page remembers of it, such as a footnote, by its kind.
    """

    stop: int
    text: str = ""
    is_markdown: bool = False
    is_template: bool = False
    notes: Mapping[str, tuple[str, str]] = field(default_factory=dict)


class BlockLines:
    """The lines from one on, without the marks of the lists and quotations around them.

    Args:
        state: the parser's state.
        start: the first line.
        end: the line after the last one of the container.
    """

    def __init__(self, state: StateBlock, start: int, end: int) -> None:
        self._state = state
        self.start = start
        self.end = end

    @cached_property
    def first(self) -> str:
        """The first line from its first letter on."""
        return self._read(self.start).rstrip()

    @property
    def traits(self) -> dict[str, Any]:
        """The traits of the whole text, each found out once."""
        traits: dict[str, Any] = self._state.env  # type: ignore[assignment]
        return traits

    @property
    def source(self) -> str:
        """All of the text."""
        return self._state.src

    @property
    def position(self) -> int:
        """Place of the first letter in the text."""
        return self._state.bMarks[self.start] + self._state.tShift[self.start]

    def get_line(self, number: int) -> str:
        """Return a line with its indent below that of the container."""
        return self._state.getLines(number, number + 1, self._state.blkIndent, keepLastLF=False)

    def is_blank(self, number: int) -> bool:
        """Return whether a line is empty."""
        return self._state.isEmpty(number)

    def is_indented(self, number: int, columns: int = _STEP) -> bool:
        """Return whether a line stands this far behind the first one."""
        deep = self._state.sCount[number] >= self._state.sCount[self.start] + columns
        return deep and not self.is_blank(number)

    def has_text_above(self) -> bool:
        """Return whether text stands above, at most one empty line away."""
        above = self.start - 1
        while above >= 0 and self.is_blank(above) and above > self.start - 2:
            above -= 1
        return above >= 0 and not self.is_blank(above)

    def find_body_end(self) -> int:
        """Return the line after the indented lines below the first one."""
        stop = number = self.start + 1
        while number < self.end and (self.is_blank(number) or self.is_indented(number)):
            number += 1
            stop = stop if self.is_blank(number - 1) else number
        return stop

    def get_body(self, stop: int, columns: int = _STEP) -> str:
        """Return the lines below the first one without their indent."""
        indent = self._state.sCount[self.start] + columns
        return self._state.getLines(self.start + 1, stop, indent, keepLastLF=False).rstrip("\n")

    def get_content(self, start: int, stop: int) -> str:
        """Return lines without the indent of the first one."""
        return self._state.getLines(start, stop, self._state.sCount[self.start], keepLastLF=False)

    def _read(self, number: int) -> str:
        begin = self._state.bMarks[number] + self._state.tShift[number]
        return self._state.src[begin : self._state.eMarks[number]]
