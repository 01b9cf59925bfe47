"""The reports of a sync: its progress, and its result."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
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
    "publishing": "step",
    "asking": "question",
}
"""The unit that a stage counts; downloading counts KiB."""

ProgressCallback = Callable[[Progress], None]


def ignore_progress(progress: Progress) -> None:
    """Do nothing with the progress."""
    del progress


def limit_lines(lines: Sequence[str], most: int) -> list[str]:
    """Return the first lines, and a line that counts the rest."""
    if len(lines) <= most:
        return list(lines)
    return [*lines[:most], f"and {len(lines) - most:,} more"]


@dataclass(frozen=True, slots=True)
class GoldenResult:
    """The recall of a source's golden questions before and after a sync.

    Attributes:
        source: its name.
        questions: number of questions; 0 for a source without any, which was not compared.
        before: share of the questions, from 0 to 1, whose page the live version found among the
            first ten chunks; None if it could not be measured.
        after: the same share in the new version.
        skipped: the reason if nothing was compared, else empty.
    """

    source: str
    questions: int = 0
    before: float | None = None
    after: float | None = None
    skipped: str = ""


@dataclass(frozen=True, slots=True)
class IngestReport:
    """The result of a sync.

    Attributes:
        documents: pages in the index now, of all sources.
        chunks: chunks in the index now.
        added: pages that are new.
        changed: pages whose content has changed.
        removed: pages that are gone.
        embedded: chunks whose vector was computed.
        reused: chunks whose vector was carried over.
        seconds: duration of the sync.
        revision: revision of the index now; equal content has an equal revision.
        failures: readable lines `path: problem`.
        unchanged: True if nothing was written and the live version is still the same.
        unread: names of sources that could not be read; their pages stayed as they were.
        dropped: names of sources that were taken out of the settings; their pages are gone.
        golden: the recall of golden questions by source; empty if nothing changed.
        sites: a line for each source that a site is made of: its maker, address and anchors.
        truncated: embedded chunks of which the model read only the beginning.
        notes: readable lines about pages that were read all the same, such as near-empty ones.
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
    sites: tuple[str, ...] = ()
    truncated: int = 0
    notes: tuple[str, ...] = ()

    def limit_failures(self, most: int) -> IngestReport:
        """Return the report with its first failures and notes; count the rest."""
        failures, notes = (limit_lines(lines, most) for lines in (self.failures, self.notes))
        return replace(self, failures=tuple(failures), notes=tuple(notes))

    def as_json(self) -> dict[str, Any]:
        """Return the report as plain data."""
        lists = {
            name: list(getattr(self, name))
            for name in ("failures", "unread", "dropped", "sites", "notes")
        }
        golden = [asdict(result) for result in self.golden]
        return {**asdict(self), **lists, "golden": golden, "seconds": round(self.seconds, 3)}
