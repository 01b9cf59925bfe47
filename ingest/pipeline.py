"""The whole sync: sources in, a published version and its report out."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from ingest.chunk import Chunker
from ingest.errors import SourceEmptyError, StateError
from ingest.lease import HeldLease, SyncLease
from ingest.ledger import Ledger
from ingest.plan import Contents, KnownChunk, KnownPage, PagePlan, plan_chunks, plan_pages
from ingest.publish import Published, Publisher
from ingest.reading import chunk_pages, read_pages
from ingest.report import IngestReport, ProgressCallback, silent
from ingest.sources import Downloads, Source
from ingest.sources.base import default_name, distinct_name
from rag_core.errors import DocentError
from rag_core.protocols import Embedder, VectorStore
from rag_core.types import Chunk, IndexSpec, LiveIndex


@dataclass(frozen=True, slots=True)
class _Known:
    """The live version, as far as it is known, and what is to be said about it."""

    live: LiveIndex | None
    contents: Contents
    failures: tuple[str, ...] = ()


class Indexer:
    """Keeps the index like its sources.

    Args:
        store: the index in Milvus.
        embedder: makes vectors and counts tokens.
        ledger: what the index should hold.
        downloads: snapshots of remote sources.
        schema: version of the store's fields.
    """

    def __init__(
        self,
        store: VectorStore,
        embedder: Embedder,
        ledger: Ledger,
        downloads: Downloads,
        *,
        schema: int,
    ) -> None:
        self._store = store
        self._embedder = embedder
        self._ledger = ledger
        self._downloads = downloads
        self._schema = schema
        self._publisher = Publisher(store, embedder, ledger)
        self._lease = SyncLease(ledger.engine, name=f"sync:{ledger.index}")

    def sync(
        self, sources: Sequence[Source], *, progress: ProgressCallback = silent
    ) -> IngestReport:
        """Bring the index up to date with these sources; pages of others stay as they are.

        One source that can't be read is a line in the report, as long as another can.

        Raises:
            SyncRunningError: another sync is at work.
            SourceError: no source could be read.
            PublishError: the new version failed its checks.
        """
        with self._lease.hold() as lease:
            number = self._ledger.start_sync()
            try:
                report = self._sync(sources, lease, progress)
            except BaseException as error:
                # What went wrong is raised even where the ledger can't take it down.
                with suppress(StateError):
                    self._ledger.finish_sync(number, error=_said(error))
                raise
            self._ledger.finish_sync(number, report=report)
        return report

    def _sync(
        self, sources: Sequence[Source], lease: HeldLease, progress: ProgressCallback
    ) -> IngestReport:
        started = time.perf_counter()
        named = self._named(sources)
        known = self._known({source.name for source in named})
        self._publisher.prune()
        found, unread = read_pages(named, self._downloads, progress=progress)
        chunker = Chunker(self._embedder)
        spec = self._spec(chunker)
        same = known.live is not None and replace(known.live.spec, revision="") == spec
        pages = plan_pages(known.contents, found, recipe=_recipe(spec))
        if known.live is not None and same and pages.is_empty:
            report = _unchanged(known)
        else:
            fresh, textless = chunk_pages(pages.read, chunker, progress=progress)
            plan = plan_chunks(known.contents, pages, fresh, recipe=_recipe(spec), reuse=same)
            if not plan.contents.chunks:
                raise SourceEmptyError("There is no text to index in any source.")
            published = self._publisher.publish(
                plan, spec, progress=progress, confirm=lease.confirm
            )
            report = _changed(published, plan.contents, pages)
            unread += textless
        self._ledger.remember_sources(named)
        return replace(
            report, seconds=time.perf_counter() - started, failures=unread + known.failures
        )

    def _named(self, sources: Sequence[Source]) -> list[Source]:
        """A derived name that stands for another place already gets one that tells it apart."""
        taken = self._ledger.source_uris()

        def named(source: Source) -> Source:
            derived = source.name == default_name(source.uri)
            if derived and taken.get(source.name, source.shown_uri) != source.shown_uri:
                return replace(source, name=distinct_name(source))
            return source

        return [named(source) for source in sources]

    def _known(self, synced: set[str]) -> _Known:
        """What the live version holds: by the ledger where it agrees with the store."""
        live = self._store.live()
        if live is None:
            return _Known(None, Contents(), self._lost(synced))
        version = self._ledger.version(live.collection)
        if (
            version is not None
            and version.spec == live.spec
            and version.chunks == self._store.count(live.collection)
        ):
            return _Known(live, self._ledger.contents(live.collection))
        return _Known(live, _scanned(self._store.chunks(live.collection)))

    def _lost(self, synced: set[str]) -> tuple[str, ...]:
        """Lines about other sources of an index that is not in Milvus any more."""
        before = self._ledger.live()
        if before is None:
            return ()
        sources = {page.source for page in self._ledger.contents(before.collection).pages}
        return tuple(
            f"{name}: not in Milvus any more; index it again" for name in sorted(sources - synced)
        )

    def _spec(self, chunker: Chunker) -> IndexSpec:
        return IndexSpec(
            model=self._embedder.model,
            dimension=self._embedder.dimension,
            chunker=chunker.fingerprint,
            schema=self._schema,
            revision="",
        )


def _said(error: BaseException) -> str:
    if isinstance(error, DocentError):
        return str(error)
    by_hand = isinstance(error, KeyboardInterrupt)
    return "Stopped by hand." if by_hand else f"Stopped by {type(error).__name__}."


def _recipe(spec: IndexSpec) -> str:
    """How pages were divided: the tokenizer is the model's, so another one divides anew."""
    return f"{spec.chunker}|{spec.model}"


def _scanned(chunks: Iterable[Chunk]) -> Contents:
    """Contents as the store has them; pages have no hash, so that the next sync reads them."""
    known = [KnownChunk(c.id, c.source, c.path, c.embedding_hash) for c in chunks]
    keys = sorted({chunk.page for chunk in known})
    return Contents(tuple(KnownPage(*key, "", "") for key in keys), tuple(known))


def _unchanged(known: _Known) -> IngestReport:
    return IngestReport(
        documents=known.contents.documents,
        chunks=len(known.contents.chunks),
        added=0,
        changed=0,
        removed=0,
        embedded=0,
        reused=len(known.contents.chunks),
        seconds=0.0,
        revision=known.live.spec.revision if known.live else "",
        unchanged=True,
    )


def _changed(published: Published, contents: Contents, pages: PagePlan) -> IngestReport:
    return IngestReport(
        documents=contents.documents,
        chunks=len(contents.chunks),
        added=pages.added,
        changed=pages.changed,
        removed=pages.removed,
        embedded=published.embedded,
        reused=published.reused,
        seconds=0.0,
        revision=published.revision,
    )
