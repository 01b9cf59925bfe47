"""What a sync would do, without doing it: `docent index --dry-run`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

from ingest.changes.plan import ChunkPlan
from ingest.changes.survey import ChangeSet
from ingest.progress import UnitDurations

Change = Literal["added", "changed", "removed"]


@dataclass(frozen=True, slots=True)
class PageChange:
    """A page that a sync would touch."""

    source: str
    path: str
    change: Change


@dataclass(frozen=True, slots=True)
class Preview:
    """What a sync would do.

    Attributes:
        documents: pages that the index would hold, of all sources.
        chunks: chunks that it would hold.
        added: pages that are new.
        changed: pages with other content than before.
        removed: pages that are gone.
        to_embed: chunks whose vector would be computed.
        seconds: how long it would take, by the pace of earlier syncs; None before there was one.
        unchanged: there is nothing to do.
        stopped: why the new version would not be published without `--force`; empty for no reason.
        pages: each page that is added, changed or removed.
        dropped: names of sources that were taken out of the settings; their pages would go.
        failures: readable lines `path: what`.
    """

    documents: int
    chunks: int
    added: int
    changed: int
    removed: int
    to_embed: int
    seconds: float | None
    unchanged: bool
    stopped: str
    pages: tuple[PageChange, ...]
    dropped: tuple[str, ...]
    failures: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The preview as plain data."""
        seconds = None if self.seconds is None else round(self.seconds, 1)
        lists = {"dropped": list(self.dropped), "failures": list(self.failures)}
        pages = [asdict(page) for page in self.pages]
        return {**asdict(self), **lists, "pages": pages, "seconds": seconds}


def build_preview(
    survey: ChangeSet,
    plan: ChunkPlan | None,
    failures: tuple[str, ...],
    *,
    pace: UnitDurations | None,
    seconds: float,
) -> Preview:
    """Put it together; `plan` is None where nothing changed, `seconds` what looking took."""
    version = survey.snapshot.version
    chunks = len(plan.contents.chunks) if plan else (version.chunks if version else 0)
    documents = plan.contents.documents if plan else (version.documents if version else 0)
    if plan is not None and pace is not None:
        seconds += pace.estimate_seconds(plan.characters, chunks)
    return Preview(
        documents=documents,
        chunks=chunks,
        added=survey.pages.added,
        changed=survey.pages.changed,
        removed=survey.pages.removed,
        to_embed=plan.to_embed if plan else 0,
        seconds=seconds if plan is None or pace is not None else None,
        unchanged=plan is None,
        stopped="; ".join(survey.losses),
        pages=tuple(_list_changes(survey)),
        dropped=survey.dropped,
        failures=failures,
    )


def _list_changes(survey: ChangeSet) -> Iterator[PageChange]:
    pages = survey.pages
    groups: tuple[tuple[Change, tuple[tuple[str, str], ...]], ...] = (
        ("added", pages.new),
        ("changed", pages.edited),
        ("removed", pages.gone),
    )
    for change, keys in groups:
        yield from (PageChange(source, path, change) for source, path in keys)
