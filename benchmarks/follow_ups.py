"""Follow-up questions over the Milvus 2.4 documentation, with and without what came before them.

    python -m benchmarks.follow_ups --json

Threads were written for docent (`follow_ups.jsonl`); most end in a question that leans on the
thread, some in one about something else, which must not be dragged back. No LLM is needed: what is
measured is the thread's words. hit@3 counts a thread whose page is among the first three.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.harness.bench_index import BenchIndex
from benchmarks.retrieval import CORPUS
from rag_core.types import Passage, Question, Turn

THREADS = Path(__file__).with_suffix(".jsonl")

Search = Callable[[Question], Iterable[Passage]]


@dataclass(frozen=True)
class Thread:
    """Questions of one person, the last of which is measured; `pages` answer it."""

    thread: list[str]
    question: str
    pages: list[str]
    kind: str

    def asked(self) -> dict[str, Question]:
        """The last question, in each of the ways that are compared."""
        return {
            "as asked": Question(self.question),
            "joined": Question(" ".join([*self.thread, self.question])),
            "rewritten": Question(
                self.question, tuple(Turn("user", before) for before in self.thread)
            ),
        }


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="The only form there is.")
    parser.parse_args()
    with BenchIndex.open() as bench:
        bench.index(CORPUS)
        print(json.dumps(measure(bench.pipeline.search, threads()), indent=2))


def threads() -> list[Thread]:
    """All threads, in the order of the file."""
    return [Thread(**json.loads(line)) for line in THREADS.read_text().splitlines()]


def measure(search: Search, asked: Iterable[Thread]) -> dict[str, Any]:
    """Hits of each way, by kind of thread."""
    count: Counter[str] = Counter()
    hits: dict[str, Counter[str]] = {}
    for thread in asked:
        count[thread.kind] += 1
        for way, question in thread.asked().items():
            hits.setdefault(way, Counter())[thread.kind] += _hit(search(question), thread.pages)
    return {"threads": dict(count)} | {
        way: {kind: {"hit@3": found[kind]} for kind in count} for way, found in hits.items()
    }


def _hit(passages: Iterable[Passage], pages: Iterable[str]) -> bool:
    found = dict.fromkeys(passage.chunk.path.removeprefix("en/") for passage in passages)
    return not set(list(found)[:3]).isdisjoint(pages)


if __name__ == "__main__":
    main()
