"""The status of the index, from the state database alone: no Milvus, no model."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from ingest.publishing.pin import read_pin
from ingest.state.ledger import Ledger


@dataclass(frozen=True, slots=True)
class IndexStatus:
    """The status that `docent status` shows; None for events that have not happened yet.

    Attributes:
        collection: name of the index.
        revision: revision of the live version.
        model: its embedding model.
        chunks: number of its chunks.
        documents: number of its pages.
        sources: names of its sources.
        last_sync: when the last sync ended, whether it succeeded or failed.
        last_error: the error if it failed.
        next_sync: when the schedule starts the next sync.
        pinned: collection at which the index stays after a rollback; None if syncs may change it.
        pinned_at: when it was rolled back.
    """

    collection: str
    revision: str | None = None
    model: str | None = None
    chunks: int = 0
    documents: int = 0
    sources: tuple[str, ...] = ()
    last_sync: datetime | None = None
    last_error: str | None = None
    next_sync: datetime | None = None
    pinned: str | None = None
    pinned_at: datetime | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the status as plain data; times in ISO 8601."""
        return {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in asdict(self).items()
        }


def build_status(ledger: Ledger) -> IndexStatus:
    """Build the status of a ledger's index."""
    live = ledger.read_live_version()
    last = ledger.read_last_sync()
    pin = read_pin(ledger)
    return IndexStatus(
        collection=ledger.index,
        revision=live.spec.revision if live else None,
        model=live.spec.model if live else None,
        chunks=live.chunks if live else 0,
        documents=live.documents if live else 0,
        sources=ledger.list_sources(live.collection) if live else (),
        last_sync=last.finished_at if last else None,
        last_error=last.error if last else None,
        next_sync=ledger.read_next_sync_time(),
        pinned=pin.collection if pin else None,
        pinned_at=pin.pinned_at if pin else None,
    )
