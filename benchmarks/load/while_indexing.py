"""Wait of a question while the whole documentation is indexed, and the reverse.

    python -m benchmarks.load.while_indexing --json

Starter profile, one question a second. The first build is indexing alone; the second, with
questions beside it, reads, divides and embeds everything again. A question is retrieval and
reranking as the pipeline does them; those asked before and after the second build are `idle`.
"""

from __future__ import annotations

import argparse
import itertools
import json
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Self

from benchmarks.harness.bench_index import CORPUS, BenchIndex, pages, spread, timed
from rag_core.types import Question


class Asker:
    """Asks one question after another on a thread of its own, `interval` seconds apart."""

    def __init__(self, bench: BenchIndex, questions: Iterator[Question], interval: float) -> None:
        self.seconds: list[float] = []
        self._house = bench
        self._questions = questions
        self._interval = interval
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _ask(self) -> None:
        while True:
            began = time.perf_counter()
            seconds = self._house.ask(next(self._questions))
            if self._stop.is_set() and self.seconds:
                return  # it was still running when the indexing ended
            self.seconds.append(seconds)
            self._stop.wait(max(0.0, began + self._interval - time.perf_counter()))


def measure(bench: BenchIndex, source: Path, *, count: int, interval: float) -> dict[str, Any]:
    """Index alone, ask alone, do both at once, ask alone again."""
    alone = timed(lambda: bench.index(source))
    questions = bench.questions()
    ask(bench, itertools.islice(questions, 3), 0.0)
    idle = ask(bench, itertools.islice(questions, count), interval)
    with Asker(bench, questions, interval) as asker:
        began = time.perf_counter()
        report = bench.index(source, build=1)
        asked = time.perf_counter() - began
    idle += ask(bench, itertools.islice(questions, count), interval)
    before, during = spread(idle), spread(asker.seconds)
    return {
        "documents": report.documents,
        "chunks": report.chunks,
        "embedded": report.embedded,
        "idle": before,
        "indexing": during,
        "p50_ratio": round(during["p50_ms"] / before["p50_ms"], 2),
        "p95_ratio": round(during["p95_ms"] / before["p95_ms"], 2),
        "index_alone_seconds": round(alone, 1),
        "index_asked_seconds": round(asked, 1),
        "indexing_slowdown": round(asked / alone, 2),
        "question_interval_seconds": interval,
    }


def ask(bench: BenchIndex, questions: Iterable[Question], interval: float) -> list[float]:
    """Seconds of each question, asked at the pace of the Asker."""
    found = []
    for question in questions:
        found.append(bench.ask(question))
        time.sleep(max(0.0, interval - found[-1]))
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    parser.add_argument("--source", type=Path, default=CORPUS, help="a zip of Markdown pages")
    parser.add_argument("--pages", type=int, default=80, help="so many of its pages, or all")
    parser.add_argument("--questions", type=int, default=40, help="before and after the indexing")
    parser.add_argument("--interval", type=float, default=1.0, help="seconds between questions")
    parser.add_argument("--tiny", action="store_true", help="a toy, to try the benchmark")
    chosen = parser.parse_args(arguments)
    with BenchIndex.open() as bench:
        source = pages(bench.folder, corpus=chosen.source, count=chosen.pages, tiny=chosen.tiny)
        interval, count = (0.0, 3) if chosen.tiny else (chosen.interval, chosen.questions)
        found = measure(bench, source, count=count, interval=interval)
    print(json.dumps(found, indent=None if chosen.json else 2))


if __name__ == "__main__":
    main()
