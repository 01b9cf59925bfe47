"""The preview of a sync, which changes nothing: `docent index --dry-run`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

from ingest.changes.plan import ChunkPlan, PagePlan
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
    """The expected result of a sync.

    Attributes:
        documents: pages that the index would hold, of all sources.
        chunks: chunks that it would hold.
        added: pages that are new.
        changed: pages whose content has changed.
        removed: pages that are gone.
        to_embed: chunks whose vector would be computed.
        seconds: estimated duration, from earlier syncs; None before the first.
        unchanged: True if there is nothing to do.
        stopped: the reason if the new version would not be published without `--force`, else empty.
        pages: each page that is added, changed or removed.
        dropped: names of sources that were taken out of the settings; their pages would go.
        failures: readable lines `path: problem`.
        sites: a line for each source that a site is made of: its maker, address and anchors.
        notes: readable lines about pages that were read all the same.
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
    sites: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the preview as plain data."""
        seconds = None if self.seconds is None else round(self.seconds, 1)
        lists = {
            name: list(getattr(self, name)) for name in ("dropped", "failures", "sites", "notes")
        }
        pages = [asdict(page) for page in self.pages]
        return {**asdict(self), **lists, "pages": pages, "seconds": seconds}


def build_preview(
    changes: ChangeSet,
    plan: ChunkPlan | None,
    *,
    durations: UnitDurations | None,
    seconds: float,
) -> Preview:
    """Build the preview of a sync.

    Args:
        changes: the changed pages.
        plan: the chunks of the next version; None if nothing changed.
        durations: those of earlier syncs; None before the first.
        seconds: time that it took to find the changes.

    Returns:
        The preview.
    """
    version = changes.snapshot.version
    chunks = plan.chunks if plan else (version.chunks if version else 0)
    documents = plan.documents if plan else (version.documents if version else 0)
    if plan is not None and durations is not None:
        seconds += durations.estimate_seconds(plan.characters, chunks)
    return Preview(
        documents=documents,
        chunks=chunks,
        added=changes.pages.added,
        changed=changes.pages.changed,
        removed=changes.pages.removed,
        to_embed=plan.to_embed if plan else 0,
        seconds=seconds if plan is None or durations is not None else None,
        unchanged=plan is None,
        stopped="; ".join(changes.losses),
        pages=tuple(_list_page_changes(changes.pages)),
        dropped=changes.dropped,
        failures=changes.failures,
        sites=changes.site_lines,
        notes=changes.notes,
    )


def _list_page_changes(pages: PagePlan) -> Iterator[PageChange]:
    groups: tuple[tuple[Change, tuple[tuple[str, str], ...]], ...] = (
        ("added", pages.new),
        ("changed", pages.edited),
        ("removed", pages.gone),
    )
    for change, keys in groups:
        yield from (PageChange(source, path, change) for source, path in keys)
