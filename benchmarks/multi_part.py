"""Two questions in one message, over three documentations, without an LLM.

    python -m benchmarks.multi_part --json
    python -m benchmarks.multi_part --fit --json

Each message joins two questions of a development set that docent answers alone: their pages are
among its five passages. A pair counts where a page of each question is among the first five
passages, or the first eight. The questions of the sets alone show what dividing costs: nDCG@10 and
hit@3 by page, as docent ranks them, and how many are divided; so do the messages of
`multi_part.jsonl`, which ask one thing in several sentences or beside a list of facts, steps, a log
or code. A question joined with one about
another documentation counts as named if the answer says that it leaves a part unanswered.

`--fit` fits the evidence for a division (`rag_core/retrieval/fitted.py`) to other pairs of the same
questions and to messages that ask one thing, with each documentation left out in turn. The weights
have thus seen the questions of these pairs, and the very questions and messages that ask one thing:
only the figures with a documentation left out are of questions that the fit has not seen.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from benchmarks.follow_ups import search_text, threads
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
from rag_core.evaluation.metrics import compute_measures
from rag_core.query.plan import plan_by_words
from rag_core.query.segments import split_message
from rag_core.retrieval.diversify import select_diverse
from rag_core.retrieval.planned_search import PlannedSearch, embed_forms, is_readable
from rag_core.retrieval.query_signals import collect_division_signals
from rag_core.retrieval.rerank import rerank_candidates
from rag_core.types import Passage, Question

SINGLE = Path(__file__).with_suffix(".jsonl")
PAIRS = 35
_FITTED_PAIRS = 70
_FITTED_UNKNOWN = 30
_UNKNOWN = 20
_SEED, _FITTED_SEED = 1, 0
_FIRST, _ALL = 5, 8

Pages = set[str]
Asked = tuple[str, dict[str, int]]


@dataclass(frozen=True)
class Pair:
    """A message that asks two things, and the pages that answer each."""

    message: str
    first: Pages
    second: Pages
    way: str

    def counts(self, pages: Sequence[str]) -> bool:
        """Whether a page of each is among those found."""
        return not (self.first.isdisjoint(pages) or self.second.isdisjoint(pages))


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_options(parser)
    parser.add_argument("--fit", action="store_true", help="Fit the evidence, and check the fit.")
    chosen = parser.parse_args()
    if chosen.fit:
        examples = [each for name in QUESTIONS for each in _examples(name, chosen.indexes)]
        print(json.dumps(fit_logistic(examples), indent=2))
        return
    told = {}
    for name in QUESTIONS:
        with open_domain(name, chosen.indexes) as domain:
            told[name] = measure(domain)
    print(json.dumps(told, indent=2))


def measure(domain: Domain) -> dict[str, Any]:
    """Pairs found, and what became of questions that ask one thing."""
    asked = dev_questions(domain.name)
    found = _found_alone(domain, asked)
    pairs = list(join_pairs(found, count=PAIRS, seed=_SEED))
    leaning = _leaning_pairs(domain)
    return {
        "questions": len(asked),
        "found_alone": len(found),
        "pairs": len(pairs),
        "undivided": _count_pairs(pairs, lambda message: _undivided(domain, message)),
        "divided": _count_pairs(pairs, lambda message: _divided(domain, message)),
        "second_leans": {
            "pairs": len(leaning),
            "undivided": _count_pairs(leaning, lambda message: _undivided(domain, message)),
            "divided": _count_pairs(leaning, lambda message: _divided(domain, message)),
        },
        "second_unknown": _count_unknown(
            domain, list(join_unknown(domain.name, found, count=_UNKNOWN, seed=_SEED))
        ),
        "questions_alone": {
            "undivided": _rank(asked, lambda text: _pages(_rank_undivided(domain, text))),
            "divided": _rank(asked, lambda text: _pages(domain.pipeline.rank_all(Question(text)))),
            "divided_in_parts": sum(_parts(domain, text) > 1 for text, _ in asked),
        },
        "one_thing_in_several_sentences": {
            "messages": len(single_messages(domain.name)),
            "divided_in_parts": sum(
                _parts(domain, text) > 1 for text in single_messages(domain.name)
            ),
        },
    }


def single_messages(name: str) -> list[str]:
    """Messages about a documentation that ask one thing in several sentences or lines."""
    rows = [json.loads(line) for line in SINGLE.read_text().splitlines()]
    return [row["message"] for row in rows if row["domain"] == name]


def _found_alone(domain: Domain, asked: Sequence[Asked]) -> list[Asked]:
    """The questions whose page is among the five passages when they are asked alone."""
    return [
        each for each in asked if not set(_divided(domain, each[0])[:_FIRST]).isdisjoint(each[1])
    ]


def _divided(domain: Domain, text: str) -> list[str]:
    """The page of each passage that is read, as docent chooses them."""
    answer = domain.pipeline.answer(Question(text))
    return [shorten(passage.chunk.path) for passage in answer.passages]


def _undivided(domain: Domain, text: str) -> list[str]:
    """The page of each passage, of eight, if the message is searched as one question."""
    passages = select_diverse(_rank_undivided(domain, text), limit=_ALL)
    return [shorten(passage.chunk.path) for passage in passages]


def _rank_undivided(domain: Domain, text: str) -> tuple[Passage, ...]:
    lane, ranker = domain.models.inference.questions, domain.models.tuning.ranker
    candidates = search_text(domain, text).candidates
    return rerank_candidates(lane, text, candidates, ranker).passages


def _count_pairs(pairs: Sequence[Pair], search: Callable[[str], Sequence[str]]) -> dict[str, Any]:
    """Pairs with both pages among the first passages, and by way among eight."""
    first, found, ways = 0, 0, Counter[str]()
    for pair in pairs:
        pages = search(pair.message)
        first += pair.counts(pages[:_FIRST])
        found += pair.counts(pages[:_ALL])
        ways[pair.way] += pair.counts(pages[:_ALL])
    return {"both_in_5": first, "both_in_8": found, "both_in_8_by_way": dict(ways)}


def _count_unknown(domain: Domain, pairs: Sequence[Pair]) -> dict[str, int]:
    """Pairs of which the documentation answers one: found, divided, and the other named."""
    found = divided = named = 0
    for pair in pairs:
        answer = domain.pipeline.answer(Question(pair.message))
        pages = [shorten(passage.chunk.path) for passage in answer.passages[:_FIRST]]
        found += not pair.first.isdisjoint(pages)
        divided += count_parts(pair.message, answer.query) > 1
        named += bool(answer.unanswered)
    return {"pairs": len(pairs), "found_in_5": found, "divided": divided, "other_named": named}


def _rank(asked: Sequence[Asked], search: Callable[[str], Sequence[str]]) -> dict[str, float]:
    """nDCG@10 and hit@3 by page."""
    rankings = {text: search(text) for text, _ in asked}
    measures = compute_measures(rankings, dict(asked))
    ndcg = [measures["nDCG@10"][text] for text, _ in asked]
    hits = sum(not set(rankings[text][:3]).isdisjoint(grades) for text, grades in asked)
    return {"ndcg@10": round(fmean(ndcg), 3), "hit@3": hits}


def _pages(passages: Sequence[Passage]) -> list[str]:
    return list(dict.fromkeys(shorten(passage.chunk.path) for passage in passages))


def _parts(domain: Domain, text: str) -> int:
    """In how many parts a message is searched."""
    return count_parts(text, domain.pipeline.answer(Question(text)).query)


def count_parts(message: str, query: str) -> int:
    """The lines of a divided message's query; lines of its own divide no message."""
    return 1 if message.strip() in query else query.count("\n") + 1


