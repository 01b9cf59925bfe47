"""Moves of one answer between docent's files, counted by pair.

    python -m benchmarks.moves --json

The real app over a socket to the tests' local Slack answers one streamed question, the first after
its start: a scripted pipeline searches, ranks and writes three pieces of text, so that no model
counts. A move is a `call` event of `sys.setprofile` in a file of `bot`, `ingest` or `rag_core`
other than the file of the `call` event before it on the same thread. Python reports such an event
when a function is called and when a coroutine or generator is resumed, each layer of them. Every
round has an app of its own, the median round is printed: the event loop may take turns otherwise.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from benchmarks.harness.slack_app import run_slack_app
from rag_core.types import (
    Answer,
    AnswerDone,
    AnswerEvent,
    Chunk,
    Citation,
    Passage,
    Question,
    RerankStarted,
    SearchStarted,
    TextDelta,
    Timings,
)

ROOT = Path(__file__).parent.parent
PACKAGES = ("bot", "ingest", "rag_core")
TEXT = ("Growing segments ", "are sealed ", "when they are full [1].")

Move = tuple[str, str]


class MoveCounter:
    """A profile function for all threads; it counts between `start` and `stop`."""

    def __init__(self) -> None:
        self.moves: Counter[Move] = Counter()
        self.files: set[str] = set()
        self._counting = False
        self._thread = threading.local()

    def start(self) -> None:
        """Count from here on."""
        self._counting = True

    def stop(self) -> None:
        """Count no more."""
        self._counting = False

    def __call__(self, frame: FrameType, event: str, _argument: object) -> None:
        """Count the call, if it enters another file than the call before it."""
        if event != "call" or not self._counting or not is_docents(frame.f_code.co_filename):
            return
        file = frame.f_code.co_filename
        before = getattr(self._thread, "file", "")
        self._thread.file = file
        self.files.add(_short(file))
        if before != file:
            self.moves[_short(before), _short(file)] += 1


class ScriptedPipeline:
    """Gives every question the same answer, once its search has ended."""

    def __init__(self, *, pause: float = 0.0) -> None:
        """`pause` is the seconds before each piece of text, and before the end."""
        self.found = threading.Event()
        self._pause = pause

    def stream(self, _question: Question) -> Iterator[AnswerEvent]:
        """Search, rank, three pieces of text, and the answer."""
        yield SearchStarted()
        self.found.wait(30)
        yield RerankStarted(30)
        for piece in TEXT:
            self._wait()
            yield TextDelta(piece)
        self._wait()
        text, url = "".join(TEXT), "https://docs.example/segments"
        chunk = Chunk("1", "docs", "segments.md", url, "Segments", ("Sealing",), 0, text)
        passage = Passage(chunk, 0.9, 0.8)
        cited = (Citation(1, passage),)
        yield AnswerDone(
            Answer(text, cited, (passage,), "answered", (), "a1b2c3d", None, Timings())
        )

    def _wait(self) -> None:
        if self._pause:  # to sleep for no time at all would let another thread go first
            time.sleep(self._pause)


def is_docents(file: str) -> bool:
    """Return whether a file is in one of docent's packages."""
    return file.startswith(tuple(f"{ROOT}/{package}/" for package in PACKAGES))


def _short(file: str) -> str:
    return str(Path(file).relative_to(ROOT)) if file else "(thread begins)"


def measure(*, rounds: int, pause: float = 0.0) -> dict[str, Any]:
    """Answer one question in each of several apps, and describe the median round."""
    counters = sorted((_count_one(pause) for _ in range(rounds)), key=lambda one: one.moves.total())
    median = counters[len(counters) // 2]
    return {
        "rounds": [counter.moves.total() for counter in counters],
        "moves": median.moves.total(),
        "files": len(median.files),
        "pairs": [
            {"from": pair[0], "to": pair[1], "moves": count}
            for pair, count in median.moves.most_common()
        ],
    }


def _count_one(pause: float) -> MoveCounter:
    counter = MoveCounter()
    # Before any thread of the app begins: a thread takes the function that is set at its start.
    threading.setprofile(counter)
    sys.setprofile(counter)
    try:
        asyncio.run(_answer_one(counter, ScriptedPipeline(pause=pause)))
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return counter


async def _answer_one(counter: MoveCounter, pipeline: ScriptedPipeline) -> None:
    async with contextlib.AsyncExitStack() as opened:
        folder = opened.enter_context(tempfile.TemporaryDirectory())
        slack = await opened.enter_async_context(run_slack_app(pipeline, Path(folder)))
        before = _tasks()
        counter.start()
        question = await slack.mention("When is a segment sealed?")
        await slack.wait_for(lambda: slack.replies(question), timeout=30, what="a first reaction")
        pipeline.found.set()
        await slack.wait_for(
            lambda: any(not reply.live for reply in slack.replies(question)),
            timeout=30,
            what="the answer",
        )
        while rest := _tasks() - before:
            await asyncio.wait(rest)
        counter.stop()
        if slack.violations:
            raise SystemExit(f"Slack refused something: {slack.violations[0]}")


def _tasks() -> set[asyncio.Task[Any]]:
    """Return the tasks that run docent's coroutines."""
    codes = {task: getattr(task.get_coro(), "cr_code", None) for task in asyncio.all_tasks()}
    return {task for task, code in codes.items() if code and is_docents(code.co_filename)}


def main(arguments: Sequence[str] | None = None) -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    parser.add_argument("--rounds", type=int, default=5, help="apps that answer one question each")
    parser.add_argument("--pause", type=float, default=0.0, help="seconds before each piece")
    chosen = parser.parse_args(arguments)
    found = measure(rounds=chosen.rounds, pause=chosen.pause)
    print(json.dumps(found, indent=None if chosen.json else 2))


if __name__ == "__main__":
    main()
