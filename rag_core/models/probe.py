"""The probe of a reranker: two questions, each with the passage that answers the other one.

A reranker without its template, or with the head of another task, raises no error: its scores are
random, and worse than none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from rag_core.errors import RerankerError

QUESTIONS = ("What is the capital of China?", "How many wheels does a bicycle have?")
PASSAGES = ("The capital of China is Beijing.", "A bicycle has two wheels and a chain.")
"""Passage i answers question i alone. The first pair is Qwen3-Embedding's own example."""

Score = Callable[[str, Sequence[str]], NDArray[np.float32]]


def probe_reranker(model: str, score: Score, remedy: str) -> None:
    """Check that each question prefers its own passage.

    Args:
        model: name of the reranker, for the error.
        score: scores passages against a question; returns an array of shape (n,), finite.
        remedy: what a person can do, for the error.

    Raises:
        RerankerError: scores are equal, or in the wrong order.
    """
    for number, question in enumerate(QUESTIONS):
        scores = score(question, PASSAGES)
        right, wrong = float(scores[number]), float(scores[1 - number])
        if right <= wrong:
            raise RerankerError(
                f"The reranker {model} scores a passage that answers ({right:.3f}) no higher than "
                f"one that does not ({wrong:.3f}), so the order of the search stands: {remedy}."
            )
