"""A rollback in this process, because no service holds the index; imports as little as it can."""

from __future__ import annotations

from ingest.publishing.versions import roll_back
from ingest.settings import IngestSettings
from ingest.state.database import open_state
from ingest.state.ledger import Ledger
from ingest.types import IndexVersion
from rag_core.errors import IndexMissingError
from rag_core.settings import RagSettings


def roll_back_locally(settings: IngestSettings) -> IndexVersion:
    """Make the previous version live again, and pin the index to it.

    Raises:
        IndexMissingError: there is no index.
        NoVersionError: there is no version to go back to.
        StoreError: Milvus can't be used.
    """
    rag = RagSettings.load()
    require_index(rag)
    from rag_core.index.milvus import MilvusStore

    ledger = Ledger(open_state(settings.resolved_state_url), index=settings.collection)
    store = MilvusStore.open(rag)
    try:
        return roll_back(store, ledger)
    finally:
        store.close()
        ledger.engine.dispose()


def require_index(rag: RagSettings) -> None:
    """Raise IndexMissingError if Milvus Lite has no directory yet."""
    path = rag.milvus_path
    if path is not None and not path.exists():
        raise IndexMissingError(f"There is no index at {path} yet: run `docent index` first.")
