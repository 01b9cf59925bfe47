"""Running heads, feet and page numbers: lines at the edges that most pages have in one place."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from ingest.formats.pdf.lines import Line

_MIN_REPEATS = 3
_EDGE_LINES = 3
_DIGITS = re.compile(r"\d+")
_ROMAN = re.compile(r"\b[ivxlc]{1,7}\b", re.IGNORECASE)
_NUMBER = re.compile(r"(?i)\W*(?:page )?(\d{1,5}|[ivxlc]{1,7})(?: of \d+)?\W*")

_Key = tuple[str, int]


def find_running_lines(pages: Sequence[Sequence[Line]]) -> list[set[int]]:
    """Return which lines of each page are not text.

    Such a line is the first or last of its page, and most pages have the same there, except for
    numbers; or it is in a place that most pages have a line in, and some pages say the same.
    """
    candidates = [list(_list_edges(lines)) for lines in pages]
    most = max(_MIN_REPEATS, len(pages) // 2 + 1)
    same, places = Counter[_Key](), Counter[int]()
    for lines, numbers in zip(pages, candidates, strict=True):
        same.update({_build_key(lines[number]) for number in numbers})
        places.update({place for number in numbers for place in _list_places(lines[number])})
    found = []
    for lines, numbers in zip(pages, candidates, strict=True):
        running: set[int] = set()
        for number in numbers:
            line = lines[number]
            is_place = max(places[place] for place in _list_places(line)) >= most
            repeats = same[_build_key(line)]
            is_number = bool(_NUMBER.fullmatch(line.text))
            is_inner = number not in {0, len(lines) - 1} and not _is_next(number, running, lines)
            if not is_inner and (
                repeats >= most or (is_place and (repeats >= _MIN_REPEATS or is_number))
            ):
                running.add(number)
        found.append(running)
    return found


def _list_edges(lines: Sequence[Line]) -> Iterator[int]:
    """Yield the numbers of lines at the edges, from outside to inside."""
    by_height = sorted(range(len(lines)), key=lambda number: -lines[number].baseline)
    seen: set[int] = set()
    for position in range(min(_EDGE_LINES, len(lines))):
        for number in (by_height[position], by_height[-1 - position]):
            if number not in seen:
                seen.add(number)
                yield number


def _is_next(number: int, running: set[int], lines: Sequence[Line]) -> bool:
    """Return whether all lines further out are running ones."""
    baseline = lines[number].baseline
    above = {n for n, line in enumerate(lines) if line.baseline > baseline + 1}
    below = {n for n, line in enumerate(lines) if line.baseline < baseline - 1}
    return above <= running or below <= running


def _build_key(line: Line) -> _Key:
    masked = _ROMAN.sub("0", _DIGITS.sub("0", line.text.strip()))
    return masked, round(line.baseline / 6)


def _list_places(line: Line) -> tuple[int, int]:
    return int(line.baseline // 4), int((line.baseline + 2) // 4) + 100_000
