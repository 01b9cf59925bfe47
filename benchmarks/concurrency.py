"""Questions at once: throughput and waiting, against the same questions one after the other.

    python -m benchmarks.concurrency --json

Starter profile, retrieval and reranking as the pipeline does them. At a level of n, n askers each
ask their next question when they have an answer. The levels take turns, and the medians of the
rounds are reported, so that a slow minute of the machine hits all of them.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.harness.bench_index import CORPUS, BenchIndex, pages, spread, timed
from rag_core.types import Question

LEVELS = (1, 8, 32)


@dataclass(frozen=True)
class Round:
    """One level, once."""

    per_second: float
    seconds: list[float]


def measure(bench: BenchIndex, *, count: int, rounds: int) -> dict[str, Any]:
    """All levels in turn, each with questions of its own."""
    questions = bench.questions()
    run(bench, questions, 1, count)
    found: dict[int, list[Round]] = {level: [] for level in LEVELS}
    for _ in range(rounds):
        for level in LEVELS:
            found[level].append(run(bench, questions, level, max(count, level)))
    rates = {level: statistics.median(done.per_second for done in found[level]) for level in LEVELS}
    return {
        "rounds": rounds,
        "levels": {
            str(level): spread([second for done in found[level] for second in done.seconds])
            | {"per_second": round(rates[level], 2), "ratio": round(rates[level] / rates[1], 2)}
            for level in LEVELS
        },
    }


def run(bench: BenchIndex, questions: Iterator[Question], level: int, count: int) -> Round:
    """So many questions by `level` askers."""
    waiting = deque(itertools.islice(questions, count))
    seconds: list[float] = []

    def ask_until_done(_: int) -> None:
        while True:
            try:
                question = waiting.popleft()
            except IndexError:
                return
            seconds.append(bench.ask(question))

    with ThreadPoolExecutor(level) as askers:
        took = timed(lambda: list(askers.map(ask_until_done, range(level))))
    return Round(count / took, seconds)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    parser.add_argument("--source", type=Path, default=CORPUS, help="a zip of Markdown pages")
    parser.add_argument("--pages", type=int, default=60, help="how many of its pages to index")
    parser.add_argument("--questions", type=int, default=32, help="at each level, in each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tiny", action="store_true", help="a toy, to try the benchmark")
    chosen = parser.parse_args(arguments)
    with BenchIndex.open() as bench:
        source = pages(bench.folder, corpus=chosen.source, count=chosen.pages, tiny=chosen.tiny)
        report = bench.index(source)
        rounds, count = (1, 1) if chosen.tiny else (chosen.rounds, chosen.questions)
        found = measure(bench, count=count, rounds=rounds)
    found = {"documents": report.documents, "chunks": report.chunks, **found}
    print(json.dumps(found, indent=None if chosen.json else 2))


if __name__ == "__main__":
    main()
