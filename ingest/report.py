"""Define what a sync reports while it works and when it is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

Stage = Literal[
    "downloading", "reading", "chunking", "embedding", "writing", "publishing", "asking"
]


@dataclass(frozen=True, slots=True)
class Progress:
    """`done` of `total` KiB (downloading), pages (reading, chunking), chunks (embedding, writing).

    The rest are steps. `total` is 0 while it is unknown, as for a website.
    """

    stage: Stage
    done: int
    total: int


NOUNS: Mapping[Stage, str] = {
    "reading": "page",
    "chunking": "page",
    "embedding": "chunk",
    "writing": "chunk",
}
"""What a stage counts; the others count KiB or steps."""

ProgressCallback = Callable[[Progress], None]


def ignore_progress(progress: Progress) -> None:
    """Ignore the progress."""
    del progress


@dataclass(frozen=True, slots=True)
class GoldenResult:
    """How many golden questions of a source found their page before and after a sync.

    Attributes:
        source: its name.
        questions: how many there are; 0 for a source without any, whose gate was skipped.
        before: share of them whose page the live version found among the first ten, None where
            it could not be measured.
        after: the same of the new version.
        skipped: why nothing was compared, empty where it was.
    """

    source: str
    questions: int = 0
    before: float | None = None
    after: float | None = None
    skipped: str = ""


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What a sync did.

    Attributes:
        documents: pages in the index now, of all sources.
        chunks: chunks in the index now.
        added: pages that are new.
        changed: pages with other content than before.
        removed: pages that are gone.
        embedded: chunks whose vector was computed.
        reused: chunks whose vector was carried over.
        seconds: how long it took.
        revision: of the index now; equal content has an equal revision.
        failures: readable lines `path: what`.
        unchanged: nothing was written, the live version is the one before.
        unread: names of sources that could not be read; their pages stayed as they were.
        dropped: names of sources that were taken out of the settings; their pages are gone.
        golden: what golden questions found, source by source; empty where nothing changed.
        truncated: chunks of which the model read only the beginning, among those embedded.
    """

    documents: int
    chunks: int
    added: int
    changed: int
    removed: int
    embedded: int
    reused: int
    seconds: float
    revision: str
    failures: tuple[str, ...] = ()
    unchanged: bool = False
    unread: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    golden: tuple[GoldenResult, ...] = ()
    truncated: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return the report as plain data."""
        lists = {name: list(getattr(self, name)) for name in ("failures", "unread", "dropped")}
        golden = [asdict(result) for result in self.golden]
        return {**asdict(self), **lists, "golden": golden, "seconds": round(self.seconds, 3)}
