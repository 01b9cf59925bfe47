"""How the index stands, by the state database alone: no Milvus, no model."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from ingest.publishing.pin import read_pin
from ingest.state.ledger import Ledger


@dataclass(frozen=True, slots=True)
class IndexStatus:
    """What `docent status` shows; None for what has not happened yet.

    Attributes:
        collection: name of the index.
        revision: of the live version.
        model: its embedding model.
        chunks: how many it holds.
        documents: pages that it holds.
        sources: names of the sources it was made from.
        last_sync: when the last sync ended, well or not.
        last_error: why it failed, if it did.
        next_sync: when the schedule starts the next one.
        pinned: collection that the index stays at, because it was rolled back; None where syncs
            may change it.
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
        """The status as plain data; times in ISO 8601."""
        return {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in asdict(self).items()
        }


def build_status(ledger: Ledger) -> IndexStatus:
    """How the index of a ledger stands."""
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
