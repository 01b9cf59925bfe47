"""Answers without an LLM: word-for-word quotations of the best passages' sentences."""

from __future__ import annotations

import itertools
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from rag_core.protocols import Embedder
from rag_core.types import Passage, Vector

QUOTED_PASSAGES = 3
"""Passages that are quoted, at most."""

_NEIGHBOUR_SHARE = 0.85  # of the best score, from which the next sentence is quoted too
_PASSAGE_SHARE = 0.8  # of the best score of all, from which a second or third passage is quoted
_MAX_SENTENCES = 3
_MAX_CODE_LINES = 15
_MAX_CHARACTERS = 400

_MARKS = re.compile(r"`{3,}|~{3,}")
# Backticks with further backticks in the same line are inline code.
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
    is_code: bool


def quote(
    embedder: Embedder, query: Vector, passages: Sequence[Passage], numbers: Sequence[int] = ()
) -> tuple[str, tuple[int, ...]]:
    """Quote the sentences nearest to the question, each quotation with its link.

    Args:
        embedder: the one the index was built with.
        query: the question's vector, shape (dimension,), float32, of L2 norm 1.
        passages: best first; at most the first three are quoted.
        numbers: of the passages, as the answer cites them; from 1 on if there are none.

    Returns:
        Markdown, and the numbers of the passages quoted.
    """
    # Step 1: score every sentence and block of code of the first passages.
    units_by_passage = [_split_units(passage.chunk.text) for passage in passages[:QUOTED_PASSAGES]]
    scores_by_passage = _score_units(embedder, query, passages, units_by_passage)
    # Step 2: find the score from which a passage below the first is quoted.
    tops = [max(scores, default=-1.0) for scores in scores_by_passage]
    best = max(tops, default=-1.0)
    threshold = min(best, _PASSAGE_SHARE * best)  # a share of a negative cosine is above it
    # Step 3: quote the best sentences of each passage, and equal ones once.
    quotations, cited = [], []
    quoted: set[str] = set()  # pages of two sources may say the same
    numbers = numbers or range(1, len(passages) + 1)
    for place, (number, passage, units, scores) in enumerate(
        zip(numbers, passages, units_by_passage, scores_by_passage, strict=False)
    ):
        if not units or (place and tops[place] < threshold):
            continue
        text = _join_best_run(units, scores)
        if text not in quoted:
            quoted.add(text)
            quotations.append(_format_quotation(number, passage, text))
            cited.append(number)
    return "\n\n".join(quotations), tuple(cited)


def _format_quotation(number: int, passage: Passage, text: str) -> str:
    quoted = "\n".join(f"> {line}".rstrip() for line in text.splitlines())
    label = (passage.chunk.heading_path or passage.chunk.path).translate({91: "(", 93: ")"})
    return f"{quoted}\n>\n> [{number}] [{label}](<{passage.chunk.url}>)"


def _score_units(
    embedder: Embedder,
    query: Vector,
    passages: Sequence[Passage],
    units_by_passage: Sequence[Sequence[_Unit]],
) -> list[list[float]]:
    """Return the cosines of the units, below their headings, with the question."""
    texts = [
        f"{passage.chunk.heading_path}\n\n{unit.text}"
        for passage, units in zip(passages, units_by_passage, strict=False)
        for unit in units
    ]
    if not texts:
        return [[] for _ in units_by_passage]
    cosines = iter((embedder.embed_passages(texts) @ query).tolist())
    return [[next(cosines) for _ in units] for units in units_by_passage]


def _join_best_run(units: Sequence[_Unit], scores: Sequence[float]) -> str:
    """Join the best unit with the neighbours that belong to it."""
    best = max(range(len(units)), key=scores.__getitem__)
    # Code needs the sentence before it. Code behind a sentence always belongs to it, and a further
    # sentence does if it scores nearly as well as the best.
    first = best - 1 if units[best].is_code and best else best
    last = best
    while last + 1 < len(units) and last - first + 1 < _MAX_SENTENCES:
        following = units[last + 1]
        if not following.is_code and scores[last + 1] < _NEIGHBOUR_SHARE * scores[best]:
            break
        last += 1
    text = units[first].text
    for before, unit in itertools.pairwise(units[first : last + 1]):
        text += _choose_separator(before, unit) + unit.text
    return text


def _choose_separator(before: _Unit, unit: _Unit) -> str:
    if before.is_code or unit.is_code:
        return "\n\n"
    return "\n" if _BLOCK_START.match(unit.text) else " "


def _split_units(text: str) -> list[_Unit]:
    """Split a passage into units, without headings, which the link shows.

    Long code is left out unless the passage has nothing else.
    """
    units: list[_Unit] = []
    blocks = _split_blocks(text)
    only_code = all(is_code for _, is_code in blocks)
    for block, is_code in blocks:
        if is_code:
            if only_code or len(block.splitlines()) <= _MAX_CODE_LINES:
                units.append(_Unit(block, is_code=True))
        elif not block.lstrip().startswith("#"):
            sentences = _SENTENCE_END.split(block.strip())
            # A mark that is no fence here, for instance in a quotation, could open one in the
            # answer.
            units.extend(
                _Unit(textwrap.shorten(part, _MAX_CHARACTERS, placeholder=" …"), is_code=False)
                if len(part) > _MAX_CHARACTERS
                else _Unit(part.strip(), is_code=False)
                for part in sentences
                if not _MARKS.search(part)
            )
    return [unit for unit in units if any(character.isalnum() for character in unit.text)]


def _split_blocks(text: str) -> list[tuple[str, bool]]:
    """Split a passage into paragraphs, list items and code blocks, in order.

    True marks a code block; its indentation is removed.
    """
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
    if fence:  # the passage ends inside of a longer block
        blocks[-1][0].append(fence)
    return [
        ("\n".join(lines) if is_code else " ".join(lines), is_code) for lines, is_code in blocks
    ]
