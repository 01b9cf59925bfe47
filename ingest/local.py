"""The index in the command line's own process; Milvus and models open when needed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ingest.factory import open_cluster_build, open_indexer, open_ledger
from ingest.lazy import LazyEmbedder, LazyStore
from ingest.loading.reading import read_apart
from ingest.publishing.publisher import DRAIN_SECONDS
from ingest.settings import IngestSettings
from ingest.state.ledger import Ledger
from ingest.sync import Indexer
from rag_core.extras import check_index_extras, check_model_extras
from rag_core.protocols import Embedder, VectorStore
from rag_core.settings import RagSettings

if TYPE_CHECKING:
    from rag_core.factory import Models


Engine = Literal["local", "ray"]
"""The place where pages are read and embedded: docent's own process, or a Ray cluster."""


@dataclass(frozen=True, slots=True)
class LocalIndex:
    """The parts that a command works with."""

    indexer: Indexer
    store: LazyStore
    ledger: Ledger


@contextmanager
def open_local_index(
    settings: IngestSettings, rag: RagSettings, *, engine: Engine = "local"
) -> Iterator[LocalIndex]:
    """Open the index during a `with` block.

    What is not installed is said before a source is read; Milvus and the models raise their other
    errors later, when they are needed.

    Args:
        settings: sources and the state database.
        rag: the models and Milvus.
        engine: where pages are read and embedded.

    Yields:
        The parts of the index.

    Raises:
        ExtraMissingError: an extra that the settings need is not installed.
        StateError: the state database can't be used.
        IngestError: Ray is not installed.
    """
    check_model_extras(rag)
    check_index_extras(rag)
    ledger = open_ledger(settings)
    models: list[Models] = []

    def open_embedder() -> Embedder:
        from rag_core.factory import open_models

        opened = open_models(rag)
        models.append(opened)
        return opened.inference.indexing

    def open_store() -> VectorStore:
        from rag_core.factory import open_store

        return open_store(rag, create=True)

    store = LazyStore(ledger, rag.milvus_path, open_store)
    embedder = LazyEmbedder(ledger.engine, rag, open_embedder)
    # Milvus Lite belongs to this process, in which no questions are asked.
    drain_seconds = DRAIN_SECONDS if rag.milvus_path is None else 0.0
    build = open_cluster_build(settings, rag, embedder) if engine == "ray" else None
    indexer = open_indexer(
        settings,
        store=store,
        embedder=build or embedder,
        ledger=ledger,
        drain_seconds=drain_seconds,
        read_documents=build.read if build else read_apart,
    )
    try:
        yield LocalIndex(indexer, store, ledger)
    except BaseException:
        store.close()
        raise
    else:
        store.close()
        store.save_fingerprint()
        if build:
            build.finish()
    finally:
        for opened in models:
            opened.close()
        ledger.engine.dispose()
