"""BM25 alone by its numbers k1 and b, and by what the words of a question count.

    python -m benchmarks.bm25 --json

Asks the users' questions of three documentations, and the Milvus FAQ in five languages, with the
starter profile's chunks (`--indexes FOLDER` keeps the indexes). BM25 is computed here by the
formula of Milvus. `left_out` has, for each documentation, the numbers that are best on the other
two, and what they and docent's own are worth on it.
"""

from __future__ import annotations

import argparse
import json
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness.question_sets import DOMAINS, FAQ, MULTILINGUAL, open_set
from rag_core.evaluation.judgements import Judgements
from rag_core.evaluation.metrics import compute_measures
from rag_core.index.bm25_tokens import build_query_terms, extract_terms
from rag_core.index.schema import BM25_B, BM25_K1
from rag_core.types import Chunk

_OURS = (BM25_K1, BM25_B)
_NUMBERS = [(k1, b) for k1 in (1.2, 1.5, 2.0) for b in (0.6, 0.75, 0.9)]
_DEPTH = 100


@dataclass(frozen=True)
class AskedSet:
    """A documentation with its questions: `words` finds chunks, `judgements` judges them."""

    words: WordIndex
    judgements: Judgements


class WordIndex:
    """The terms of chunks, to search by BM25."""

    def __init__(self, chunks: Sequence[Chunk]) -> None:
        self._chunks = chunks
        terms = [Counter(extract_terms(chunk.embedding_text).split()) for chunk in chunks]
        lengths = np.array([counts.total() for counts in terms], float)
        self._lengths = lengths / lengths.mean()
        self._counts: dict[str, dict[int, int]] = {}
        for number, counts in enumerate(terms):
            for term, count in counts.items():
                self._counts.setdefault(term, {})[number] = count

    def search(self, terms: str, k1: float, b: float) -> list[Chunk]:
        """Return the best chunks, best first."""
        scores: NDArray[np.float64] = np.zeros(len(self._chunks))
        norms = k1 * (1 - b + b * self._lengths)
        for term, weight in Counter(terms.split()).items():
            found = self._counts.get(term, {})
            places, counts = list(found), np.array(list(found.values()), float)
            idf = math.log((len(self._chunks) - len(found) + 0.5) / (len(found) + 0.5) + 1)
            scores[places] += weight * idf * counts * (k1 + 1) / (counts + norms[places])
        best = np.argsort(-scores, kind="stable")[:_DEPTH]
        return [self._chunks[place] for place in best if scores[place] > 0]


def main(argv: Sequence[str] | None = None) -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="The only form there is.")
    parser.add_argument("--indexes", type=Path, help="Folder that keeps the indexes.")
    chosen = parser.parse_args(argv)
    sets = {}
    for each in (*DOMAINS, FAQ, *MULTILINGUAL):
        with open_set(each, chosen.indexes) as opened:
            chunks = list(opened.target.store.read_chunks(opened.target.live.collection))
            sets[each.name] = AskedSet(WordIndex(chunks), opened.judgements)
    print(json.dumps(measure(sets, [each.name for each in DOMAINS]), indent=2))


def measure(sets: Mapping[str, AskedSet], domains: Sequence[str]) -> dict[str, Any]:
    """Measure all sets; numbers are chosen over the domains, without each in turn."""
    by_numbers = {
        numbers: {name: _score(asked, build_query_terms, *numbers) for name, asked in sets.items()}
        for numbers in (_OURS, *_NUMBERS)
    }
    left_out = {}
    for domain in domains:
        others = [name for name in domains if name != domain]
        best = max(by_numbers, key=lambda key: mean(by_numbers[key][name] for name in others))
        left_out[domain] = {
            "k1, b": best,
            "ndcg@10": by_numbers[best][domain],
            "ours": by_numbers[_OURS][domain],
        }
    return {
        "by_numbers": {f"{k1}, {b}": scores for (k1, b), scores in by_numbers.items()},
        "left_out": left_out,
        "every_word_counts_once": {
            name: _score(asked, extract_terms, *_OURS) for name, asked in sets.items()
        },
    }


def _score(asked: AskedSet, build: Callable[[str], str], k1: float, b: float) -> float:
    """Return the mean nDCG@10 of a set."""
    judgements = asked.judgements
    rankings = {
        question.id: judgements.list_ranked_names(asked.words.search(build(question.text), k1, b))
        for question in judgements.questions
    }
    measures = compute_measures(rankings, judgements.grades)
    return round(mean(measures["nDCG@10"].values()), 3)


if __name__ == "__main__":
    main()
