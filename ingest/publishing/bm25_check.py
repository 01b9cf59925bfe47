"""A known answer of the word search: Milvus should compute BM25 as docent expects."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rag_core.errors import StoreError, WordSearchError
from rag_core.index.bm25_tokens import extract_terms
from rag_core.models.known_answers import CheckResult
from rag_core.protocols import WordScorer

TEXTS = (
    "The penguin and the iceberg",
    "A walrus sees a penguin on an iceberg near the blue glacier",
    "Walrus, walrus and iceberg",
)
"""The word stands in one of them twice, in one once, and in one never."""

WORD = "walrus"

_TOLERANCE = 0.01  # of a score; a server computes with float32
_ADVICE = "use Milvus 2.5 or 2.6 as its makers publish it"


def check_bm25(store: WordScorer) -> CheckResult:
    """Compare the order, size and sign of BM25 scores with the formula's."""
    try:
        scores = store.score_words(TEXTS, extract_terms(WORD))
    except WordSearchError as error:
        return _build_result(str(error))
    except StoreError as error:
        return _build_result(f"It could not be checked. {error}")
    return _build_result(_find_problem(scores))


def compute_scores(texts: Sequence[str], word: str) -> list[tuple[int, float]]:
    """Compute BM25 by the formula of Milvus's documentation.

    Returns:
        Number and score of each text with the word, best first.
    """
    from rag_core.index.schema import BM25_B, BM25_K1

    lists, term = [extract_terms(text).split() for text in texts], extract_terms(word)
    mean = sum(map(len, lists)) / len(lists)
    with_term = sum(term in terms for terms in lists)
    rarity = math.log(1 + (len(lists) - with_term + 0.5) / (with_term + 0.5))
    scores = []
    for number, terms in enumerate(lists):
        times, length = terms.count(term), len(terms) / mean
        share = times * (BM25_K1 + 1) / (times + BM25_K1 * (1 - BM25_B + BM25_B * length))
        scores.append((number, rarity * share))
    return sorted(((n, score) for n, score in scores if score), key=lambda pair: -pair[1])


def _find_problem(scores: Sequence[tuple[int, float]]) -> str:
    """Return what is wrong with the scores; empty if nothing is."""
    expected = compute_scores(TEXTS, WORD)
    if [number for number, _ in scores] != [number for number, _ in expected]:
        return (
            "Milvus finds other texts than BM25 should, or in another order, so the word search "
            f"makes answers worse: {_ADVICE}."
        )
    pairs = [(score, right) for (_, score), (_, right) in zip(scores, expected, strict=True)]
    if not all(math.isclose(abs(score), right, rel_tol=_TOLERANCE) for score, right in pairs):
        return (
            f"Milvus scores two texts {_format([score for score, _ in pairs])}, and BM25 with "
            f"docent's k1 and b {_format([right for _, right in pairs])}, so pages may stand in a "
            f"worse order: {_ADVICE}."
        )
    if any(score < 0 for score, _ in pairs):
        return (
            "Milvus gives scores of the other sign than this kind of Milvus did so far. docent "
            f"uses their size alone, so answers stay right; to be sure, {_ADVICE}."
        )
    return ""


def _format(scores: Sequence[float]) -> str:
    return " and ".join(f"{score:.3f}" for score in scores)


def _build_result(problem: str) -> CheckResult:
    says = problem or "Milvus computes BM25 as docent expects: order, size and sign of the scores."
    return CheckResult("word search", passed=not problem, says=says)
