"""Whether the documentation answers a question at all: a calibrated decision before any writing."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from operator import mul

from rag_core.index.bm25_tokens import extract_terms
from rag_core.types import Hit, Passage

ENOUGH_CHUNKS = 100
"""Chunks the searches must find before their words say something about the documentation."""

_PART = re.compile(r"[^\W_]+")
_UNSPACED = {"CJK", "HIRAGANA", "KATAKANA", "HANGUL"}
_READ = 50  # hits of each search whose words are known: the rare ones come first there
_PAGES = 10  # hits of each search whose pages are compared


@dataclass(frozen=True, slots=True)
class Signals:
    """What the searches say about a question; measured in docs/evaluation.md.

    Attributes:
        cosine: of the nearest chunk.
        rerank: the reranker's best score.
        agreement: share of pages in the first ten hits of either search that are in both.
        unknown: share of the question's words that no chunk found has.
        chunks: how many the search by vectors found; not weighed.
    """

    cosine: float
    rerank: float
    agreement: float
    unknown: float
    chunks: int = ENOUGH_CHUNKS

    @property
    def values(self) -> tuple[float, float, float, float]:
        """What is weighed, in the order of the weights."""
        return self.cosine, self.rerank, self.agreement, self.unknown


NEUTRAL = Signals(cosine=0.0, rerank=0.0, agreement=0.3, unknown=0.0)
"""Agreement and unknown words where so few chunks were found that they say nothing."""


@dataclass(frozen=True, slots=True)
class Abstention:
    """A logistic regression over the signals, in their order, and where to refuse.

    Where fewer than `fewest` chunks are found, nothing is refused.
    """

    weights: tuple[float, float, float, float]
    bias: float
    threshold: float
    fewest: int = 0

    def compute_probability(self, signals: Signals) -> float:
        """That the documentation answers, in [0, 1]."""
        total = self.bias + sum(map(mul, self.weights, signals.values))
        return 1 / (1 + math.exp(-total)) if total > -500 else 0.0

    def should_refuse(self, signals: Signals) -> bool:
        """Whether docent says that it found nothing."""
        return signals.chunks >= self.fewest and self.compute_probability(signals) < self.threshold


def compute_signals(
    question: str, dense: Sequence[Hit], words: Sequence[Hit], passages: Sequence[Passage]
) -> Signals | None:
    """The signals of a question; None where a search or the reranker had to be done without."""
    reranked = [found.rerank_score for found in passages if found.rerank_score is not None]
    if not dense or not reranked:
        return None
    enough = len(dense) >= ENOUGH_CHUNKS and words
    return Signals(
        cosine=dense[0].score,
        rerank=max(reranked),
        agreement=_compute_agreement(dense, words) if enough else NEUTRAL.agreement,
        unknown=_compute_unknown_share(question, (*dense[:_READ], *words[:_READ]))
        if enough
        else NEUTRAL.unknown,
        chunks=len(dense),
    )


def _compute_agreement(dense: Sequence[Hit], words: Sequence[Hit]) -> float:
    near, exact = (
        {(h.chunk.source, h.chunk.path) for h in hits[:_PAGES]} for hits in (dense, words)
    )
    return len(near & exact) / len(near | exact)


def _compute_unknown_share(question: str, hits: Iterable[Hit]) -> float:
    """Share of unknown words; a stem counts as known where a word begins with it.

    Words in an alphabet that the chunks don't use are not counted: it is another language.
    """
    chunks = {hit.chunk.id: hit.chunk for hit in hits}.values()
    texts = [part for chunk in chunks for part in (chunk.title, *chunk.headings, chunk.text)]
    found = f" {' '.join(texts)}".lower()
    alphabets = {_find_alphabet(letter) for letter in set(found)}
    asked = {
        word.lower() for word in _PART.findall(question) if _find_alphabet(word[0]) in alphabets
    }
    unknown = sum(not _is_known(word, found, alphabets) for word in asked)
    return unknown / len(asked) if asked else 0.0


def _is_known(word: str, found: str, alphabets: set[str]) -> bool:
    """Whether every stem of a word occurs; function words have none."""
    stems = (stem for stem in extract_terms(word).split() if _find_alphabet(stem[0]) in alphabets)
    return all(_is_in_text(stem, found) for stem in stems)


def _is_in_text(stem: str, text: str) -> bool:
    if not stem.isascii() and _find_alphabet(stem[0]) in _UNSPACED:
        return stem in text
    stem = stem.removesuffix("i")  # the stemmer writes `studi` for `study`
    place = text.find(stem)
    while place > 0 and text[place - 1].isalnum():
        place = text.find(stem, place + 1)
    return place >= 0


@cache
def _find_alphabet(letter: str) -> str:
    """Name of a letter's script, for instance LATIN; DIGIT for digits."""
    return unicodedata.name(letter, "?").partition(" ")[0]
