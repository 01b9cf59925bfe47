"""What the command line asks of the index where no service holds it: done in this process."""

from __future__ import annotations

from typing import Any

from bot.control.protocol import Request
from ingest.changes.survey import SyncOptions
from ingest.local import local_index
from ingest.publishing.repair import Checkup
from ingest.publishing.versions import resume
from ingest.report import ProgressCallback, silent
from ingest.settings import IngestSettings
from ingest.sources import parse_sources, select_sources
from rag_core.errors import IndexMissingError
from rag_core.models.known_answers import Check
from rag_core.settings import RagSettings


def carry_out(
    request: Request, settings: IngestSettings, progress: ProgressCallback | None
) -> dict[str, Any]:
    """Index or preview; the result as the JSON of that command.

    Raises:
        DocentError: what went wrong.
    """
    rag = RagSettings.load()
    with local_index(settings, rag) as local:
        configured = parse_sources(settings.sources)
        chosen = request.sources
        options = SyncOptions(
            force=request.force,
            full=request.full,
            configured=configured if chosen is None else (),
        )
        chosen = select_sources((), configured) if chosen is None else chosen
        show = progress or silent
        if request.command == "preview":
            return local.indexer.preview(chosen, progress=show, options=options).as_json()
        if request.resume:
            resume(local.ledger)
        return local.indexer.sync(chosen, progress=show, options=options).as_json()


def check(settings: IngestSettings, *, mend: bool) -> tuple[Check, ...]:
    """Compare the index with the ledger.

    Raises:
        DocentError: what went wrong.
    """
    rag = RagSettings.load()
    _require_index(rag)
    with local_index(settings, rag) as local:
        return Checkup(local.store.opened, local.ledger, mend=mend).run()


def _require_index(rag: RagSettings) -> None:
    path = rag.milvus_path
    if path is not None and not path.exists():
        raise IndexMissingError(f"There is no index at {path} yet: run `docent index` first.")
