"""Checks of what the index is made of: sources, Milvus and the state database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from bot.control.client import ControlClient
from ingest.cron import parse_schedule
from ingest.factory import open_downloads, read_status
from ingest.inspection.source_trial import try_source
from ingest.settings import IngestSettings
from ingest.sources import Downloads, Source, parse_sources
from ingest.state.database import has_state_database, redact_url
from rag_core.addresses import redact_address
from rag_core.english import format_count
from rag_core.errors import DocentError
from rag_core.factory import open_store
from rag_core.models.known_answers import CheckResult
from rag_core.settings import RagSettings


def check_sources(index_settings: IngestSettings) -> Iterator[CheckResult]:
    """Check that docent can read the sources, and the schedule.

    Sources on this machine are read whole. Of a website some pages are read, of another address
    the first bytes, and nothing of what an earlier sync has downloaded.
    """
    try:
        sources = parse_sources(index_settings.sources)
        parse_schedule(index_settings.sync_schedule, index_settings.timezone)
    except DocentError as error:
        yield CheckResult("sources", passed=False, says=str(error))
        return
    if not sources:
        yield CheckResult(
            "sources",
            passed=True,
            says="not set up: run `docent init`, or set DOCENT_SOURCES to a folder, an archive, a "
            "repository or a website",
            is_set_up=False,
        )
    downloads = open_downloads(index_settings, prefers_stored=True)
    yield from (_check_source(source, downloads) for source in sources)


def _check_source(source: Source, downloads: Downloads) -> CheckResult:
    try:
        trial = try_source(source, downloads, is_quick=True)
    except DocentError as error:
        return CheckResult("source", passed=False, says=f"{source.name}: {error}")
    return CheckResult("source", passed=True, says=trial.describe())


def check_milvus(rag: RagSettings, index_settings: IngestSettings) -> CheckResult:
    """Check that Milvus answers, and what its live index holds."""
    place = redact_address(rag.milvus_uri)
    try:
        if rag.milvus_path and ControlClient.find(index_settings):
            says = f"the running `docent serve` holds {place}, and answers"
            return CheckResult("Milvus", passed=True, says=says)
        if rag.milvus_path and not rag.milvus_path.exists():
            says = f"there is no index at {place} yet: run `docent index`"
            return CheckResult("Milvus", passed=True, says=says, is_set_up=False)
        with closing(open_store(rag)) as store:
            live = store.read_live_index()
            count = store.count(live.collection) if live else 0
    except DocentError as error:
        return CheckResult("Milvus", passed=False, says=str(error))
    if live is None:
        says = f"{place} answers, and has no index {rag.collection} yet: run `docent index`"
        return CheckResult("Milvus", passed=True, says=says, is_set_up=False)
    says = f"{place} answers, and the live index has {format_count(count, 'chunk')}"
    return CheckResult("Milvus", passed=True, says=says)


def check_state(index_settings: IngestSettings) -> CheckResult:
    """Check that the state database answers, and how the last sync ended."""
    url = index_settings.resolved_state_url
    try:
        if not has_state_database(url):
            says = f"{redact_url(url)} is not there yet: `docent index` makes it"
            return CheckResult("state", passed=True, says=says, is_set_up=False)
        status = read_status(index_settings)
    except DocentError as error:
        return CheckResult("state", passed=False, says=str(error))
    if status.last_error:
        says = f"the last sync failed: {status.last_error}"
        return CheckResult("state", passed=False, says=says)
    moment = f"{status.last_sync:%Y-%m-%d %H:%M} UTC" if status.last_sync else "not yet"
    return CheckResult("state", passed=True, says=f"{redact_url(url)} answers; last sync {moment}")