def _examples(name: str, keep: Path | None) -> Iterator[Example]:
    """Messages that ask two things, and questions and messages that ask one, in sentences."""
    with open_domain(name, keep) as domain:
        asked = dev_questions(name)
        found = _found_alone(domain, asked)
        pairs = join_pairs(found, count=_FITTED_PAIRS, seed=_FITTED_SEED)
        messages = [(pair.message, 1) for pair in pairs]
        messages += [(pair.message, 1) for pair in _leaning_pairs(domain)]
        unknown = join_unknown(name, found, count=_FITTED_UNKNOWN, seed=_FITTED_SEED)
        messages += [(pair.message, 1) for pair in unknown]
        messages += [(text, 0) for text in (*(text for text, _ in asked), *single_messages(name))]
        for message, label in messages:
            if signals := division_signals(domain, message):
                yield Example(signals, label, name)


def _leaning_pairs(domain: Domain) -> list[Pair]:
    """Threads whose last question leans on the one before it, as one message.

    Those are left out in which the first question alone finds a page of the second.
    """
    pairs = []
    for thread in threads() if domain.name == "milvus" else []:
        first = thread.thread[-1]
        if thread.kind == "leaning" and set(thread.pages).isdisjoint(_divided(domain, first)):
            message = f"{first} {thread.question}"
            pairs.append(
                Pair(message, set(_divided(domain, first)[:1]), set(thread.pages), "leans")
            )
    return pairs


