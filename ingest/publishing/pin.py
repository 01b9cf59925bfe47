"""The pin: it keeps an index as it was rolled back, until syncing is resumed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from ingest.errors import IndexPinnedError
from ingest.state.database import delete_row, read_row, replace_row
from ingest.state.ledger import Ledger
from ingest.state.tables import pins


@dataclass(frozen=True, slots=True)
class Pin:
    """The version at which the index stays, and the time of the rollback."""

    collection: str
    pinned_at: datetime


def read_pin(ledger: Ledger) -> Pin | None:
    """Return the pin of an index; None if syncs may change it."""
    row = read_row(ledger.engine, pins, index_name=ledger.index)
    return Pin(row.collection, row.pinned_at) if row else None


def set_pin(ledger: Ledger, collection: str) -> None:
    """Pin the index, so that syncs leave it alone."""
    with ledger.engine.begin() as connection:
        replace_row(
            connection,
            pins,
            index_name=ledger.index,
            collection=collection,
            pinned_at=datetime.now(UTC),
        )


def remove_pin(ledger: Ledger) -> None:
    """Remove the pin, so that syncs may change the index again."""
    with ledger.engine.begin() as connection:
        delete_row(connection, pins, index_name=ledger.index)


def check_not_pinned(ledger: Ledger) -> None:
    """Raise an error if the index is pinned.

    Raises:
        IndexPinnedError: the index is pinned; the message says since when and how to go on.
    """
    pin = read_pin(ledger)
    if pin is not None:
        raise IndexPinnedError(
            f"The index was rolled back at {pin.pinned_at:%Y-%m-%d %H:%M} UTC and stays as it is: "
            "run `docent index --resume` to sync again."
        )
