"""The index as it is managed: synced, looked at, checked and rolled back; one way for all."""

from __future__ import annotations

import contextlib
import itertools
import threading
from collections.abc import Collection, Generator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from bot.errors import SyncStoppedError
from ingest.changes.preview import Preview
from ingest.changes.survey import SyncOptions
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
    """What to sync, and how. It also travels over the control socket.

    Attributes:
        sources: names of configured sources, or sources as a command line named them; only
            these are touched. Empty for all configured sources, and then the pages of sources
            that are configured no more are removed.
        dry_run: only say what would be done.
        full: read every page and embed every chunk anew.
        force: publish although a source lost many pages, or golden questions find less.
        resume: let syncs change the index again after a rollback, and sync then.
        remove_unconfigured: remove the pages of sources that are configured no more, although
            sources are named. The schedule asks for that.
    """

    sources: tuple[str | Source, ...] = ()
    dry_run: bool = False
    full: bool = False
    force: bool = False
    resume: bool = False
    remove_unconfigured: bool = False


class PageLabels(NamedTuple):
    """What one page is called: the values that a scope can name."""

    source: str
    version: str
    language: str
    path: str

    def is_in_scope(self, scope: Scope) -> bool:
        """Whether questions of this scope are asked of the page."""
        return (
            (not scope.sources or self.source in scope.sources)
            and scope.version in {"", self.version}
            and scope.language in {"", self.language}
            and self.path.startswith(scope.path_prefix)
        )


@dataclass(frozen=True, slots=True)
class IndexService:
    """The index, for the schedule, Slack, the control socket and the command line.

    Every method blocks.

    Attributes:
        indexer: syncs.
        store: the index in Milvus.
        ledger: the record of what the index should hold.
        configured: the sources of the settings.
        stopping: ends a sync at its next sign of progress, once it is set.
    """

    indexer: Indexer
    store: VectorStore
    ledger: Ledger
    configured: tuple[Source, ...] = ()
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def source_names(self) -> tuple[str, ...]:
        """Names of the sources in the settings."""
        return tuple(source.name for source in self.configured)

    def sync_or_preview(
        self, request: SyncRequest, progress: ProgressCallback = ignore_progress
    ) -> IngestReport | Preview:
        """Sync, or preview where the request is a dry run. Raises what they raise."""
        work = self.preview if request.dry_run else self.sync
        return work(request, progress)

    def sync(
        self, request: SyncRequest, progress: ProgressCallback = ignore_progress
    ) -> IngestReport:
        """Bring the index up to date.

        Raises:
            DocentError: the sync failed, and the live version is as it was.
        """
        sources, options = self._choose_sources(request), self._choose_options(request)
        if request.resume:
            self.resume()
        return self.indexer.sync(sources, progress=self._add_stop_check(progress), options=options)

    def preview(
        self, request: SyncRequest, progress: ProgressCallback = ignore_progress
    ) -> Preview:
        """Say what a sync would do. Raises what a sync raises."""
        sources, options = self._choose_sources(request), self._choose_options(request)
        return self.indexer.preview(
            sources, progress=self._add_stop_check(progress), options=options
        )

    def check(self, *, repair: bool = False) -> tuple[CheckResult, ...]:
        """Compare the index with the ledger, and repair it if asked to.

        Raises:
            SyncRunningError: a sync is at work.
        """
        return IndexCheck(self.store, self.ledger, repair=repair).run()

    def roll_back(self) -> IndexVersion:
        """Let the version before the live one answer again, and stay at it.

        Raises:
            NoVersionError: there is no version to go back to.
        """
        return roll_back(self.store, self.ledger)

    def resume(self) -> bool:
        """Let syncs change the index after a rollback; return False if nothing was pinned."""
        return resume_syncs(self.ledger)

    def read_status(self) -> IndexStatus:
        """Read how the index stands."""
        return build_status(self.ledger)

    def list_versions(self) -> Sequence[IndexVersion]:
        """List the versions that are kept, the newest first."""
        return list_versions(self.ledger)

    def list_source_states(self) -> Sequence[SourceState]:
        """List the sources with their pages, by name."""
        return list_source_states(self.ledger, self.configured)

    def list_past_syncs(self, limit: int) -> Sequence[PastSync]:
        """List the syncs that ended last, the latest first."""
        return list_past_syncs(self.ledger, limit=limit)

    def sample_chunks(self, limit: int) -> Sequence[Chunk]:
        """Read the first chunks of the live version."""
        live = self.store.read_live_index()
        if live is None:
            return ()
        # Closed before its end, so that Milvus does not keep the cursor.
        with contextlib.closing(_iterate_chunks(self.store, live.collection)) as chunks:
            return list(itertools.islice(chunks, limit))

    def list_page_labels(self) -> Collection[PageLabels] | None:
        """List the labels of all live pages by reading them; None when nothing is indexed."""
        live = self.store.read_live_index()
        if live is None:
            return None
        return {
            PageLabels(chunk.source, chunk.version, chunk.language, chunk.path)
            for chunk in self.store.read_chunks(live.collection)
        }

    def _choose_sources(self, request: SyncRequest) -> tuple[Source, ...]:
        if not request.sources:
            return select_sources((), self.configured)
        known = {source.name: source for source in self.configured}
        try:
            return tuple(
                known[source] if isinstance(source, str) else source for source in request.sources
            )
        except KeyError as error:
            raise SettingsError(f"DOCENT_SOURCES has no source named {error.args[0]}.") from error

    def _choose_options(self, request: SyncRequest) -> SyncOptions:
        """The rule: named sources are touched alone; a sync of all removes what is left over."""
        return SyncOptions(
            force=request.force,
            full=request.full,
            configured=self.configured,
            remove_unconfigured=request.remove_unconfigured or not request.sources,
        )

    def _add_stop_check(self, progress: ProgressCallback) -> ProgressCallback:
        def watch(step: Progress) -> None:
            if self.stopping.is_set():
                raise SyncStoppedError("The sync was stopped because docent is ending.")
            progress(step)

        return watch


def _iterate_chunks(store: VectorStore, collection: str) -> Generator[Chunk, None, None]:
    yield from store.read_chunks(collection)


def is_rollback_target(versions: Sequence[IndexVersion], wanted: str) -> bool:
    """Whether a rollback goes there: to a collection, or the revision that begins so."""
    previous = [version for version in versions if version.previous]
    return any(one.revision.startswith(wanted) or one.collection == wanted for one in previous)
