"""The whole sync, from the sources to a published version and its report."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from ingest.changes.plan import ChunkPlan, plan_chunks
from ingest.changes.preview import Preview, build_preview
from ingest.changes.survey import ChangeDetector, ChangeSet, SyncOptions
from ingest.engine.build import ClusterBuild
from ingest.errors import SourceEmptyError, StateError
from ingest.loading.chunker import Chunker
from ingest.loading.loader import chunk_pages
from ingest.loading.reading import PageReader, read_here
from ingest.loading.stored_chunks import describe_texts
from ingest.progress import DurationStats
from ingest.publishing.golden_questions import GoldenGate, check_golden_questions
from ingest.publishing.ownership import check_owner, hold_index, take_over
from ingest.publishing.pin import check_not_pinned
from ingest.publishing.publisher import Publisher, PublishResult
from ingest.publishing.versions import complete_rollback
from ingest.report import IngestReport, ProgressCallback, ignore_progress
from ingest.sources import Downloads, Source
from ingest.state.hard_pages import HardPages
from ingest.state.lease import HeldLease, SyncLease
from ingest.state.ledger import Ledger
from rag_core.errors import DocentError
from rag_core.protocols import Embedder, TruncatingEmbedder, VectorStore
from rag_core.types import Chunk

GOLDEN_MARGIN = 0.05
"""Share of a source's golden questions that a version may lose by default."""

_PLAIN = SyncOptions()


