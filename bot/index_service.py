"""Index management: sync, preview, check, roll back and read, the same for every caller."""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from bot.errors import SyncStoppedError
from ingest.changes.preview import Preview
from ingest.changes.survey import SyncOptions
from ingest.errors import IndexPinnedError, SyncRunningError
from ingest.overview.history import PastSync, SourceState, list_past_syncs, list_source_states
from ingest.overview.status import IndexStatus, build_status
from ingest.publishing.repair import IndexCheck
from ingest.publishing.versions import list_versions, resume_syncs, roll_back
from ingest.report import IngestReport, Progress, ProgressCallback, ignore_progress
from ingest.sources import Source, select_sources
from ingest.state.ledger import Ledger
from ingest.sync import Indexer
from ingest.types import IndexVersion
from rag_core.errors import SettingsError
from rag_core.models.known_answers import CheckResult
from rag_core.protocols import VectorStore
from rag_core.types import Chunk, Scope


@dataclass(frozen=True, slots=True)
class SyncRequest:
    """The sources and options of a sync. It also travels over the control socket.

    Attributes:
        sources: names of configured sources, or sources from a command line; the sync touches
            only these. If empty, it reads all configured sources and removes the pages of
            sources that are no longer configured.
        dry_run: preview the sync without changing anything.
        full: read every page and embed every chunk again.
        force: publish even if a source lost many pages or golden questions find less.
        resume: let syncs change the index again after a rollback, then sync.
        adopt: take over an index that another docent wrote, then sync.
        remove_unconfigured: remove the pages of sources that are no longer configured, even if
            `sources` names some. The schedule sets this.
    """

    sources: tuple[str | Source, ...] = ()
    dry_run: bool = False
    full: bool = False
    force: bool = False
    resume: bool = False
    adopt: bool = False
    remove_unconfigured: bool = False


class PageLabels(NamedTuple):
    """The labels of one page: the values that a scope can name."""

    source: str
    version: str
    language: str
    path: str

    def is_in_scope(self, scope: Scope) -> bool:
        """Return True if a question with this scope searches the page."""
        return (
            (not scope.sources or self.source in scope.sources)
            and scope.version in {"", self.version}
            and scope.language in {"", self.language}
            and self.path.startswith(scope.path_prefix)
        )


def read_page_labels(store: VectorStore) -> Collection[PageLabels] | None:
    """Read the labels of all live pages; None if nothing is indexed."""
    live = store.read_live_index()
    if live is None:
        return None
    return {
        PageLabels(chunk.source, chunk.version, chunk.language, chunk.path)
        for chunk in store.read_chunks(live.collection)
    }


SyncOutcome = Literal["changed", "unchanged", "incomplete", "failed", "stopped", "skipped"]
"""The end of a sync; `incomplete` could not read a source, `skipped` was not allowed to begin."""

OnSyncEnd = Callable[[SyncOutcome, float], None]
"""Gets the end of a sync, and the seconds that it took."""


def ignore_sync_end(outcome: SyncOutcome, seconds: float) -> None:
    """Take the end of a sync and do nothing."""
    del outcome, seconds


@dataclass(slots=True)
class _SyncEnd:
    """The end of a sync, set by the block that runs it."""

    outcome: SyncOutcome = "failed"


def _judge_report(report: IngestReport) -> SyncOutcome:
    if report.unread:
        return "incomplete"
    return "unchanged" if report.unchanged else "changed"


