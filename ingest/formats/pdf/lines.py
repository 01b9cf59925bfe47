"""Lines of a page: characters with their places become fragments, and fragments lines."""

from __future__ import annotations

import ctypes
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pypdfium2 import raw

GAP = 1.0
"""White space, in heights of a line, that divides two cells of a line."""

_HYPHEN = 2  # PDFium's code of a hyphen at the end of a line
_BREAKS = {10, 13}
_SPACES = {9, 32, 160}
_LIGATURES = re.compile("[\ufb00-\ufb06]")
_NO_CHARACTERS = {0xFFFD, 0xFFFE, 0xFFFF}
_PRIVATE = range(0xE000, 0xF900)
_NARROW = re.compile(r"[ijlfrtI.,:;'|!()\[\]]")
_WIDE = re.compile(r"[A-HJ-Zabcdeghknopqsuvxyzmw@#%&=+_]")
_SAME_WIDTH = 0.12
"""Share by which an M may reach over the place that it has in a font of equal widths."""

_MIN_CODE = 4  # characters that tell
_SAME_LINE = 0.4  # heights by which a superscript may stand above its line


@dataclass(slots=True)
class Fragment:
    """Text of one size that stands together on a line.

    Attributes:
        order: its number in the file.
        left: of its first character, in points from the left.
        right: of its last character.
        baseline: in points from the bottom.
        height: of a line in its font.
        text: its characters.
        has_space: whether a space is before it.
        narrowest: width of its narrowest character.
        widest: width of its widest one.
    """

    order: int
    left: float
    right: float
    baseline: float
    height: float
    text: str = ""
    has_space: bool = False
    narrowest: float = 1e6
    widest: float = 0.0

    @property
    def may_be_code(self) -> bool:
        """True if all characters are equally wide, as far as there are several."""
        return self.widest - self.narrowest < _SAME_WIDTH * self.widest

    @property
    def is_code(self) -> bool:
        """True if narrow letters are as wide as others; digits are in most fonts."""
        text = self.text if self.may_be_code and len(self.text) >= _MIN_CODE else ""
        return bool(_NARROW.search(text) and _WIDE.search(text))


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a page or of one of its columns.

    Attributes:
        cells: its parts between wide gaps, each with its left and right end.
        baseline: in points from the bottom of the page.
        height: of its letters.
        is_code: whether all of it is in a font of equal widths, as in code.
        may_be_code: whether it could be, by the letters that it has.
        pitch: width of its characters, if it may be code.
    """

    cells: tuple[tuple[float, float, str], ...]
    baseline: float
    height: float
    is_code: bool = False
    may_be_code: bool = False
    pitch: float = 0.0

    @property
    def text(self) -> str:
        """The line without its gaps."""
        return " ".join(text for _, _, text in self.cells)

    @property
    def left(self) -> float:
        """Left end of the line."""
        return self.cells[0][0]

    @property
    def right(self) -> float:
        """Right end of the line."""
        return self.cells[-1][1]


class FragmentReader:
    """Reads the fragments of pages, one page after the other."""

    def __init__(self) -> None:
        self._box = raw.FS_RECTF()
        self._x, self._y = ctypes.c_double(), ctypes.c_double()

    def read(self, text_page: Any) -> tuple[list[Fragment], int]:
        """Return the fragments of a page, in their order in the file.

        The number is that of characters whose font does not say what they are.
        """
        fragments: list[Fragment] = []
        current: Fragment | None = None
        has_space, unknown = False, 0
        for index in range(raw.FPDFText_CountChars(text_page)):
            code = raw.FPDFText_GetUnicode(text_page, index)
            if code in _BREAKS:
                current = None
            if code in _BREAKS or code in _SPACES:
                has_space = True
                continue
            left, right, height, baseline = self._measure(text_page, index)
            if current is None or not _is_next(current, left, baseline, height):
                current = Fragment(len(fragments), left, right, baseline, height)
                current.has_space, has_space = has_space, False
                fragments.append(current)
            character = _read_character(code)
            unknown += not character
            if has_space and current.text:
                current.text += " "
            current.text += character
            current.right = max(current.right, right)
            current.narrowest = min(current.narrowest, right - left)
            current.widest = max(current.widest, right - left)
            has_space = False
        for fragment in fragments:
            fragment.text = _LIGATURES.sub(_expand_ligature, fragment.text)
        return [fragment for fragment in fragments if fragment.text.strip()], unknown

    def _measure(self, text_page: Any, index: int) -> tuple[float, float, float, float]:
        box = self._box
        raw.FPDFText_GetLooseCharBox(text_page, index, box)
        raw.FPDFText_GetCharOrigin(text_page, index, self._x, self._y)
        return box.left, box.right, max(box.top - box.bottom, 1.0), self._y.value


def _is_next(fragment: Fragment, left: float, baseline: float, height: float) -> bool:
    size = fragment.height
    is_level = abs(baseline - fragment.baseline) < 0.2 * size
    is_next = -0.5 * size < left - fragment.right < GAP * size
    return is_level and is_next and 0.85 < height / size < 1.18


def _read_character(code: int) -> str:
    """Return a character; empty if its font names none."""
    if code == _HYPHEN:
        return "-"
    if code < 32 or 127 <= code < 160 or code in _NO_CHARACTERS or code in _PRIVATE:
        return ""
    return "" if 0xD800 <= code < 0xE000 or code > 0x10FFFF else chr(code)


def _expand_ligature(match: re.Match[str]) -> str:
    return unicodedata.normalize("NFKC", match[0])


def build_lines(fragments: Iterable[Fragment]) -> list[Line]:
    """Return the lines of a column from top to bottom."""
    lines: list[Line] = []
    row: list[Fragment] = []
    for fragment in sorted(fragments, key=lambda each: (-each.baseline, each.left)):
        if row and row[0].baseline - fragment.baseline > _SAME_LINE * max(
            row[0].height, fragment.height
        ):
            lines.append(_build_line(row))
            row = []
        row.append(fragment)
    if row:
        lines.append(_build_line(row))
    return lines


def _build_line(row: Sequence[Fragment]) -> Line:
    cells: list[tuple[float, float, str]] = []
    for fragment in sorted(row, key=lambda each: each.left):
        left, text = fragment.left, fragment.text
        if not cells or left - cells[-1][1] > GAP * fragment.height:
            cells.append((left, fragment.right, text))
            continue
        first, end, before = cells[-1]
        glue = " " if fragment.has_space or left - end > 0.2 * fragment.height else ""
        cells[-1] = (first, max(end, fragment.right), f"{before}{glue}{text}")
    widest = max(row, key=lambda each: each.right - each.left)
    may_be_code = all(fragment.may_be_code for fragment in row)
    return Line(
        cells=tuple(cells),
        baseline=widest.baseline,
        height=widest.height,
        is_code=may_be_code and any(fragment.is_code for fragment in row),
        may_be_code=may_be_code,
        pitch=widest.narrowest,
    )
