"""Time until a person in Slack sees something: a first reaction, then the first text.

    python -m benchmarks.slack_latency --json

The real app over a socket to the tests' local Slack, real retrieval and reranking by the starter
profile, and an LLM that writes without delay. The first sign counts from the event being sent; the
first text from the moment at which the LLM is asked, which is when passages are ranked. Both end
when Slack has the call. Server, app and models share the machine's processor.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.chaos.questions import is_progress
from benchmarks.harness.bench_index import CORPUS, BenchIndex, pages, spread
from benchmarks.harness.slack_app import run_slack_app
from rag_core.pipeline import Pipeline
from rag_core.types import AnswerEvent, Question, Turn
from tests.servers.slack.server import Call, SlackServer
from tests.servers.slack.store import Message

LEVELS = (1, 20)
_ANSWER = ("Both ", "are ", "kept ", "in ", "segments, ", "as ", "the ", "page ", "says ", "[1].")


class InstantLLM:
    """Writes without delay, and knows when each thread asked it."""

    model = "instant"

    def __init__(self) -> None:
        self.here = threading.local()

    def generate(
        self,
        system: str,  # noqa: ARG002
        turns: Sequence[Turn],  # noqa: ARG002
        *,
        patience: float | None = None,  # noqa: ARG002
    ) -> Iterator[str]:
        """A sentence with a citation, in pieces."""
        self.here.asked = time.monotonic()
        yield from _ANSWER


@dataclass
class Watched:
    """The pipeline, and when the passages of each question were ranked."""

    pipeline: Pipeline
    llm: InstantLLM
    ranked: dict[str, float] = field(default_factory=dict)

    def stream(self, question: Question) -> Iterator[AnswerEvent]:
        """Stream as the pipeline does, all of it on one thread."""
        self.llm.here.asked = None
        for event in self.pipeline.stream(question):
            if self.llm.here.asked is not None:
                self.ranked.setdefault(question.text, self.llm.here.asked)
            yield event


@dataclass(frozen=True)
class Seen:
    """Seconds until the asker saw something; no text if the LLM was not asked."""

    sign: float
    text: float | None


def measure(bench: BenchIndex, *, count: int, rounds: int) -> dict[str, Any]:
    """Both levels, each with questions of its own."""
    llm = InstantLLM()
    inference = bench.models.inference
    pipeline = Pipeline(
        embedder=inference.questions,
        reranker=inference.questions,
        store=bench.store,
        generator=llm,
        tuning=bench.models.tuning,
        hold_slot=inference.hold_slot,
    )
    return asyncio.run(_levels(bench, Watched(pipeline, llm), count=count, rounds=rounds))


async def _levels(
    bench: BenchIndex, watched: Watched, *, count: int, rounds: int
) -> dict[str, Any]:
    # No text twice: the moments are found by it.
    texts = (f"{asked.text} ({n})" for n, asked in enumerate(bench.questions()))
    found: dict[str, Any] = {}
    async with run_slack_app(watched, bench.folder) as slack:
        await _ask(slack, watched, list(itertools.islice(texts, 2)))
        for level in LEVELS:
            seen: list[Seen] = []
            for _ in range(rounds if level > 1 else max(1, count // level)):
                seen += await _ask(slack, watched, list(itertools.islice(texts, level)))
            found[str(level)] = {
                "first_sign": spread([one.sign for one in seen]),
                "first_text": spread([one.text for one in seen if one.text is not None]),
            }
        if slack.violations:
            raise SystemExit(f"Slack refused something: {slack.violations[0]}")
    return {"levels": found}


async def _ask(slack: SlackServer, watched: Watched, texts: Sequence[str]) -> list[Seen]:
    """All of these at once, until all their answers are complete; one waiter costs least."""
    sent = time.monotonic()
    asked = await asyncio.gather(*map(slack.mention, texts))

    def answered() -> bool:
        return all(
            any(not m.live and not is_progress(m.shown) for m in slack.replies(question))
            for question in asked
        )

    await slack.wait_for(answered, timeout=300, what="all answers")
    calls: dict[str | None, list[Call]] = {}
    for call in slack.calls():
        calls.setdefault(_thread(slack, call), []).append(call)
    return [
        _seen(calls[question.ts], sent, watched.ranked.get(text))
        for question, text in zip(asked, texts, strict=True)
    ]


def _seen(calls: Sequence[Call], sent: float, ranked: float | None) -> Seen:
    sign = next(call.at for call in calls if call.error is None) - sent
    if ranked is None:  # nothing about it was found
        return Seen(sign, None)
    return Seen(sign, next(call.at for call in calls if _has_text(call)) - ranked)


def _thread(slack: SlackServer, call: Call) -> str | None:
    """The thread that a call shows something in."""
    told = call.arguments.get("thread_ts")
    if told or call.method == "conversations.replies":
        return told
    key = (call.arguments.get("channel", ""), call.arguments.get("ts", ""))
    message: Message | None = slack.store.all.get(key)
    return message.thread_ts if message else None


def _has_text(call: Call) -> bool:
    """Whether a call shows text of the answer: in a stream, or in a post where those are scarce."""
    chunks, blocks = call.arguments.get("chunks") or [], call.arguments.get("blocks") or []
    streamed = any(chunk.get("type") == "markdown_text" for chunk in chunks)
    return streamed or any(_ANSWER[0] in str(block.get("text")) for block in blocks)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    parser.add_argument("--source", type=Path, default=CORPUS, help="a zip of Markdown pages")
    parser.add_argument("--pages", type=int, default=60, help="how many of its pages to index")
    parser.add_argument("--questions", type=int, default=40, help="one after the other")
    parser.add_argument("--rounds", type=int, default=3, help="of twenty questions at once")
    parser.add_argument("--tiny", action="store_true", help="a toy, to try the benchmark")
    chosen = parser.parse_args(arguments)
    with BenchIndex.open() as bench:
        source = pages(bench.folder, corpus=chosen.source, count=chosen.pages, tiny=chosen.tiny)
        report = bench.index(source)
        rounds, count = (1, 2) if chosen.tiny else (chosen.rounds, chosen.questions)
        found = measure(bench, count=count, rounds=rounds)
    found = {"documents": report.documents, "chunks": report.chunks, **found}
    print(json.dumps(found, indent=None if chosen.json else 2))


if __name__ == "__main__":
    main()
