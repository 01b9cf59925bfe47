"""What a sync tells while it works and when it is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

Stage = Literal["reading", "chunking", "embedding", "writing", "publishing"]


@dataclass(frozen=True, slots=True)
class Progress:
    """`done` of `total` pages (reading, chunking), chunks (embedding, writing) or steps."""

    stage: Stage
    done: int
    total: int


ProgressCallback = Callable[[Progress], None]


def silent(progress: Progress) -> None:
    """Nobody watches."""
    del progress


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

    def as_json(self) -> dict[str, Any]:
        """The report as plain data."""
        return {**asdict(self), "seconds": round(self.seconds, 3), "failures": list(self.failures)}
