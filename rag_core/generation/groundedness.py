"""Groundedness: a passage supports a sentence by the cosine of the sentence with its parts."""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Sequence

import numpy as np

from rag_core.errors import DocentError
from rag_core.generation.text.prose import SENTENCE_END
from rag_core.protocols import Embedder
from rag_core.types import Chunk, Passage, Vectors

logger = logging.getLogger(__name__)

SHORTEST = 15
"""Characters that a sentence needs to be judged; shorter ones keep their markers."""

_PARTS = 12  # sentences of a passage that are compared


class SupportChecker:
    """Judges sentences of one answer; in doubt a marker stays.

    Args:
        embedder: the one the index was built with.
        passages: as the answer numbers them, from 1.
        threshold: cosine from which a passage supports a sentence.
    """

    def __init__(self, embedder: Embedder, passages: Sequence[Passage], threshold: float) -> None:
        self._embedder = embedder
        self._passages = passages
        self._threshold = threshold
        self._parts: dict[int, Vectors] = {}
        self._last: tuple[str, Vectors] | None = None
        self._has_failed = False

    def __call__(self, sentence: str, number: int) -> bool:
        """Return True if the passage of a number supports the sentence."""
        chunk = self._passages[number - 1].chunk
        # An embedder that failed once would delay each further sentence.
        if (
            self._has_failed
            or len(sentence) < SHORTEST
            or not _has_same_alphabet(sentence, chunk.text)
        ):
            return True
        try:
            return self.compute_cosine(sentence, number) >= self._threshold
        except DocentError:
            self._has_failed = True
            logger.exception("A citation could not be checked; it stays")
            return True

    def compute_cosine(self, sentence: str, number: int) -> float:
        """Return the sentence's best cosine with a part of the passage.

        Raises:
            ModelError: the embedder failed.
        """
        if number not in self._parts:
            texts = list_comparison_texts(self._passages[number - 1].chunk)
            self._parts[number] = self._embedder.embed_passages(texts)
        if self._last is None or self._last[0] != sentence:
            self._last = sentence, self._embedder.embed_passages([sentence])
        return float((self._parts[number] @ self._last[1][0]).max())


def list_comparison_texts(chunk: Chunk) -> list[str]:
    """List the whole passage and its sentences, for comparison with a sentence."""
    sentences = [part.strip() for part in SENTENCE_END.split(chunk.text)]
    long_enough = [part for part in sentences if len(part) >= SHORTEST]
    return [chunk.embedding_text, *long_enough[:_PARTS]]


def _has_same_alphabet(sentence: str, passage: str) -> bool:
    """Return True if an embedder of one language can compare the two."""
    return _find_alphabet(sentence) == _find_alphabet(passage)


def _find_alphabet(text: str) -> str:
    letters = [
        unicodedata.name(letter, "?").partition(" ")[0] for letter in text[:400] if letter.isalpha()
    ]
    return max(set(letters), key=letters.count) if letters else ""


def find_support_threshold(cosines: Sequence[float], *, lost: float) -> float:
    """Return the cosine below which at most the share `lost` lies.

    Args:
        cosines: of sentences with passages that support them.
        lost: share, in [0, 1), of these citations that may be dropped.
    """
    return float(np.sort(np.asarray(cosines))[int(lost * len(cosines))])
