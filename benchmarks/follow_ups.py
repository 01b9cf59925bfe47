"""Follow-up questions over the Milvus 2.4 documentation, with and without what came before them.

    python -m benchmarks.follow_ups --json
    python -m benchmarks.follow_ups --fit --json

Threads were written for docent (`follow_ups.jsonl`). Some end in a question that leans on the
thread, some in one about something else, and 60 in one that stands alone, in six languages. No LLM
is needed. hit@3 counts a thread whose page is among the first three; a question that stands alone
keeps its first page if it has the same one in its thread as without it. The starter's model reads
English: in other languages the names decide which page is found.

`--fit` fits the evidence for leaning (`rag_core/retrieval/fitted.py`) to these threads, to those of
`follow_ups_fit.jsonl`, and to the development sets' questions in threads about other things,
over three documentations, with each of them left out in turn.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.harness.domains import (
    QUESTIONS,
    Domain,
    Example,
    add_options,
    dev_questions,
    fit_logistic,
    open_domain,
    shorten,
)
from rag_core.query.plan import PlannedPart, plan_by_words
from rag_core.retrieval.fusion import FusionConfig
from rag_core.retrieval.hybrid_search import FusedCandidates, retrieve
from rag_core.retrieval.planned_search import is_readable
from rag_core.retrieval.query_signals import collect_form_signals
from rag_core.types import Passage, Question, Turn

THREADS = Path(__file__).with_suffix(".jsonl")
FITTED = Path(__file__).with_name("follow_ups_fit.jsonl")
STAND_ALONE = "stand-alone"
_DEV_WEIGHT = 0.5  # of a question of a development set: there are many, and they are long

Search = Callable[[Question], Iterable[Passage]]


@dataclass(frozen=True)
class Thread:
    """Questions of one person, the last of which is measured; `pages` answer it."""

    thread: list[str]
    question: str
    pages: list[str]
    kind: str
    language: str = "en"

    @property
    def in_thread(self) -> Question:
        """The last question with those before it."""
        return Question(self.question, tuple(Turn("user", before) for before in self.thread))

    def asked(self) -> dict[str, Question]:
        """The last question, in each of the ways that are compared."""
        return {
            "as asked": Question(self.question),
            "joined": Question(" ".join([*self.thread, self.question])),
            "in its thread": self.in_thread,
        }


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_options(parser)
    parser.add_argument("--fit", action="store_true", help="Fit the evidence, and check the fit.")
    chosen = parser.parse_args()
    if chosen.fit:
        print(json.dumps(fit(chosen.indexes), indent=2))
        return
    with open_domain("milvus", chosen.indexes) as domain:
        print(json.dumps(measure(domain.pipeline.search, threads()), indent=2))


def threads() -> list[Thread]:
    """All threads, in the order of the file."""
    return [Thread(**json.loads(line)) for line in THREADS.read_text().splitlines()]


def measure(search: Search, asked: Iterable[Thread]) -> dict[str, Any]:
    """Hits of each way by kind of thread, and first pages kept by language."""
    count: Counter[str] = Counter()
    languages: Counter[str] = Counter()
    hits: dict[str, Counter[str]] = {}
    kept: dict[str, Counter[str]] = {}
    for thread in asked:
        count[thread.kind] += 1
        pages = {way: _pages(search(question)) for way, question in thread.asked().items()}
        for way, found in pages.items():
            if thread.kind == STAND_ALONE:
                same = found[:1] == pages["as asked"][:1]
                kept.setdefault(way, Counter())[thread.language] += same
            else:
                hit = not set(found[:3]).isdisjoint(thread.pages)
                hits.setdefault(way, Counter())[thread.kind] += hit
        languages[thread.language] += thread.kind == STAND_ALONE
    kinds = [kind for kind in count if kind != STAND_ALONE]
    told: dict[str, Any] = {"threads": dict(count)}
    told |= {way: {kind: {"hit@3": found[kind]} for kind in kinds} for way, found in hits.items()}
    for way, firsts in kept.items():
        by_language = {language: firsts[language] for language in sorted(+languages)}
        told.setdefault(way, {})[STAND_ALONE] = {"first page kept": firsts.total(), **by_language}
    return told


def _pages(passages: Iterable[Passage]) -> list[str]:
    return list(dict.fromkeys(shorten(passage.chunk.path) for passage in passages))


def fit(keep: Path | None) -> dict[str, object]:
    """Fit the weights over three documentations."""
    return fit_logistic([example for name in QUESTIONS for example in _examples(name, keep)])


def _examples(name: str, keep: Path | None) -> Iterator[Example]:
    with open_domain(name, keep) as domain:
        for question, leans, weight in _labelled(name):
            yield Example(form_signals(domain, question), int(leans), name, weight)


def _labelled(name: str) -> Iterator[tuple[Question, bool, float]]:
    """Questions of a domain in threads, whether they lean, and how much each counts."""
    rows = [json.loads(line) for line in FITTED.read_text().splitlines()]
    written = [
        Thread(row["thread"], row["question"], [], row["kind"], row["language"])
        for row in rows
        if row["domain"] == name
    ]
    written += threads() if name == "milvus" else []
    for thread in written:
        yield thread.in_thread, thread.kind == "leaning", 1.0
    before = [thread.thread for thread in written if thread.language == "en"]
    chance = random.Random(0)
    for text, _ in dev_questions(name):
        turns = tuple(Turn("user", asked) for asked in chance.choice(before))
        yield Question(text, turns), False, _DEV_WEIGHT


def form_signals(domain: Domain, question: Question) -> tuple[float, ...]:
    """The signals of a question with the forms in which docent searches it without an LLM."""
    part: PlannedPart = plan_by_words(question, ())
    asked, other = (search_text(domain, text) for text in (part.asked, part.other or part.asked))
    return collect_form_signals(part.signs, asked, other, readable=is_readable(part.asked))


def search_text(domain: Domain, text: str) -> FusedCandidates:
    """Search one text."""
    live = domain.pipeline.require_live_index()
    vector = domain.models.inference.questions.embed_query(text)
    return retrieve(domain.store, live, Question(text), vector, FusionConfig())


if __name__ == "__main__":
    main()
