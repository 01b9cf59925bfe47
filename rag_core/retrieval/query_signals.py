"""Signals of a form or a division of a question: signs of its words, scores of its searches.

Both models are logistic regressions, fitted by `python -m benchmarks.follow_ups --fit` and
`python -m benchmarks.multi_part --fit`; docs/quality.md has the measurements.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from operator import mul

from rag_core.query.follow_up import LeaningSigns
from rag_core.query.plan import Division
from rag_core.retrieval.fitted import (
    DIVIDED_BIAS,
    DIVIDED_WEIGHTS,
    LEANING_BIAS,
    LEANING_WEIGHTS,
)
from rag_core.retrieval.hybrid_search import FusedCandidates
from rag_core.types import Hit

COMPARED_PAGES = 5
"""Pages of each part that are compared."""

_LEAST_SPREAD = 1e-3


@dataclass(frozen=True, slots=True)
class SignalModel:
    """A logistic regression.

    Attributes:
        weights: one for each signal.
        bias: added to the weighed signals.
        llm: added where the LLM, which has read the thread, wrote the form or the parts; chosen
            and not fitted.
    """

    weights: tuple[float, ...]
    bias: float
    llm: float

    def compute_probability(self, signals: Sequence[float], *, by_llm: bool = False) -> float:
        """Compute the probability that the second form or the division is right.

        Args:
            signals: in the order of the weights.
            by_llm: True if the LLM wrote the form or the parts.

        Returns:
            The probability, in [0, 1].
        """
        total = self.bias + by_llm * self.llm + sum(map(mul, self.weights, signals))
        return 1 / (1 + math.exp(-max(-500.0, min(total, 500.0))))


LEANING = SignalModel(LEANING_WEIGHTS, LEANING_BIAS, llm=2.0)
"""The model of `collect_form_signals`."""

DIVIDED = SignalModel(DIVIDED_WEIGHTS, DIVIDED_BIAS, llm=2.0)
"""The model of `collect_division_signals`."""

MARKED, UNMARKED = 0.5, 0.8
"""Probability from which a message is divided: if both parts ask or are lines, and if not.

A question after a sentence about its context is much more common than among the fitted messages.
"""

NEUTRAL_FORM_GAIN, NEUTRAL_DIVISION_GAIN, NEUTRAL_WORDS = 0.3, 0.0, 1.3
"""Signals to assume where the model can't read the question, or no words are found."""


def collect_form_signals(
    signs: LeaningSigns, asked: FusedCandidates, other: FusedCandidates, *, readable: bool
) -> tuple[float, ...]:
    """Collect the signals that a question leans on what was said before.

    Args:
        signs: those of its words.
        asked: the search for the question as it was asked.
        other: the search for it with what it may lean on.
        readable: True if the embedder reads the question's language.

    Returns:
        How much nearer the nearest chunk is with the other form, in spreads of the first search;
        the share of the best BM25 score that the question has alone; the signs.
    """
    gain = NEUTRAL_FORM_GAIN
    if readable and asked.dense_hits and other.dense_hits:
        difference = other.dense_hits[0].score - asked.dense_hits[0].score
        gain = max(-1.0, min(difference / _measure_spread(asked.dense_hits), 2.0))
    alone, together = _find_best(asked.lexical_hits), _find_best(other.lexical_hits)
    words = min(alone / together, 1.0) if together else 1.0
    return gain, words, *signs.values


def collect_division_signals(
    division: Division,
    whole: FusedCandidates,
    parts: tuple[FusedCandidates, FusedCandidates],
    *,
    readable: bool,
) -> tuple[float, ...]:
    """Collect the signals that a message asks two things.

    Args:
        division: its two parts.
        whole: the search for the whole message.
        parts: the searches for the parts.
        readable: True if the embedder reads the message's language.

    Returns:
        How much nearer the nearest chunks of the parts are, in the mean and for the better part, in
        spreads of the whole's search; the best BM25 scores of the parts over that of the whole; the
        share of the best pages that both parts find; the signs of the division.
    """
    first, second = parts
    mean = best = NEUTRAL_DIVISION_GAIN
    if readable and whole.dense_hits and first.dense_hits and second.dense_hits:
        spread = _measure_spread(whole.dense_hits)
        gains = [(part.dense_hits[0].score - whole.dense_hits[0].score) / spread for part in parts]
        mean, best = (max(-1.0, min(gain, 1.0)) for gain in (sum(gains) / 2, max(gains)))
    most = _find_best(whole.lexical_hits)
    together = _find_best(first.lexical_hits) + _find_best(second.lexical_hits)
    words = min(together / most, 2.0) if most else NEUTRAL_WORDS
    common = len(_list_pages(first) & _list_pages(second))
    return mean, best, words, common / COMPARED_PAGES, *division.values


def _measure_spread(hits: Sequence[Hit]) -> float:
    """Return how far the last hit is behind the first.

    It makes differences of cosines comparable between models.
    """
    return max(hits[0].score - hits[-1].score, _LEAST_SPREAD)


def _find_best(hits: Sequence[Hit]) -> float:
    return abs(hits[0].score) if hits else 0.0


def _list_pages(found: FusedCandidates) -> set[tuple[str, str]]:
    pages = dict.fromkeys(each.chunk.page_key for each in found.candidates)
    return set(list(pages)[:COMPARED_PAGES])
