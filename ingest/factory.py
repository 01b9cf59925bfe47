"""Settings become the objects of the indexing side."""

from __future__ import annotations

from pathlib import Path

from ingest.ledger import Ledger
from ingest.pipeline import Indexer
from ingest.settings import IngestSettings
from ingest.sources import Downloads
from ingest.state import open_state, state_exists
from ingest.status import IndexStatus, status_of
from rag_core.protocols import Embedder, VectorStore


def open_ledger(settings: IngestSettings) -> Ledger:
    """Open the ledger in the state database.

    Raises:
        StateError: the database can't be used.
    """
    return Ledger(open_state(settings.resolved_state_url), index=settings.collection)


def open_indexer(
    settings: IngestSettings,
    *,
    store: VectorStore,
    embedder: Embedder,
    ledger: Ledger | None = None,
) -> Indexer:
    """Put an indexer together; snapshots of downloads lie in the data folder.

    Raises:
        StateError: the state database can't be used; it is opened where no ledger is handed in.
    """
    from rag_core.store import SCHEMA_VERSION  # loads pymilvus

    ledger = ledger or open_ledger(settings)
    downloads = Downloads(data_folder(settings) / "snapshots", ledger)
    return Indexer(store, embedder, ledger, downloads, schema=SCHEMA_VERSION)


def read_status(settings: IngestSettings) -> IndexStatus:
    """How the index stands, by the state database alone; nothing is made where there is none.

    Raises:
        StateError: the state database can't be used.
    """
    if not state_exists(settings.resolved_state_url):
        return IndexStatus(settings.collection)
    return status_of(open_ledger(settings))


def data_folder(settings: IngestSettings) -> Path:
    """Where docent keeps its files: beside Milvus Lite, or `data` where Milvus is a server."""
    if "://" in settings.milvus_uri:
        return Path("data")
    return Path(settings.milvus_uri).expanduser().parent
