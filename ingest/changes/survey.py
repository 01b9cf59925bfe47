"""Before anything is changed: the sources read, and compared with the live version."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from ingest.changes.plan import PagePlan, find_shrunk_sources, plan_pages
from ingest.errors import SourceShrankError
from ingest.loading.chunker import Chunker
from ingest.loading.loader import ChunkedPages, read_pages
from ingest.report import ProgressCallback
from ingest.sources import Downloads, Source
from ingest.sources.source import derive_distinct_name, derive_name
from ingest.state.ledger import Ledger, VersionRecord
from ingest.types import Contents, KnownChunk, KnownPage
from rag_core.english import format_count
from rag_core.protocols import Embedder, VectorStore
from rag_core.types import Chunk, IndexSpec, LiveIndex, PageKey

MOST_LOST = 0.2
"""Share of its pages that a source may lose without anybody saying that it is meant."""


@dataclass(frozen=True, slots=True)
class SyncOptions:
    """How to sync.

    Attributes:
        force: publish although a source lost many pages, or golden questions find less.
        full: read every page and embed every chunk anew.
        configured: all sources of the settings.
        remove_unconfigured: remove the pages of sources that were taken out of the settings.
    """

    force: bool = False
    full: bool = False
    configured: tuple[Source, ...] = ()
    remove_unconfigured: bool = False


@dataclass(frozen=True, slots=True)
class LiveSnapshot:
    """The live version, as far as it is known.

    Attributes:
        live: the version; None before the first sync.
        pages: its pages.
        chunks: reads its chunks, which an unchanged sync has no need of.
        version: what the ledger says of it, None where the ledger does not fit the store.
        failures: lines for the report.
    """

    live: LiveIndex | None
    pages: tuple[KnownPage, ...]
    read_chunks: Callable[[], tuple[KnownChunk, ...]]
    version: VersionRecord | None = None
    failures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """What a sync would do, page by page.

    Attributes:
        sources: the sources, named as the index names them.
        configured: names of all sources in the settings.
        known: the live version.
        spec: how the next one is built.
        reuse: whether vectors of the live version can be carried over.
        pages: the pages to read, keep and remove.
        losses: a sentence for each source that lost many of its pages.
        failures: lines for the report.
        unread: names of sources that could not be read.
        dropped: names of sources that were taken out of the settings.
    """

    sources: tuple[Source, ...]
    configured: tuple[str, ...]
    snapshot: LiveSnapshot
    spec: IndexSpec
    reuse: bool
    pages: PagePlan
    losses: tuple[str, ...]
    failures: tuple[str, ...]
    unread: tuple[str, ...]
    dropped: tuple[str, ...]

    @property
    def is_unchanged(self) -> bool:
        """Whether the index is as it should be."""
        return self.snapshot.live is not None and self.reuse and self.pages.is_empty

    @property
    def recipe(self) -> str:
        """How pages are divided now."""
        return build_recipe(self.spec)

    def exclude_broken(self, divided: ChunkedPages) -> ChangeSet:
        """The same after its pages were divided: those that are broken stay as they are known."""
        pages = self.pages.exclude_broken(divided.broken, self.snapshot.pages)
        return replace(self, pages=pages, failures=self.failures + divided.failures)

    def is_reproduced_by(self, contents: Contents) -> bool:
        """Whether the next version would be the live one over again."""
        known = self.snapshot
        sure = self.reuse and known.version is not None
        return sure and contents.is_equal_to(known.pages, known.read_chunks())

    def add_text_losses(self, chunks: Sequence[KnownChunk]) -> ChangeSet:
        """The same with the losses of text counted: a page without any can't be found either.

        Args:
            chunks: what the next version holds.
        """
        if self.losses:
            return self
        read = [source.name for source in self.sources if source.name not in self.unread]
        before, now = (
            (chunk.page for chunk in self.snapshot.read_chunks()),
            (one.page for one in chunks),
        )
        return replace(self, losses=_describe_losses(before, now, read, of=" with text"))

    def check_losses(self) -> None:
        """Stop where a source lost so many pages that somebody should say it is meant.

        Raises:
            SourceShrankError: names the sources, with their numbers of pages.
        """
        if self.losses:
            raise SourceShrankError(
                f"The new version was not published, because {', '.join(self.losses)}: check the "
                "source, and run `docent index --force` if that is intended."
            )


class ChangeDetector:
    """Reads sources and compares; changes nothing but the snapshots of downloads.

    Args:
        store: the index in Milvus.
        embedder: its model, dimension and tokens decide how a version is built.
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

    def detect(
        self, sources: Sequence[Source], options: SyncOptions, progress: ProgressCallback
    ) -> ChangeSet:
        """Read these sources and compare them with the live version.

        Raises:
            SourceError: no source could be read.
        """
        named = self._name_sources(sources)
        names = {source.name for source in named}
        known = self._take_snapshot(names)
        found, unread = read_pages(named, self._downloads, progress=progress)
        spec = self._build_spec()
        configured = {source.name for source in self._name_sources(options.configured)}
        dropped = self._find_dropped(configured, known.pages) if options.remove_unconfigured else ()
        same = known.live is not None and replace(known.live.spec, revision="") == spec
        pages = plan_pages(
            known.pages, found, recipe=build_recipe(spec), dropped=dropped, anew=options.full
        )
        return ChangeSet(
            sources=tuple(named),
            configured=tuple(sorted(configured)),
            snapshot=known,
            spec=spec,
            reuse=same and not options.full,
            pages=pages,
            losses=_describe_losses(
                (page.key for page in known.pages),
                ((pages.source, path) for pages in found for path in pages.paths),
                [pages.source for pages in found],
            ),
            failures=unread + known.failures,
            unread=tuple(sorted(names - {pages.source for pages in found})),
            dropped=dropped,
        )

    def _name_sources(self, sources: Sequence[Source]) -> list[Source]:
        """A derived name that stands for another place already gets one that tells it apart."""
        taken = self._ledger.read_source_uris()

        def named(source: Source) -> Source:
            derived = source.name == derive_name(source.uri)
            if derived and taken.get(source.name, source.redacted_uri) != source.redacted_uri:
                return replace(source, name=derive_distinct_name(source))
            return source

        return [named(source) for source in sources]

    def _find_dropped(self, configured: set[str], pages: Sequence[KnownPage]) -> tuple[str, ...]:
        """Sources that were in the settings and are no longer; one named by hand stays."""
        if not configured:
            return ()
        gone = self._ledger.list_configured_sources() - configured
        return tuple(sorted(gone & {page.source for page in pages}))

    def _take_snapshot(self, synced: set[str]) -> LiveSnapshot:
        """What the live version holds: by the ledger where it agrees with the store."""
        live = self._store.read_live_index()
        if live is None:
            return LiveSnapshot(None, (), tuple, failures=self._report_lost_sources(synced))
        version = self._ledger.read_version(live.collection)
        if (
            version is not None
            and version.spec == live.spec
            and version.chunks == self._store.count(live.collection)
        ):
            pages = self._ledger.read_pages(live.collection)
            return LiveSnapshot(
                live, pages, lambda: self._ledger.read_chunks(live.collection), version
            )
        chunks = _list_known_chunks(self._store.read_chunks(live.collection))
        return LiveSnapshot(live, _derive_pages(chunks), lambda: chunks)

    def _report_lost_sources(self, synced: set[str]) -> tuple[str, ...]:
        """Lines about other sources of an index that is not in Milvus any more."""
        before = self._ledger.read_live_version()
        if before is None:
            return ()
        sources = set(self._ledger.list_sources(before.collection))
        return tuple(
            f"{name}: not in Milvus any more; index it again" for name in sorted(sources - synced)
        )

    def _build_spec(self) -> IndexSpec:
        return IndexSpec(
            model=self._embedder.model,
            dimension=self._embedder.dimension,
            chunker=Chunker(self._embedder).fingerprint,
            schema=self._schema,
            revision="",
        )


def build_recipe(spec: IndexSpec) -> str:
    """How pages were divided: the tokenizer is the model's, so another one divides anew."""
    return f"{spec.chunker}|{spec.model}"


def _describe_losses(
    before: Iterable[PageKey], now: Iterable[PageKey], read: Iterable[str], *, of: str = ""
) -> tuple[str, ...]:
    return tuple(
        f"{name} would go from {had:,} to {format_count(have, 'page')}{of}"
        for name, had, have in find_shrunk_sources(before, now, read, most=MOST_LOST)
    )


def _list_known_chunks(chunks: Iterable[Chunk]) -> tuple[KnownChunk, ...]:
    return tuple(KnownChunk(c.id, c.source, c.path, c.embedding_hash) for c in chunks)


def _derive_pages(chunks: Iterable[KnownChunk]) -> tuple[KnownPage, ...]:
    """Pages as the store has them, without a hash, so that the next sync reads them."""
    return tuple(KnownPage(*key, "", "") for key in sorted({chunk.page for chunk in chunks}))
