"""A pipeline and a sync with a script, the answers they give, and a reply that is read back."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from bot.conversation.open_question import OpenQuestion
from bot.index_service import SyncRequest
from bot.storage.inbox_entry import InboxEntry
from bot.types import AnswerContext, IncomingMessage
from ingest.changes.preview import Preview
from ingest.errors import NoVersionError
from ingest.overview.history import PastSync, SourceState
from ingest.report import GoldenResult, IngestReport, Progress, ProgressCallback
from ingest.types import IndexVersion
from rag_core.types import (
    Answer,
    AnswerDone,
    AnswerEvent,
    AnswerStatus,
    Chunk,
    Citation,
    Degradation,
    Passage,
    Question,
    RerankStarted,
    SearchStarted,
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
    golden=(GoldenResult("docs", 20, 0.9, 0.95),),
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
        if not self._opened.wait(60):
            raise TimeoutError("no test opened the gate")


Step = AnswerEvent | Gate | Exception


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
    status: AnswerStatus = "answered",
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
    return [SearchStarted(), RerankStarted(30), *deltas, AnswerDone(answer(text))]


class FakePipeline:
    """Plays its script for every question."""

    def __init__(self) -> None:
        self.script: list[Step] = script()
        self.questions: list[Question] = []
        self.threads: set[int] = set()
        self.closed = threading.Event()

    def stream(self, question: Question) -> Iterator[AnswerEvent]:
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


class Notebook:
    """A reply that writes down what it is told; `posts` show the complete answer."""

    def __init__(self, *, posts: tuple[str, ...] = ()) -> None:
        self.lines: list[str] = []
        self.stopped = asyncio.Event()
        self.context = AnswerContext()
        self.message_timestamps: tuple[str, ...] = ()
        self._posts = posts
        self.on_posted: Callable[[tuple[str, ...]], None] = lambda _: None

    def begin(self) -> None:
        self.lines.append("begin")

    def show_progress(self, sentence: str) -> None:
        self.lines.append(sentence)

    def append(self, text: str) -> None:
        self.lines.append(text)

    async def finish(self, answer: Answer) -> None:
        self.lines.append(f"finish: {answer.text}")
        self.message_timestamps = self._posts

    async def fail(self, sentence: str) -> None:
        self.lines.append(f"fail: {sentence}")

    async def mark_stopped(self) -> None:
        self.lines.append("leave")

    def abandon(self) -> None:
        self.lines.append("abandon")


def open_question(message: IncomingMessage, *, attempts: int = 1) -> OpenQuestion:
    """A question that this process has taken, recorded nowhere."""

    async def finish(_: OpenQuestion) -> bool:
        return True

    entry = InboxEntry("f" * 32, message, attempts=attempts)
    return OpenQuestion(entry, lambda _: None, finish, free_slot=lambda: None)


@dataclass
class FakeSync:
    """Tells its progress, waits where told to, and gives its outcome."""

    progress: Progress = field(default_factory=lambda: Progress("embedding", 30, 120))
    gate: Gate | None = None
    outcome: IngestReport | Exception = REPORT
    endless: bool = False
    runs: int = 0
    requests: list[SyncRequest] = field(default_factory=list)

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

OLDER = "0ld0ld0ld0ld0ld0ld0ld0ld0ld0ld00"

PREVIEW = Preview(
    documents=224,
    chunks=1205,
    added=3,
    changed=1,
    removed=0,
    to_embed=12,
    seconds=95.0,
    unchanged=False,
    stopped="",
    pages=(),
    dropped=(),
    failures=("docs: a.md: <!here> is broken",),
)
SOURCES = (SourceState("docs", "https://example.com/docs.zip", 224, LAST_SYNC),)
SYNCS = (
    PastSync(LAST_SYNC, 3, 1, 0),
    PastSync(LAST_SYNC, error="docs: answered 404"),
)


def version(revision: str, number: int) -> IndexVersion:
    return IndexVersion(
        collection=f"docent_v{number}",
        number=number,
        revision=revision,
        model="all-MiniLM-L6-v2",
        created_at=LAST_SYNC,
        documents=220 + number,
        chunks=1200 + number,
        live=False,
        previous=False,
        pinned=False,
    )


class FakeVersions:
    """Two versions, of which the older one can be gone back to."""

    def __init__(self) -> None:
        self.live = replace(version(REVISION, 2), live=True)
        self.older = replace(version(OLDER, 1), previous=True)
        self.pinned = False

    def listed(self) -> tuple[IndexVersion, ...]:
        return self.live, self.older

    def roll_back(self) -> IndexVersion:
        if self.pinned:
            raise NoVersionError("There is no earlier version to go back to.")
        self.pinned = True
        self.live = replace(self.live, live=False)
        self.older = replace(self.older, live=True, previous=False, pinned=True)
        return self.older

    def resume(self) -> bool:
        was, self.pinned = self.pinned, False
        return was
