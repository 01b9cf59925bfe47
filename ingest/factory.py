"""The factory of `ingest`: settings become ready objects."""

from __future__ import annotations

from functools import partial

from ingest.engine.build import ClusterBuild
from ingest.loading.reading import PageReader, read_apart
from ingest.overview.status import IndexStatus, build_status
from ingest.publishing.versions import list_versions
from ingest.settings import IngestSettings
from ingest.sources import Downloads, Limits
from ingest.state.database import has_state_database, open_state
from ingest.state.ledger import Ledger
from ingest.sync import Indexer
from ingest.types import IndexVersion
from rag_core.protocols import Embedder, VectorStore
from rag_core.settings import RagSettings
from rag_core.types import SCHEMA_VERSION


def open_ledger(settings: IngestSettings) -> Ledger:
    """Open the ledger in the state database.

    Raises:
        StateError: the database can't be used.
    """
    return Ledger(open_state(settings.resolved_state_url), index=settings.collection)


def open_indexer(  # noqa: PLR0913  (the parts of a sync, each handed in)
    settings: IngestSettings,
    *,
    store: VectorStore,
    embedder: Embedder,
    ledger: Ledger | None = None,
    drain_seconds: float = 0.0,
    read_documents: PageReader = read_apart,
) -> Indexer:
    """Build an indexer, with snapshots of downloads in the data folder.

    By default its pages are read in a process of its own, with a deadline.

    Args:
        settings: sources, limits of downloads and the state database.
        store: the index in Milvus.
        embedder: embeds the chunks.
        ledger: the ledger; opened from the settings if None.
        drain_seconds: time that questions have after a switch to end their searches; 0 where
            no questions are asked.
        read_documents: reads and divides the pages.

    Returns:
        The indexer.

    Raises:
        StateError: the state database can't be used.
    """
    return Indexer(
        store,
        embedder,
        ledger or open_ledger(settings),
        open_downloads(settings),
        schema=SCHEMA_VERSION,
        golden_margin=settings.golden_margin,
        read_documents=read_documents,
        drain_seconds=drain_seconds,
    )


def open_cluster_build(
    settings: IngestSettings, rag: RagSettings, embedder: Embedder
) -> ClusterBuild:
    """Open a build on the Ray cluster.

    It connects when there are pages to read.

    Args:
        settings: where finished parts are kept.
        rag: choose the model of the workers.
        embedder: docent's own, for what the workers did not embed.

    Returns:
        The build, which reads pages and embeds.

    Raises:
        IngestError: Ray is not installed.
    """
    from ingest.engine.cluster import check_ray
    from ingest.engine.worker_models import run_with_settings

    check_ray()
    return ClusterBuild(embedder, partial(run_with_settings, rag), settings.parts_folder)


def open_downloads(settings: IngestSettings, *, prefers_stored: bool = False) -> Downloads:
    """Return the snapshots of downloads in the data folder.

    Args:
        settings: the data folder, and limits of downloads.
        prefers_stored: whether what is there is used as it is.
    """
    limits = Limits(settings.download_max_mb * 2**20, settings.download_max_minutes * 60)
    folder = settings.data_folder / "snapshots"
    return Downloads(folder, limits=limits, prefers_stored=prefers_stored)


def read_status(settings: IngestSettings) -> IndexStatus:
    """Read the status of the index from the state database alone.

    Returns an empty status if there is no state database, and creates none.

    Raises:
        StateError: the state database can't be used.
    """
    if not has_state_database(settings.resolved_state_url):
        return IndexStatus(settings.collection)
    return build_status(open_ledger(settings))


def read_versions(settings: IngestSettings) -> tuple[IndexVersion, ...]:
    """Read the versions from the state database alone, the newest first.

    Raises:
        StateError: the state database can't be used.
    """
    if not has_state_database(settings.resolved_state_url):
        return ()
    return list_versions(open_ledger(settings))
