"""The index as people manage it from Slack: synced, looked at, rolled back. Every method blocks."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Collection, Generator, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Protocol

from ingest.changes.preview import Preview
from ingest.changes.survey import SyncOptions
from ingest.overview.history import PastSync, SourceState, past_syncs, source_states
from ingest.overview.status import IndexStatus, status_of
from ingest.publishing.versions import list_versions, resume, roll_back
from ingest.report import IngestReport, ProgressCallback
from ingest.sources import Source, select_sources
from ingest.state.ledger import Ledger
from ingest.sync import Indexer
from ingest.types import IndexVersion
from rag_core.protocols import VectorStore
from rag_core.types import Chunk, Scope


@dataclass(frozen=True, slots=True)
class SyncRequest:
    """What is to be synced: the sources of these names, all of them for none.

    Attributes:
        sources: names.
        dry_run: only say what would be done.
        full: read every page and embed every chunk anew.
    """

    sources: tuple[str, ...] = ()
    dry_run: bool = False
    full: bool = False


class PageLabels(NamedTuple):
    """What one page is called: the values that a scope can name."""

    source: str
    version: str
    language: str
    path: str

    def within(self, scope: Scope) -> bool:
        """Whether questions of this scope are asked of the page."""
        return (
            (not scope.sources or self.source in scope.sources)
            and scope.version in {"", self.version}
            and scope.language in {"", self.language}
            and self.path.startswith(scope.path_prefix)
        )


class IndexDesk(Protocol):
    """What the bot needs of the index beside answers.

    Raises:
        DocentError: it failed; its sentence says why.
    """

    @property
    def sources(self) -> Sequence[str]:
        """Names of the sources in the settings."""

    def sync(self, request: SyncRequest, progress: ProgressCallback) -> IngestReport:
        """Bring the index up to date."""

    def preview(self, request: SyncRequest, progress: ProgressCallback) -> Preview:
        """Say what a sync would do."""

    def status(self) -> IndexStatus:
        """How the index stands."""

    def versions(self) -> Sequence[IndexVersion]:
        """The versions that are kept, the newest first."""

    def roll_back(self) -> IndexVersion:
        """Let the version before the live one answer again, and stay at it."""

    def resume(self) -> bool:
        """Sync again after a rollback; False where nothing was pinned."""

    def source_states(self) -> Sequence[SourceState]:
        """The sources with their pages."""

    def past_syncs(self, limit: int) -> Sequence[PastSync]:
        """The syncs that ended last."""

    def sample(self, limit: int) -> Sequence[Chunk]:
        """Some chunks of the live version."""

    def labels(self) -> Collection[PageLabels] | None:
        """What its pages are called, by reading all of it; None where nothing is indexed."""


@dataclass(frozen=True, slots=True)
class ServedIndex:
    """The index of `docent serve`, by the same code as the command line's."""

    indexer: Indexer
    store: VectorStore
    ledger: Ledger
    configured: tuple[Source, ...] = field(default=())

    @property
    def sources(self) -> Sequence[str]:
        """Names of the sources in the settings."""
        return [source.name for source in self.configured]

    def sync(self, request: SyncRequest, progress: ProgressCallback) -> IngestReport:
        """Bring the index up to date."""
        chosen, options = self._chosen(request)
        return self.indexer.sync(chosen, progress=progress, options=options)

    def preview(self, request: SyncRequest, progress: ProgressCallback) -> Preview:
        """Say what a sync would do."""
        chosen, options = self._chosen(request)
        return self.indexer.preview(chosen, progress=progress, options=options)

    def status(self) -> IndexStatus:
        """How the index stands."""
        return status_of(self.ledger)

    def versions(self) -> Sequence[IndexVersion]:
        """The versions that are kept."""
        return list_versions(self.ledger)

    def roll_back(self) -> IndexVersion:
        """Let the version before the live one answer again."""
        return roll_back(self.store, self.ledger)

    def resume(self) -> bool:
        """Sync again after a rollback."""
        return resume(self.ledger)

    def source_states(self) -> Sequence[SourceState]:
        """The sources with their pages."""
        return source_states(self.ledger, self.configured)

    def past_syncs(self, limit: int) -> Sequence[PastSync]:
        """The syncs that ended last."""
        return past_syncs(self.ledger, limit=limit)

    def sample(self, limit: int) -> Sequence[Chunk]:
        """Some chunks of the live version."""
        live = self.store.live()
        if live is None:
            return ()
        # Closed before its end, so that Milvus does not keep the cursor.
        with contextlib.closing(_chunks(self.store, live.collection)) as chunks:
            return list(itertools.islice(chunks, limit))

    def labels(self) -> Collection[PageLabels] | None:
        """What its pages are called."""
        live = self.store.live()
        if live is None:
            return None
        return {
            PageLabels(chunk.source, chunk.version, chunk.language, chunk.path)
            for chunk in self.store.chunks(live.collection)
        }

    def _chosen(self, request: SyncRequest) -> tuple[tuple[Source, ...], SyncOptions]:
        known = select_sources((), self.configured)
        options = SyncOptions(full=request.full, configured=self.configured)
        if not request.sources:
            return known, options
        # Of a sync of some sources, pages of the others stay, those taken out of the settings too.
        wanted = [source for source in known if source.name in request.sources]
        return tuple(wanted), replace(options, configured=())


def _chunks(store: VectorStore, collection: str) -> Generator[Chunk, None, None]:
    yield from store.chunks(collection)


def is_previous(versions: Sequence[IndexVersion], wanted: str) -> bool:
    """Whether a rollback goes there: to a collection, or the revision that begins so."""
    previous = [version for version in versions if version.previous]
    return any(one.revision.startswith(wanted) or one.collection == wanted for one in previous)
