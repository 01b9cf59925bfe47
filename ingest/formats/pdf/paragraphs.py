"""Paragraphs: lines are joined, with the hyphens at their ends where the page has evidence."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from ingest.documents import Block
from ingest.formats.pdf.lines import Line
from ingest.formats.structure import fence_code

_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_BROKEN = re.compile(r"([^\W\d_]+)[-\u00ad\u2010]$")
_BEGINNING = re.compile(r"[^\W\d_]+")
_LIST_MARK = re.compile(r"(?:[•◦▪●*–-]|\(?\d{1,3}[.)]|\(?[a-z]\))\s+\S")  # noqa: RUF001
_SENTENCE_ENDS = (".", ":", "!", "?", "。")
_LEADERS = re.compile(r"(?:\s?\.){4,}\s*")


class HyphenJudge:
    """Decides whether a hyphen at the end of a line belongs to the word.

    Args:
        lines: all lines of the document, in which the word may stand elsewhere.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        self._words: Counter[str] = Counter()
        for line in lines:
            text = _BROKEN.sub("", line.rstrip())
            self._words.update(word.casefold() for word in _WORD.findall(text))

    def join(self, text: str, line: str) -> str:
        """Return a text and its next line as one."""
        broken, rest = _BROKEN.search(text), _BEGINNING.match(line)
        if not broken or not rest or not rest[0][0].islower():
            return f"{text} {line}" if text else line
        first, second = broken[1].casefold(), rest[0].casefold()
        whole = self._words[first + second]
        compound = self._words[f"{first}-{second}"]
        are_words = self._words[first] > 0 and self._words[second] > 0
        if compound > whole or (not whole and are_words and len(first) > 3 < len(second)):
            return text + line
        return text[:-1] + line


def build_blocks(lines: Sequence[Line], judge: HyphenJudge) -> Iterator[Block]:
    """Yield the paragraphs and the code of lines."""
    marked = zip(lines, _mark_code(lines), strict=True)
    for is_code, group in groupby(marked, key=lambda pair: pair[1]):
        together = [line for line, _ in group]
        yield from _build_code(together) if is_code else _build_paragraphs(together, judge)


def _mark_code(lines: Sequence[Line]) -> list[bool]:
    """Return which lines are code, also by the lines around them."""
    marks = [line.is_code for line in lines]
    forward = range(1, len(lines))
    for numbers, step in ((forward, -1), (reversed(range(len(lines) - 1)), 1)):
        for number in numbers:
            line, other = lines[number], lines[number + step]
            if marks[number + step] and line.may_be_code and _is_near(line, other):
                marks[number] = True
    return marks


def _is_near(before: Line, line: Line) -> bool:
    is_alike = abs(before.pitch - line.pitch) < 0.05 * max(before.pitch, line.pitch)
    return is_alike and abs(before.baseline - line.baseline) < 4 * line.height


def _build_code(lines: Sequence[Line]) -> Iterator[Block]:
    if not lines:
        return
    pitch = max(lines[0].pitch, 0.1)
    first = min(line.left for line in lines)
    texts = []
    for number, line in enumerate(lines):
        gap = lines[number - 1].baseline - line.baseline if number else 0.0
        texts += [""] if gap > 1.9 * line.height else []
        texts.append(_format_code_line(line, first, pitch))
    fence = fence_code("\n".join(texts)).strip("\n")
    head, *_, tail = fence.split("\n")
    yield Block("fence", fence, head=head, tail=tail)


def _format_code_line(line: Line, first: float, pitch: float) -> str:
    """Return a line of code with its indentation and gaps."""
    text = ""
    for left, _, cell in line.cells:
        text = text.ljust(min(round((left - first) / pitch), 200)) + cell
    return text.rstrip()


def _build_paragraphs(lines: Sequence[Line], judge: HyphenJudge) -> Iterator[Block]:
    """Yield the paragraphs of lines."""
    end = max((line.right for line in lines), default=0.0)
    start = min((line.left for line in lines), default=0.0)
    text = ""
    for number, line in enumerate(lines):
        written = _LEADERS.sub(" ", line.text).strip()
        if text and (_LIST_MARK.match(written) or _has_gap(lines[number - 1], line)):
            yield Block("paragraph", text)
            text = ""
        text = judge.join(text, written)
        is_short = line.right - start < 0.8 * (end - start)
        if written.endswith(_SENTENCE_ENDS) and is_short:
            yield Block("paragraph", text)
            text = ""
    if text:
        yield Block("paragraph", text)


def _has_gap(before: Line, line: Line) -> bool:
    step = before.baseline - line.baseline
    sizes = sorted((line.height, before.height))
    return step > 1.9 * sizes[1] or sizes[1] > 1.12 * sizes[0]
