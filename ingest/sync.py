"""The whole sync: sources in, a published version and its report out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from ingest.changes.plan import ChunkPlan, plan_chunks
from ingest.changes.preview import Preview, build_preview
from ingest.changes.survey import ChangeDetector, ChangeSet, SyncOptions
from ingest.errors import SourceEmptyError, StateError
from ingest.loading.chunker import Chunker
from ingest.loading.loader import chunk_pages
from ingest.progress import DurationStats
from ingest.publishing.golden_questions import GoldenGate, check_golden_questions
from ingest.publishing.pin import check_not_pinned
from ingest.publishing.publisher import Publisher, PublishResult
from ingest.publishing.versions import complete_rollback
from ingest.report import IngestReport, ProgressCallback, ignore_progress
from ingest.sources import Downloads, Source
from ingest.state.lease import HeldLease, SyncLease
from ingest.state.ledger import Ledger
from rag_core.errors import DocentError
from rag_core.protocols import Embedder, TruncatingEmbedder, VectorStore

GOLDEN_MARGIN = 0.05
"""Share of a source's golden questions that a version may lose where nothing else is set."""

_PLAIN = SyncOptions()


class Indexer:
    """Keeps the index like its sources.

    Args:
        store: the index in Milvus.
        embedder: makes vectors and counts tokens.
        ledger: what the index should hold.
        downloads: snapshots of remote sources.
        schema: version of the store's fields.
        golden_margin: share of golden questions that a new version may lose.
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
    ) -> None:
        self._store = store
        self._embedder = embedder
        self._ledger = ledger
        self._surveyor = ChangeDetector(store, embedder, ledger, downloads, schema=schema)
        self._publisher = Publisher(store, embedder, ledger)
        self._lease = SyncLease(ledger.engine, name=f"sync:{ledger.index}")
        self._paces = DurationStats(ledger.engine)
        self._golden_margin = golden_margin

    def sync(
        self,
        sources: Sequence[Source],
        *,
        progress: ProgressCallback = ignore_progress,
        options: SyncOptions = _PLAIN,
    ) -> IngestReport:
        """Bring the index up to date with these sources; pages of others stay as they are.

        One source that can't be read is a line in the report, as long as another can.

        Raises:
            SyncRunningError: another sync is at work.
            IndexPinnedError: the index was rolled back.
            SourceError: no source could be read.
            PublishError: the new version failed its checks, or golden questions can't be read.
        """
        with self._lease.hold() as lease:
            complete_rollback(self._store, self._ledger)
            check_not_pinned(self._ledger)
            number = self._ledger.start_sync()
            try:
                report = self._run_sync(sources, lease, progress, options)
            except BaseException as error:
                # What went wrong is raised even where the ledger can't take it down.
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
        """Say what a sync would do, and change nothing but the snapshots of downloads.

        Raises:
            SyncRunningError: a sync is at work.
            SourceError: no source could be read.
            GoldenError: golden questions can't be read.
        """
        started = time.perf_counter()
        if not options.force:
            check_golden_questions(sources)
        with self._lease.hold():
            survey = self._surveyor.detect(sources, options, progress)
            survey, plan = self._plan_version(survey, progress, options)
        pace = self._paces.read(self._embedder.model)
        seconds = time.perf_counter() - started
        return build_preview(survey, plan, survey.failures, pace=pace, seconds=seconds)

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
        survey = self._surveyor.detect(sources, options, progress)
        self._publisher.prune(lease.confirm)
        if not options.force:
            survey.check_losses()
        survey, plan = self._plan_version(survey, progress, options)
        if plan is None:
            report = _build_unchanged_report(survey)
        else:
            if not options.force:
                survey.check_losses()
            if not plan.contents.chunks:
                raise SourceEmptyError("There is no text to index in any source.")
            report = self._publish(survey, plan, lease, progress, options)
        self._ledger.remember_sources(survey.sources)
        if survey.configured:
            # One that was taken out is remembered until a sync has removed its pages.
            kept = () if options.remove_unconfigured else self._ledger.list_configured_sources()
            self._ledger.remember_configured({*survey.configured, *kept})
        return replace(
            report,
            seconds=time.perf_counter() - started,
            failures=survey.failures,
            unread=survey.unread,
            dropped=survey.dropped,
            truncated=_count_truncated(self._embedder) - truncated,
        )

    def _plan_version(
        self, survey: ChangeSet, progress: ProgressCallback, options: SyncOptions
    ) -> tuple[ChangeSet, ChunkPlan | None]:
        """What the next version holds, None where that is what the live one does."""
        if survey.is_unchanged and not options.full:
            return survey, None
        divided = chunk_pages(survey.pages.to_read, Chunker(self._embedder), progress=progress)
        survey, known = survey.exclude_broken(divided), survey.snapshot.read_chunks()
        plan = plan_chunks(
            known, survey.pages, divided.chunks, recipe=survey.recipe, reuse=survey.reuse
        )
        # All that seemed new may be pages that still can't be read.
        if survey.is_reproduced_by(plan.contents):
            return survey, None
        return survey.add_text_losses(plan.contents.chunks), plan

    def _publish(
        self,
        survey: ChangeSet,
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
            survey.spec,
            progress=progress,
            confirm=lease.confirm,
            gate=lambda live, new: gate.compare(survey.sources, live, new),
        )
        self._paces.record_embedding(
            self._embedder.model, published.characters, published.embed_seconds
        )
        self._paces.record_writing(len(plan.contents.chunks), published.write_seconds)
        return _build_report(published, plan, survey)


def _count_truncated(embedder: Embedder) -> int:
    return embedder.truncated if isinstance(embedder, TruncatingEmbedder) else 0


def _describe_error(error: BaseException) -> str:
    if isinstance(error, DocentError):
        return str(error)
    by_hand = isinstance(error, KeyboardInterrupt)
    return "Stopped by hand." if by_hand else f"Stopped by {type(error).__name__}."


def _build_unchanged_report(survey: ChangeSet) -> IngestReport:
    live, version = survey.snapshot.live, survey.snapshot.version
    chunks = version.chunks if version else len(survey.snapshot.read_chunks())
    return IngestReport(
        documents=version.documents if version else len(survey.snapshot.pages),
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


def _build_report(published: PublishResult, plan: ChunkPlan, survey: ChangeSet) -> IngestReport:
    return IngestReport(
        documents=plan.contents.documents,
        chunks=len(plan.contents.chunks),
        added=survey.pages.added,
        changed=survey.pages.changed,
        removed=survey.pages.removed,
        embedded=published.embedded,
        reused=published.reused,
        seconds=0.0,
        revision=published.revision,
        golden=published.golden,
    )
