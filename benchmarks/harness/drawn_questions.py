"""Questions drawn from an index: headings of its sections, and lines of its code, pasted."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from rag_core.evaluation.files import EvaluationQuestion
from rag_core.evaluation.judgements import Judgements, match_judgements
from rag_core.index.bm25_tokens import extract_terms
from rag_core.types import Chunk

_COUNT = 80
_SEED = 1
_PASTES = ("I get this: {}", "{}", "What does this mean: {}", "why {} ?")
_FENCE = re.compile(r"\s*(?:```|~~~)")


def draw_headings(chunks: Iterable[Chunk]) -> Judgements:
    """Draw headings of three words or more that a single page has, asked as they are."""
    pages: dict[str, set[str]] = defaultdict(set)
    for chunk in chunks:
        if chunk.headings and len(chunk.headings[-1].split()) >= 3:
            pages[chunk.headings[-1]].add(chunk.path)
    return _judge("heading", _draw(pages), chunks)


def draw_pastes(chunks: Iterable[Chunk]) -> Judgements:
    """Draw lines of code or output that a single page has, as somebody pastes them."""
    pages: dict[str, set[str]] = defaultdict(set)
    for chunk in chunks:
        for line in _list_code_lines(chunk.text):
            if 25 <= len(line) <= 160 and len(extract_terms(line).split()) >= 5:
                pages[line].add(chunk.path)
    drawn = {
        _PASTES[number % len(_PASTES)].format(line): page
        for number, (line, page) in enumerate(_draw(pages).items())
    }
    return _judge("paste", drawn, chunks)


def _list_code_lines(text: str) -> Iterator[str]:
    inside = False
    for line in text.splitlines():
        if _FENCE.match(line):
            inside = not inside
        elif inside and re.search("[A-Za-z]{3}", line):
            yield line.strip()


def _draw(pages: Mapping[str, set[str]]) -> dict[str, str]:
    single = sorted((text, *paths) for text, paths in pages.items() if len(paths) == 1)
    random.Random(_SEED).shuffle(single)
    return dict(single[:_COUNT])


def _judge(kind: str, drawn: Mapping[str, str], chunks: Iterable[Chunk]) -> Judgements:
    questions = [EvaluationQuestion(f"{kind} {n}", text, "en") for n, text in enumerate(drawn)]
    grades = {each.id: {drawn[each.text]: 1} for each in questions}
    return match_judgements(questions, grades, chunks, level="page")
