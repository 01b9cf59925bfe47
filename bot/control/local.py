"""Commands on the index that run in this process, because no service holds it."""

from __future__ import annotations

from typing import Any

from bot.control.local_rollback import require_index
from bot.index_service import IndexService, SyncRequest
from ingest.local import Engine, open_local_index
from ingest.report import ProgressCallback, ignore_progress
from ingest.settings import IngestSettings
from ingest.sources import parse_sources
from rag_core.models.known_answers import CheckResult
from rag_core.settings import RagSettings


def sync_or_preview(
    request: SyncRequest,
    settings: IngestSettings,
    progress: ProgressCallback | None,
    *,
    engine: Engine = "local",
) -> dict[str, Any]:
    """Sync or preview; return the result as the command's JSON.

    Args:
        request: the sources and options of the sync.
        settings: the index and its configured sources.
        progress: receives the progress of the sync; None for no progress.
        engine: where pages are read and embedded; a preview embeds nothing, and reads here.

    Returns:
        The report or the preview, with the keys that docs/json-index.md documents.

    Raises:
        DocentError: the sync or the preview failed.
    """
    engine = "local" if request.dry_run else engine
    with open_local_index(settings, RagSettings.load(), engine=engine) as local:
        configured = parse_sources(settings.sources)
        index = IndexService(local.indexer, local.store, local.ledger, configured)
        return index.sync_or_preview(request, progress or ignore_progress).as_json()


def check_index(settings: IngestSettings, *, repair: bool) -> tuple[CheckResult, ...]:
    """Compare the index with the ledger.

    Raises:
        DocentError: there is no index, or it can't be read.
    """
    rag = RagSettings.load()
    require_index(rag)
    with open_local_index(settings, rag) as local:
        # Check Milvus itself: the lazy store would answer from the ledger.
        return IndexService(local.indexer, local.store.opened, local.ledger).check(repair=repair)
