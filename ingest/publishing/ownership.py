"""The owner of an index in Milvus: the state database whose syncs write it."""

from __future__ import annotations

from ingest.errors import ForeignIndexError
from ingest.state.ledger import Ledger
from rag_core.protocols import VectorStore


def check_owner(store: VectorStore, ledger: Ledger) -> None:
    """Raise an error if another docent writes this index.

    Its versions would be dropped as unknown ones. A collection without an owner was made by an
    earlier version of docent.

    Raises:
        ForeignIndexError: a collection of the index has another owner.
    """
    if any(
        store.read_owner(collection) not in {"", ledger.identity}
        for collection in store.list_collections()
    ):
        raise ForeignIndexError(
            f"The index {ledger.index} in Milvus belongs to another docent, with another state "
            "database: set DOCENT_COLLECTION to another name, or run `docent index --adopt` to "
            "take it over."
        )


def hold_index(store: VectorStore, ledger: Ledger) -> None:
    """Check the owner of the index; own what has none.

    Raises:
        ForeignIndexError: a collection of the index has another owner.
    """
    try:
        check_owner(store, ledger)
    except ForeignIndexError:
        ledger.remove_marks()  # the other one switches now, and only Milvus knows it
        raise
    for collection in store.list_collections():
        if not store.read_owner(collection):
            store.write_owner(collection, ledger.identity)


def take_over(store: VectorStore, ledger: Ledger) -> None:
    """Make this docent the owner of an index.

    The next sync reads from Milvus what it holds. The other docent may have written to any version
    but the one whose revision the ledger still knows, so their records are deleted.
    """
    live = store.read_live_index()
    for collection in store.list_collections():
        if store.read_owner(collection) != ledger.identity:
            if live is None or collection != live.collection:
                ledger.forget([collection])
            store.write_owner(collection, ledger.identity)