@dataclass(frozen=True, slots=True)
class IndexService:
    """The index, for the schedule, Slack, the control socket and the command line.

    Every method blocks.

    Attributes:
        indexer: runs syncs and previews.
        store: the index in Milvus.
        ledger: the record of what the index should hold.
        configured: the sources of the settings.
        stopping: once set, ends a running sync at its next progress report.
        on_sync_end: gets the end of each sync and its seconds.
    """

    indexer: Indexer
    store: VectorStore
    ledger: Ledger
    configured: tuple[Source, ...] = ()
    stopping: threading.Event = field(default_factory=threading.Event)
    on_sync_end: OnSyncEnd = ignore_sync_end

    @property
    def source_names(self) -> tuple[str, ...]:
        """Names of the sources in the settings."""
        return tuple(source.name for source in self.configured)

    def sync_or_preview(
        self, request: SyncRequest, progress: ProgressCallback = ignore_progress
    ) -> IngestReport | Preview:
        """Run the sync; for a dry run, only preview it.

        Raises:
            DocentError: the sync or the preview failed; the live version is unchanged.
        """
        work = self.preview if request.dry_run else self.sync
        return work(request, progress)

    def sync(
        self, request: SyncRequest, progress: ProgressCallback = ignore_progress
    ) -> IngestReport:
        """Bring the index up to date.

        Raises:
            DocentError: the sync failed; the live version is unchanged.
        """
        sources, options = self._choose_sources(request), self._choose_options(request)
        if request.resume:
            self.resume()
        check = self._add_stop_check(progress)
        with self._watch_sync() as ended:
            report = self.indexer.sync(sources, progress=check, options=options)
            ended.outcome = _judge_report(report)
        return report

    def preview(
        self, request: SyncRequest, progress: ProgressCallback = ignore_progress
    ) -> Preview:
        """Return what a sync would change.

        Raises:
            DocentError: a source can't be read, or the index can't be used.
        """
        sources, options = self._choose_sources(request), self._choose_options(request)
        return self.indexer.preview(
            sources, progress=self._add_stop_check(progress), options=options
        )

    def check(self, *, repair: bool = False) -> tuple[CheckResult, ...]:
        """Compare the index with the ledger, and repair it if asked to.

        Raises:
            SyncRunningError: a sync is running.
        """
        return IndexCheck(self.store, self.ledger, repair=repair).run()

    def roll_back(self) -> IndexVersion:
        """Make the previous version live again, and pin the index to it.

        Raises:
            NoVersionError: there is no version to go back to.
        """
        return roll_back(self.store, self.ledger)

    def resume(self) -> bool:
        """Unpin the index after a rollback; return False if nothing was pinned."""
        return resume_syncs(self.ledger)

    def read_status(self) -> IndexStatus:
        """Read the status of the index."""
        return build_status(self.ledger)

    def list_versions(self) -> Sequence[IndexVersion]:
        """List the stored versions, newest first."""
        return list_versions(self.ledger)

    def list_source_states(self) -> Sequence[SourceState]:
        """List each source with its number of pages, sorted by name."""
        return list_source_states(self.ledger, self.configured)

    def list_past_syncs(self, limit: int) -> Sequence[PastSync]:
        """List the last syncs that ended, latest first."""
        return list_past_syncs(self.ledger, limit=limit)

    def sample_chunks(self, limit: int) -> Sequence[Chunk]:
        """Read the first chunks of the live version."""
        live = self.store.read_live_index()
        if live is None:
            return ()
        # Close the generator early, so that Milvus frees the cursor.
        with contextlib.closing(_iterate_chunks(self.store, live.collection)) as chunks:
            return list(itertools.islice(chunks, limit))

    def list_page_labels(self) -> Collection[PageLabels] | None:
        """Read the labels of all live pages; None if nothing is indexed."""
        return read_page_labels(self.store)

    def _choose_sources(self, request: SyncRequest) -> tuple[Source, ...]:
        if not request.sources:
            return select_sources((), self.configured)
        by_name = {source.name: source for source in self.configured}
        try:
            return tuple(
                by_name[source] if isinstance(source, str) else source for source in request.sources
            )
        except KeyError as error:
            raise SettingsError(f"DOCENT_SOURCES has no source named {error.args[0]}.") from error

    def _choose_options(self, request: SyncRequest) -> SyncOptions:
        """Build the options; a sync of all sources removes unconfigured ones."""
        return SyncOptions(
            force=request.force,
            full=request.full,
            configured=self.configured,
            remove_unconfigured=request.remove_unconfigured or not request.sources,
            adopt=request.adopt,
        )

    @contextlib.contextmanager
    def _watch_sync(self) -> Iterator[_SyncEnd]:
        """Report the end of a sync; it failed unless marked otherwise."""
        ended, started = _SyncEnd(), time.monotonic()
        try:
            yield ended
        except (SyncRunningError, IndexPinnedError):
            ended.outcome = "skipped"
            raise
        except SyncStoppedError:
            ended.outcome = "stopped"
            raise
        finally:
            self.on_sync_end(ended.outcome, time.monotonic() - started)

    def _add_stop_check(self, progress: ProgressCallback) -> ProgressCallback:
        def check_and_report(step: Progress) -> None:
            if self.stopping.is_set():
                raise SyncStoppedError("The sync was stopped because docent is ending.")
            progress(step)

        return check_and_report


def _iterate_chunks(store: VectorStore, collection: str) -> Generator[Chunk, None, None]:
    yield from store.read_chunks(collection)


def is_rollback_target(versions: Sequence[IndexVersion], name: str) -> bool:
    """Return True if a rollback goes to the version of this name.

    A version is named by its collection or by the beginning of its revision.
    """
    previous = [version for version in versions if version.previous]
    return any(
        version.collection == name or version.revision.startswith(name) for version in previous
    )