def division_signals(domain: Domain, message: str) -> tuple[float, ...]:
    """The signals of a message's division; none for a message that is never divided."""
    question = Question(message)
    part = plan_by_words(question, split_message(message))
    if part.division is None:
        return ()
    lane, tuning = domain.models.inference.questions, domain.models.tuning
    vectors = embed_forms(lane, tuple(part.list_forms()))
    live = domain.pipeline.require_live_index()
    search = PlannedSearch(
        domain.store, live, question, tuning.fusion, vectors, english_only=tuning.latin_only
    )
    parts = (part, part.division.first, part.division.second)
    whole, first, second = (search.search_forms(each).lead for each in parts)
    readable = not tuning.latin_only or is_readable(whole.text)
    return collect_division_signals(
        part.division, whole.found, (first.found, second.found), readable=readable
    )


def join_pairs(
    found: Sequence[tuple[str, dict[str, int]]], *, count: int, seed: int
) -> Iterator[Pair]:
    """Pairs of questions with different pages, joined in each way in turn; always the same."""
    chance, ways = random.Random(seed), list(WAYS)
    joined = 0
    while joined < count:
        (first, first_pages), (second, second_pages) = chance.sample(list(found), 2)
        if set(first_pages).isdisjoint(second_pages):
            way = ways[joined % len(ways)]
            message = WAYS[way](first, second)
            yield Pair(message, set(first_pages), set(second_pages), way)
            joined += 1


def join_unknown(name: str, found: Sequence[Asked], *, count: int, seed: int) -> Iterator[Pair]:
    """Questions joined with one about another documentation, before or behind them in turn."""
    others = [text for other in QUESTIONS if other != name for text, _ in dev_questions(other)]
    chance, ways = random.Random(seed), list(WAYS)
    for number in range(count):
        (known, pages), unknown = chance.choice(list(found)), chance.choice(others)
        way = ways[number % len(ways)]
        both = (known, unknown) if number % 2 else (unknown, known)
        yield Pair(WAYS[way](*both), set(pages), {unknown}, way)


def _end(text: str) -> str:
    asks = split_message(text)[-1].asks
    return text if text.endswith(("?", ".", "!")) else f"{text}{'?' if asks else '.'}"


def _lower(text: str) -> str:
    """The text as the second half of a sentence; names and "I" keep their capital."""
    word = text.partition(" ")[0]
    return text if word == "I" or word[1:] != word[1:].lower() else text[:1].lower() + text[1:]


WAYS = {
    "two sentences": lambda first, second: f"{_end(first)} {_end(second)}",
    "and": lambda first, second: f"{first.rstrip('?.')} and {_lower(second)}",
    "lines": lambda first, second: f"{first}\n{second}",
    "numbered": lambda first, second: f"1. {first}\n2. {second}",
    "numbered in a line": lambda first, second: f"1) {first} 2) {second}",
}


if __name__ == "__main__":
    main()
