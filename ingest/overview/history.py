"""Sources and past syncs for admins, from the state database alone."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from ingest.sources import Source
from ingest.state import tables
from ingest.state.jobs import JobStore
from ingest.state.ledger import Ledger

_ALL = "sync"


@dataclass(frozen=True, slots=True)
class SourceState:
    """The state of a source.

    Attributes:
        name: its name.
        uri: its address; empty if it is no longer known.
        pages: number of its pages in the live version.
        next_run: when the schedule reads it again; None for never.
    """

    name: str
    uri: str
    pages: int
    next_run: datetime | None = None


@dataclass(frozen=True, slots=True)
class PastSync:
    """A sync that ended: the number of pages it changed, or the error."""

    finished_at: datetime
    added: int = 0
    changed: int = 0
    removed: int = 0
    error: str = ""


def list_source_states(ledger: Ledger, configured: Sequence[Source]) -> tuple[SourceState, ...]:
    """List the sources of the settings and of the live version."""
    live = ledger.read_live_version()
    pages = (
        Counter(page.source for page in ledger.contents.read_pages(live.collection))
        if live
        else Counter()
    )
    uris = ledger.read_source_uris() | {source.name: source.redacted_uri for source in configured}
    jobs, names = JobStore(ledger), {source.name for source in configured}
    return tuple(
        SourceState(
            name,
            uris.get(name, ""),
            pages[name],
            _find_next_run(jobs, name) if name in names else None,
        )
        for name in sorted(names | set(pages))
    )


def list_past_syncs(ledger: Ledger, *, limit: int) -> tuple[PastSync, ...]:
    """List the syncs that ended last, the latest first."""
    columns = tables.syncs.c
    query = select(tables.syncs).where(
        columns.index_name == ledger.index, columns.finished_at.is_not(None)
    )
    with ledger.engine.connect() as connection:
        rows = connection.execute(query.order_by(columns.id.desc()).limit(limit)).all()
    return tuple(_build_past_sync(row.finished_at, row.report, row.error) for row in rows)


def _build_past_sync(finished_at: datetime, report: str | None, error: str | None) -> PastSync:
    counts = json.loads(report) if report else {}
    added, changed, removed = (int(counts.get(name, 0)) for name in ("added", "changed", "removed"))
    return PastSync(finished_at, added, changed, removed, error or "")


def _find_next_run(jobs: JobStore, name: str) -> datetime | None:
    """Return a source's next run, by its own or the default job."""
    job = jobs.read(f"sync:{name}") or jobs.read(_ALL)
    return job.next_run if job else None
