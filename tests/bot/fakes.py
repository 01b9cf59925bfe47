"""A pipeline with a script, a sync with a script, and the answers they give."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ingest.report import IngestReport, Progress, ProgressCallback
from rag_core.types import (
    Answer,
    Chunk,
    Citation,
    Degradation,
    Done,
    Event,
    Passage,
    Question,
    Ranking,
    Searching,
    Status,
    TextDelta,
    Timings,
)

REVISION = "a1b2c3d4e5f60718293a4b5c6d7e8f90"
TEXT = "Milvus stores data in object storage [1]. Logs go to the broker [2]."
REPORT = IngestReport(
    documents=224,
    chunks=1205,
    added=3,
    changed=1,
    removed=0,
    embedded=12,
    reused=1193,
    seconds=41.7,
    revision=REVISION,
)


class Gate:
    """A step at which a script waits, on its thread, until the test opens it."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self._opened = threading.Event()

    def open(self) -> None:
        self._opened.set()

    def wait(self) -> None:
        self.reached.set()
        if not self._opened.wait(20):
            raise TimeoutError("nobody opened the gate")


Step = Event | Gate | Exception


def chunk(number: int = 1, *, title: str = "Storage", url: str | None = None) -> Chunk:
    return Chunk(
        id=f"{number:032x}",
        source="docs",
        path=f"en/page{number}.md",
        url=url if url is not None else f"https://example.com/page{number}#where",
        title=title,
        headings=("Where data lives",),
        position=0,
        text="Data lives in object storage.",
    )


def citation(number: int, cited: Chunk | None = None) -> Citation:
    passage = Passage(cited or chunk(number), retrieval_score=0.9, rerank_score=0.8)
    return Citation(number, passage)


def answer(
    text: str = TEXT,
    *,
    citations: tuple[Citation, ...] | None = None,
    degraded: tuple[Degradation, ...] = (),
    status: Status = "answered",
) -> Answer:
    cited = (citation(1), citation(2)) if citations is None else citations
    return Answer(
        text=text,
        citations=cited,
        passages=tuple(one.passage for one in cited),
        status=status,
        degraded=degraded,
        revision=REVISION,
        usage=None,
        timings=Timings(),
    )


def script(text: str = TEXT, *, pieces: int = 3) -> list[Step]:
    """The events of an ordinary answer, its text in so many pieces."""
    size = max(1, -(-len(text) // pieces))
    deltas = [TextDelta(text[at : at + size]) for at in range(0, len(text), size)]
    return [Searching(), Ranking(30), *deltas, Done(answer(text))]


class FakePipeline:
    """Plays its script for every question."""

    def __init__(self) -> None:
        self.script: list[Step] = script()
        self.questions: list[Question] = []
        self.threads: set[int] = set()
        self.closed = threading.Event()

    def stream(self, question: Question) -> Iterator[Event]:
        self.questions.append(question)
        self.threads.add(threading.get_ident())
        try:
            for step in list(self.script):
                if isinstance(step, Gate):
                    step.wait()
                elif isinstance(step, Exception):
                    raise step
                else:
                    yield step
        finally:
            self.closed.set()


@dataclass
class FakeSync:
    """Tells its progress, waits where told to, and gives its outcome."""

    progress: Progress = field(default_factory=lambda: Progress("embedding", 30, 120))
    gate: Gate | None = None
    outcome: IngestReport | Exception = REPORT
    endless: bool = False
    runs: int = 0

    def __call__(self, progress: ProgressCallback) -> IngestReport:
        self.runs += 1
        progress(self.progress)
        if self.gate:
            self.gate.wait()
        while self.endless:
            progress(self.progress)
            time.sleep(0.001)
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


LAST_SYNC = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