class Indexer:
    """The sync of an index with its sources.

    Args:
        store: the index in Milvus.
        embedder: makes vectors and counts tokens.
        ledger: the ledger of the index.
        downloads: snapshots of remote sources.
        schema: version of the store's fields.
        golden_margin: share of golden questions that a new version may lose.
        read_documents: reads and divides pages; by default in this process, without a deadline.
        drain_seconds: time that questions have after a switch to end their searches.

    Example:
        >>> from ingest.sources import parse_sources
        >>> indexer = Indexer(store, embedder, ledger, downloads, schema=1)
        >>> sources = parse_sources("docs")  # a folder with two pages
        >>> report = indexer.sync(sources)
        >>> report.documents, report.chunks, report.unchanged
        (2, 3, False)
        >>> indexer.sync(sources).unchanged
        True
    """

    def __init__(  # noqa: PLR0913  (the parts of a sync, each handed in)
        self,
        store: VectorStore,
        embedder: Embedder,
        ledger: Ledger,
        downloads: Downloads,
        *,
        schema: int,
        golden_margin: float = GOLDEN_MARGIN,
        read_documents: PageReader = read_here,
        drain_seconds: float = 0.0,
    ) -> None:
        self._store = store
        self._embedder = embedder
        self._ledger = ledger
        self._detector = ChangeDetector(store, embedder, ledger, downloads, schema=schema)
        self._publisher = Publisher(store, embedder, ledger, drain_seconds=drain_seconds)
        self._folder = downloads.folder
        self._lease = SyncLease(ledger.engine, name=f"sync:{ledger.index}")
        self._stats = DurationStats(ledger.engine)
        self._hard_pages = HardPages(ledger.engine, index=ledger.index)
        self._golden_margin = golden_margin
        self._read_documents = read_documents

    def sync(
        self,
        sources: Sequence[Source],
        *,
        progress: ProgressCallback = ignore_progress,
        options: SyncOptions = _PLAIN,
    ) -> IngestReport:
        """Bring the index up to date with these sources.

        The pages of other sources stay as they are. A source that can't be read becomes a line of
        the report, if at least one other can be read.

        Args:
            sources: the sources to sync.
            progress: gets the progress of each stage.
            options: how to sync.

        Returns:
            The result of the sync.

        Raises:
            SyncRunningError: another sync is running.
            ForeignIndexError: the index belongs to another docent.
            IndexPinnedError: the index was rolled back.
            SourceError: no source could be read.
            PublishError: the new version failed its checks, or golden questions can't be read.
        """
        with self._lease.hold() as lease:
            if options.adopt:
                take_over(self._store, self._ledger)
            hold_index(self._store, self._ledger)
            complete_rollback(self._store, self._ledger)
            check_not_pinned(self._ledger)
            number = self._ledger.start_sync()
            try:
                report = self._run_sync(sources, lease, progress, options)
            except BaseException as error:
                # The error is raised even if the ledger can't record it.
                with suppress(StateError):
                    self._ledger.finish_sync(number, error=_describe_error(error))
                raise
            self._ledger.finish_sync(number, report=report)
        return report

    def preview(
        self,
        sources: Sequence[Source],
        *,
        progress: ProgressCallback = ignore_progress,
        options: SyncOptions = _PLAIN,
    ) -> Preview:
        """Preview a sync; change nothing in the index.

        The snapshots of downloads are renewed, and pages that are too hard to read remembered.

        Args:
            sources: the sources to sync.
            progress: gets the progress of each stage.
            options: how to sync.

        Returns:
            The expected result of the sync.

        Raises:
            SyncRunningError: a sync is running.
            ForeignIndexError: the index belongs to another docent.
            SourceError: no source could be read.
            GoldenError: golden questions can't be read.
        """
        started = time.perf_counter()
        if not options.force:
            check_golden_questions(sources)
        with self._lease.hold():
            if not options.adopt:
                check_owner(self._store, self._ledger)
            changes = self._detector.detect(sources, options, progress)
            changes, plan = self._plan_version(changes, progress, options)
        durations = self._stats.read(self._embedder.model)
        seconds = time.perf_counter() - started
        return build_preview(changes, plan, durations=durations, seconds=seconds)

    def _run_sync(
        self,
        sources: Sequence[Source],
        lease: HeldLease,
        progress: ProgressCallback,
        options: SyncOptions,
    ) -> IngestReport:
        started, truncated = time.perf_counter(), _count_truncated(self._embedder)
        if not options.force:
            check_golden_questions(sources)
        # 1. Read the sources and compare them with the live version.
        changes = self._detector.detect(sources, options, progress)
        self._publisher.prune(lease.confirm)
        if not options.force:
            changes.check_losses()
        # 2. Divide the changed pages into chunks.
        changes, plan = self._plan_version(changes, progress, options)
        if plan is None:
            report = _build_unchanged_report(changes)
        else:
            if not options.force:
                changes.check_losses()  # now of pages without any text, too
            if not plan.chunks:
                raise SourceEmptyError("There is no text to index in any source.")
            # 3. Embed them, and publish the next version.
            report = self._publish(changes, plan, lease, progress, options)
        # 4. Record which sources the index has.
        self._ledger.remember_sources(changes.sources, unread=changes.unread)
        if changes.configured:
            # A source that was taken out is remembered until a sync has removed its pages.
            earlier = () if options.remove_unconfigured else self._ledger.list_configured_sources()
            self._ledger.remember_configured({*changes.configured, *earlier})
        return replace(
            report,
            seconds=time.perf_counter() - started,
            failures=changes.failures,
            notes=(*report.notes, *changes.notes),
            unread=changes.unread,
            dropped=changes.dropped,
            sites=changes.site_lines,
            truncated=_count_truncated(self._embedder) - truncated,
        )

    def _plan_version(
        self, changes: ChangeSet, progress: ProgressCallback, options: SyncOptions
    ) -> tuple[ChangeSet, ChunkPlan | None]:
        """Plan the next version; None if it would equal the live one."""
        if changes.is_unchanged and not options.full:
            return changes, None
        chunked = chunk_pages(
            changes.pages.to_read,
            Chunker(self._embedder),
            progress=progress,
            read_documents=self._read_documents,
            hard={} if options.full else self._hard_pages.read(),
            folder=self._folder,
        )
        read = {source.name for source in changes.sources} - set(changes.unread)
        self._hard_pages.remember(read, chunked.hard)
        changes = changes.exclude_broken(chunked)
        plan = plan_chunks(
            changes.pages,
            chunked.chunks,
            recipe=changes.recipe,
            vector_ids=self._find_vectors(changes, chunked.chunks),
            reuse=changes.reuse,
        )
        # The pages that seemed new may all be pages that still can't be read.
        if changes.is_reproduced_by(plan.pages):
            return changes, None
        return changes.add_text_losses(plan.pages), plan

    def _find_vectors(self, changes: ChangeSet, chunks: Sequence[Chunk]) -> dict[str, str]:
        """Find live chunks whose vectors can be carried over, by their text."""
        live = changes.snapshot.live
        if live is None or not changes.reuse:
            return {}
        hashes = {text.embedding_hash for text in describe_texts(chunks)}
        return self._ledger.contents.find_vectors(live.collection, hashes)

    def _publish(
        self,
        changes: ChangeSet,
        plan: ChunkPlan,
        lease: HeldLease,
        progress: ProgressCallback,
        options: SyncOptions,
    ) -> IngestReport:
        gate = GoldenGate(
            self._store,
            self._embedder,
            self._ledger.engine,
            margin=self._golden_margin,
            force=options.force,
        )
        published = self._publisher.publish(
            plan,
            changes.spec,
            progress=progress,
            lease=lease,
            gate=lambda live, new: gate.compare(changes.sources, live, new),
            force=options.force,
        )
        if not isinstance(self._embedder, ClusterBuild):  # a cluster's pace is not this machine's
            self._stats.record_embedding(
                self._embedder.model, published.characters, published.embed_seconds
            )
        self._stats.record_writing(plan.chunks, published.write_seconds)
        return _build_report(published, plan, changes)


def _count_truncated(embedder: Embedder) -> int:
    return embedder.truncated if isinstance(embedder, TruncatingEmbedder) else 0


def _describe_error(error: BaseException) -> str:
    if isinstance(error, DocentError):
        return str(error)
    is_by_hand = isinstance(error, KeyboardInterrupt)
    return "Stopped by hand." if is_by_hand else f"Stopped by {type(error).__name__}."


def _build_unchanged_report(changes: ChangeSet) -> IngestReport:
    live, version = changes.snapshot.live, changes.snapshot.version
    chunks = version.chunks if version else 0
    return IngestReport(
        documents=version.documents if version else 0,
        chunks=chunks,
        added=0,
        changed=0,
        removed=0,
        embedded=0,
        reused=chunks,
        seconds=0.0,
        revision=live.spec.revision if live else "",
        unchanged=True,
    )


def _build_report(published: PublishResult, plan: ChunkPlan, changes: ChangeSet) -> IngestReport:
    return IngestReport(
        documents=plan.documents,
        chunks=plan.chunks,
        added=changes.pages.added,
        changed=changes.pages.changed,
        removed=changes.pages.removed,
        embedded=published.embedded,
        reused=published.reused,
        seconds=0.0,
        revision=published.revision,
        golden=published.golden,
        notes=published.notes,
    )
