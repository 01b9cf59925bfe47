"""An answer without an LLM: the sentences of the best passages that answer, word for word."""

from __future__ import annotations

import itertools
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from rag_core.protocols import Embedder
from rag_core.types import Passage, Vector

QUOTED_PASSAGES = 3
"""Passages that are quoted from."""

_NEAR = 0.85  # a neighbouring sentence is quoted too if it scores this share of the best
_WORTH = 0.8  # a passage below the first is quoted if it scores this share of the best of all
_MOST_SENTENCES = 3
_MOST_CODE_LINES = 15
_MOST_CHARACTERS = 400

_MARKS = re.compile(r"`{3,}|~{3,}")
# A line of backticks with more backticks behind them is inline code.
_FENCE = re.compile(r"^\s*(?:(?:[-*+]|\d+[.)])\s+)?(`{3,}(?!.*`)|~{3,})(.*)")
# Not after the number of a list item; a quotation mark or bracket after the stop stays with it.
_SENTENCE_END = re.compile(
    r"(?<!^\d\.)(?<!^\d\d\.)(?:(?<=[.!?])|(?<=[.!?][\"')\]]))\s+(?=[^\sa-z])|(?<=[。！？])"  # noqa: RUF001
)
_BLOCK_START = re.compile(r"^\s*(?:(?:[-*+]|\d+[.)])\s|[>|#])")


@dataclass(frozen=True, slots=True)
class _Unit:
    """A sentence, a list item, or a block of code that belongs to the sentence before it."""

    text: str
    code: bool


def quote(
    embedder: Embedder, query: Vector, passages: Sequence[Passage]
) -> tuple[str, tuple[int, ...]]:
    """Quote the sentences nearest to the question, each quotation with its link.

    Args:
        embedder: the one the index was built with.
        query: the question's vector, shape (dimension,).
        passages: best first; the first three are quoted from.

    Returns:
        Markdown, and the numbers (from 1) of the passages quoted.
    """
    units = [_split_units(passage.chunk.text) for passage in passages[:QUOTED_PASSAGES]]
    scored = _score_units(embedder, query, passages, units)
    tops = [max(scores, default=-1.0) for scores in scored]
    best = max(tops, default=-1.0)
    worth = min(best, _WORTH * best)  # a share of a negative cosine would be above it
    quotations, numbers = [], []
    quoted: set[str] = set()  # pages of two sources may say the same
    for number, (passage, found, scores) in enumerate(
        zip(passages, units, scored, strict=False), 1
    ):
        if not found or (number > 1 and tops[number - 1] < worth):
            continue
        text = _join_best_run(found, scores)
        if text not in quoted:
            quoted.add(text)
            quotations.append(_format_quotation(number, passage, text))
            numbers.append(number)
    return "\n\n".join(quotations), tuple(numbers)


def _format_quotation(number: int, passage: Passage, text: str) -> str:
    quoted = "\n".join(f"> {line}".rstrip() for line in text.splitlines())
    label = (passage.chunk.heading_path or passage.chunk.path).translate({91: "(", 93: ")"})
    return f"{quoted}\n>\n> [{number}] [{label}](<{passage.chunk.url}>)"


def _score_units(
    embedder: Embedder,
    query: Vector,
    passages: Sequence[Passage],
    units: Sequence[Sequence[_Unit]],
) -> list[list[float]]:
    """Cosine of each unit, read below its headings, with the question."""
    texts = [
        f"{passage.chunk.heading_path}\n\n{unit.text}"
        for passage, found in zip(passages, units, strict=False)
        for unit in found
    ]
    if not texts:
        return [[] for _ in units]
    flat = iter((embedder.embed_passages(texts) @ query).tolist())
    return [[next(flat) for _ in found] for found in units]


def _join_best_run(units: Sequence[_Unit], scores: Sequence[float]) -> str:
    """The best unit with the neighbours that belong to it, in their order."""
    best = max(range(len(units)), key=scores.__getitem__)
    first = best - 1 if units[best].code and best else best
    last = best
    while last + 1 < len(units) and last - first + 1 < _MOST_SENTENCES:
        following = units[last + 1]
        if not following.code and scores[last + 1] < _NEAR * scores[best]:
            break
        last += 1
    text = units[first].text
    for before, unit in itertools.pairwise(units[first : last + 1]):
        text += _choose_separator(before, unit) + unit.text
    return text


def _choose_separator(before: _Unit, unit: _Unit) -> str:
    if before.code or unit.code:
        return "\n\n"
    return "\n" if _BLOCK_START.match(unit.text) else " "


def _split_units(text: str) -> list[_Unit]:
    """Split a passage; headings are left out, they stand in the link.

    Long code is quoted only where there is nothing else.
    """
    units: list[_Unit] = []
    blocks = _split_blocks(text)
    only_code = all(code for _, code in blocks)
    for block, code in blocks:
        if code:
            if only_code or len(block.splitlines()) <= _MOST_CODE_LINES:
                units.append(_Unit(block, code=True))
        elif not block.lstrip().startswith("#"):
            parts = _SENTENCE_END.split(block.strip())
            # What is no fence here, in a quotation for instance, must not open one there.
            units.extend(
                _Unit(textwrap.shorten(part, _MOST_CHARACTERS, placeholder=" …"), code=False)
                if len(part) > _MOST_CHARACTERS
                else _Unit(part.strip(), code=False)
                for part in parts
                if not _MARKS.search(part)
            )
    return [unit for unit in units if any(character.isalnum() for character in unit.text)]


def _split_blocks(text: str) -> list[tuple[str, bool]]:
    """Paragraphs, list items and fences, in order; True marks a fence, moved to the margin."""
    blocks: list[tuple[list[str], bool]] = []
    fence, indent = "", 0
    open_paragraph = False
    for line in text.splitlines():
        mark = _FENCE.match(line)
        if fence:
            closes = mark and mark.group(1).startswith(fence) and not mark.group(2).strip()
            blocks[-1][0].append(fence if closes else line[:indent].lstrip() + line[indent:])
            fence = "" if closes else fence
        elif mark:
            fence, indent, open_paragraph = mark.group(1), mark.start(1), False
            blocks.append(([line[indent:]], True))
        elif not line.strip():
            open_paragraph = False
        elif open_paragraph and not _BLOCK_START.match(line):
            blocks[-1][0].append(line)
        else:
            blocks.append(([line], False))
            open_paragraph = not line.lstrip().startswith("#")
    if fence:  # a piece of a longer block
        blocks[-1][0].append(fence)
    return [("\n".join(lines) if code else " ".join(lines), code) for lines, code in blocks]
