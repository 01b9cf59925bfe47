"""Questions in the words of a team over the Milvus 2.4 documentation, with and without a glossary.

    python -m benchmarks.glossary --json

Questions and glossary were written for docent (`glossary.jsonl`, `glossary.txt`). Most questions
use a word of a made-up team; some have such a word in its ordinary sense, where the glossary can
only do harm. hit@n counts questions with a right page among the first n; `refused` counts those for
which docent says that it found nothing.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from benchmarks.harness.bench_index import BenchIndex
from benchmarks.harness.question_sets import MILVUS_CORPUS
from rag_core.pipeline import Pipeline
from rag_core.query.glossary import Glossary
from rag_core.types import Answer, Passage, Question

QUESTIONS = Path(__file__).with_suffix(".jsonl")
GLOSSARY = Path(__file__).with_suffix(".txt")


class Asked(Protocol):
    """The part of the pipeline that is measured."""

    def search(self, question: Question, *, limit: int = 10) -> tuple[Passage, ...]:
        """Return passages, best first."""

    def answer(self, question: Question) -> Answer:
        """Return the answer."""


@dataclass(frozen=True)
class TeamQuestion:
    """A question in the words of the team; `pages` answer it."""

    question: str
    pages: list[str]
    kind: str


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="The only form there is.")
    parser.parse_args()
    with BenchIndex.open() as bench:
        bench.index(MILVUS_CORPUS)
        measured = {
            "without": measure(bench.pipeline, questions()),
            "with glossary": measure(_with_glossary(bench), questions()),
        }
    print(json.dumps(measured, indent=2))


def questions() -> list[TeamQuestion]:
    """All questions, in the order of the file."""
    return [TeamQuestion(**json.loads(line)) for line in QUESTIONS.read_text().splitlines()]


def measure(pipeline: Asked, asked: Iterable[TeamQuestion]) -> dict[str, dict[str, int]]:
    """Count by kind: questions, those whose page is among the first, and those refused."""
    counts: dict[str, Counter[str]] = {}
    for each in asked:
        count = counts.setdefault(each.kind, Counter())
        found = _pages(pipeline.search(Question(each.question), limit=50))
        count["questions"] += 1
        for depth in (1, 3, 5):
            count[f"hit@{depth}"] += not set(found[:depth]).isdisjoint(each.pages)
        count["refused"] += pipeline.answer(Question(each.question)).status == "not_found"
    return {kind: dict(count) for kind, count in counts.items()}


def _with_glossary(bench: BenchIndex) -> Pipeline:
    lane: Any = bench.models.inference.questions
    tuning = replace(bench.models.tuning, glossary=Glossary.read(GLOSSARY))
    return Pipeline(embedder=lane, reranker=lane, store=bench.store, generator=None, tuning=tuning)


def _pages(passages: Iterable[Passage]) -> list[str]:
    return list(dict.fromkeys(passage.chunk.path.removeprefix("en/") for passage in passages))


if __name__ == "__main__":
    main()
