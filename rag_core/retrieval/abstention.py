"""The calibrated decision, before any text is written, whether a question has an answer."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from operator import mul

from rag_core.index.bm25_tokens import extract_terms, list_function_words
from rag_core.types import Hit, Passage

ENOUGH_CHUNKS = 100
"""Below so many chunks, agreement and unknown words say nothing about the documentation."""

_WORD = re.compile(r"[^\W_]+")
_UNSPACED = {"CJK", "HIRAGANA", "KATAKANA", "HANGUL"}
_READ_HITS = 50  # of each search, for the words they contain; hits with rare words come first
_COMPARED_HITS = 3  # of the BM25 search


@dataclass(frozen=True, slots=True)
class Signals:
    """The signals of one question; docs/evaluation.md says how they were measured.

    Attributes:
        cosine: cosine of the question with the nearest chunk.
        rerank: the reranker's best score, in [0, 1].
        agreement: 1 if the page of the nearest chunk is that of one of the first three BM25 hits,
            else 0.
        unknown: share of the question's content words that occur in none of the chunks found.
        chunks: number of chunks that the dense search found; it has no weight.
    """

    cosine: float
    rerank: float
    agreement: float
    unknown: float
    chunks: int = ENOUGH_CHUNKS

    @property
    def values(self) -> tuple[float, float, float, float]:
        """The four signals that have a weight, in the order of the weights."""
        return self.cosine, self.rerank, self.agreement, self.unknown


NEUTRAL = Signals(cosine=0.0, rerank=0.0, agreement=0.3, unknown=0.0)
"""Agreement and unknown share to assume where too few chunks were found to measure them."""


@dataclass(frozen=True, slots=True)
class Abstention:
    """A logistic regression over the signals, and the threshold below which docent refuses.

    Attributes:
        weights: one for each of `Signals.values`, in that order.
        bias: added to the weighed signals.
        threshold: probability of an answer below which a question is refused.
        sure: probability from which an answer is given without doubt; below it docent says that it
            is not sure.
        fewest: chunks that the dense search must find before a question can be refused.
    """

    weights: tuple[float, float, float, float]
    bias: float
    threshold: float
    fewest: int = 0
    sure: float = 0.0

    def compute_probability(self, signals: Signals) -> float:
        """Return the probability, in [0, 1], that the documentation has an answer."""
        total = self.bias + sum(map(mul, self.weights, signals.values))
        return 1 / (1 + math.exp(-total)) if total > -500 else 0.0

    def should_refuse(self, signals: Signals) -> bool:
        """Return True if docent should say that it found nothing."""
        return signals.chunks >= self.fewest and self.compute_probability(signals) < self.threshold

    def is_unsure(self, signals: Signals) -> bool:
        """Return True if an answer should say that docent is not sure."""
        return self.compute_probability(signals) < self.sure


def compute_signals(
    question: str, dense: Sequence[Hit], lexical: Sequence[Hit], passages: Sequence[Passage]
) -> Signals | None:
    """Compute the signals of a question from its searches and its ranking.

    Args:
        question: the text that was searched for.
        dense: hits of the dense search, best first.
        lexical: hits of the BM25 search, best first; empty if it found nothing.
        passages: the ranked passages.

    Returns:
        The signals, or None if the dense search found nothing or no passage has a rerank score.
    """
    rerank_scores = [each.rerank_score for each in passages if each.rerank_score is not None]
    if not dense or not rerank_scores:
        return None
    enough = len(dense) >= ENOUGH_CHUNKS
    return Signals(
        cosine=dense[0].score,
        rerank=max(rerank_scores),
        agreement=_compute_agreement(dense, lexical) if enough and lexical else NEUTRAL.agreement,
        unknown=_compute_unknown_share(question, dense, lexical) if enough else NEUTRAL.unknown,
        chunks=len(dense),
    )


def _compute_agreement(dense: Sequence[Hit], lexical: Sequence[Hit]) -> float:
    pages = {hit.chunk.page_key for hit in lexical[:_COMPARED_HITS]}
    return float(dense[0].chunk.page_key in pages)


def _compute_unknown_share(question: str, dense: Sequence[Hit], lexical: Sequence[Hit]) -> float:
    """Compute the share of content words that occur in no hit.

    Function words are counted only where there are no others. Words in an alphabet that the chunks
    don't use are not counted, because the question is then in another language. The share is 1 if
    BM25 found no word, and if the question has none.
    """
    hits = (*dense[:_READ_HITS], *lexical[:_READ_HITS])
    chunks = {hit.chunk.id: hit.chunk for hit in hits}.values()
    texts = [part for chunk in chunks for part in (chunk.title, *chunk.headings, chunk.text)]
    text = f" {' '.join(texts)}".lower()
    alphabets = {_find_alphabet(letter) for letter in set(text)}
    all_words = {word.lower() for word in _WORD.findall(question)}
    words = all_words - list_function_words(question) or all_words
    readable = {word for word in words if _find_alphabet(word[0]) in alphabets}
    letters = [word for word in words if word.isalpha()]
    if letters and readable.isdisjoint(letters):
        return NEUTRAL.unknown
    if not lexical or not readable:
        return 1.0
    return sum(not _is_known(word, text, alphabets) for word in readable) / len(readable)


def _is_known(word: str, text: str, alphabets: set[str]) -> bool:
    """Return True if every stem of a word occurs in the text."""
    stems = (stem for stem in extract_terms(word).split() if _find_alphabet(stem[0]) in alphabets)
    return all(_is_in_text(stem, text) for stem in stems)


def _is_in_text(stem: str, text: str) -> bool:
    """Return True if a word of the text begins with the stem."""
    if not stem.isascii() and _find_alphabet(stem[0]) in _UNSPACED:
        return stem in text
    stem = stem.removesuffix("i")  # the stemmer writes `studi` for `study`
    position = text.find(stem)
    while position > 0 and text[position - 1].isalnum():
        position = text.find(stem, position + 1)
    return position >= 0


@cache
def _find_alphabet(letter: str) -> str:
    """Return the name of a character's script, such as LATIN or DIGIT."""
    return unicodedata.name(letter, "?").partition(" ")[0]
