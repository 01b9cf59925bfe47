"""Marks of includes: where they stand, which file they name, and what they take of it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from ingest.formats.code_spans import find_code_spans

MAX_MARKS = 10_000
"""Includes of a page that are looked up."""

Change = Callable[[str], str]
Place = Literal["", "fence", "span"]
Missing = Literal["drop", "keep", "ignore"]


class MissingPartError(Exception):
    """A file has not the part that a page includes; the text names the part."""


class KeptMarkError(Exception):
    """A mark stays as it is written, because the page's reader makes more of it."""


def keep_text(text: str) -> str:
    """Return the text as it is."""
    return text


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark that stands for text of another file.

    Attributes:
        start: its place in the text.
        end: the place after it.
        target: the file as it is written.
        paths: the paths in the source where the file may lie, the likeliest first.
        select: takes the part of the file.
        wrap: makes of the part, with its own includes filled in, what the page shows.
        is_filled: whether the includes of the part are filled in.
        missing: what comes of the mark if there is no such file: it shows nothing, or it is kept
            for the page's reader, or it is not an include but an example, and not a failure.
        literal: what an escaped mark shows; None for a mark that includes.
        is_beside: whether the relative links of the file lead on from it, and not from the page.
        name: the file below the folders that the settings name; empty if they say nothing of it.
    """

    start: int
    end: int
    target: str = ""
    paths: tuple[str, ...] = ()
    select: Change = keep_text
    wrap: Change = keep_text
    is_filled: bool = True
    missing: Missing = "drop"
    literal: str | None = None
    is_beside: bool = False
    name: str = ""


class MarkedText:
    """A text whose marks are looked for, and where it has code.

    Attributes:
        path: the file with the text.
        text: Markdown, or another markup.
    """

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self._spans: list[tuple[int, int]] | None = None
        self._starts: list[int] = []

    def find_place(self, position: int) -> Place:
        """Return the kind of code at a position: fence, span or none."""
        if self._spans is None:
            self._spans = list(find_code_spans(self.text))
            self._starts = [start for start, _ in self._spans]
        number = bisect_right(self._starts, position) - 1
        if number < 0 or position >= self._spans[number][1]:
            return ""
        start, end = self._spans[number]
        return "fence" if "\n" in self.text[start:end] else "span"


def order_marks(marks: Iterable[Mark]) -> list[Mark]:
    """Return the marks in their order, none inside another."""
    ordered, end = list[Mark](), 0
    for mark in sorted(marks, key=lambda mark: (mark.start, -mark.end)):
        if mark.start >= end:
            ordered.append(mark)
            end = mark.end
    return ordered[:MAX_MARKS]
