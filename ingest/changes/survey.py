"""The survey before a sync changes anything: sources are read and compared with the index."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ingest.changes.plan import (
    PagePlan,
    expand_unread_folders,
    find_shrunk_sources,
    plan_pages,
)
from ingest.errors import SourceShrankError
from ingest.loading.chunker import Chunker
from ingest.loading.loader import ChunkedPages, read_pages
from ingest.report import ProgressCallback
from ingest.sources import Downloads, Source
from ingest.sources.source import derive_distinct_name, derive_name
from ingest.state.ledger import Ledger
from ingest.state.version_claims import VersionRecord
from ingest.types import KnownPage, describe_chunk
from rag_core.english import format_count
from rag_core.protocols import Embedder, VectorStore
from rag_core.types import IndexSpec, LiveIndex, PageKey

MOST_LOST = 0.2
"""Share of its pages that a source may lose without `--force`."""


@dataclass(frozen=True, slots=True)
class SyncOptions:
    """The options of a sync.

    Attributes:
        force: publish even if a source lost many pages or golden questions find less.
        full: read every page and embed every chunk anew.
        configured: all sources of the settings.
        remove_unconfigured: remove the pages of sources that were taken out of the settings.
        adopt: take over an index that another docent wrote.
    """

    force: bool = False
    full: bool = False
    configured: tuple[Source, ...] = ()
    remove_unconfigured: bool = False
    adopt: bool = False


@dataclass(frozen=True, slots=True)
class LiveSnapshot:
    """The live version before a sync.

    Attributes:
        live: the version; None before the first sync.
        pages: its pages.
        version: its record in the ledger; None before the first sync.
        failures: lines for the report.
    """

    live: LiveIndex | None
    pages: tuple[KnownPage, ...]
    version: VersionRecord | None = None
    failures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """The changes of a sync, page by page.

    Attributes:
        sources: the sources, with their names in the index.
        configured: names of all sources in the settings.
        snapshot: the live version.
        spec: how the next version is built.
        reuse: whether vectors of the live version can be carried over.
        pages: the pages to read, to keep and to remove.
        losses: a sentence for each source that lost many of its pages.
        failures: lines for the report.
        unread: names of sources that could not be read.
        dropped: names of sources that were taken out of the settings.
        site_lines: a line for each source that a site is made of.
        notes: lines for the report about what was read all the same.
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
    site_lines: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_unchanged(self) -> bool:
        """True if the index needs no change."""
        return self.snapshot.live is not None and self.reuse and self.pages.is_empty

    @property
    def recipe(self) -> str:
        """Name of the chunker and the model that divide pages now."""
        return build_recipe(self.spec)

    def exclude_broken(self, chunked: ChunkedPages) -> ChangeSet:
        """Return the changes with broken pages kept as they were."""
        pages = self.pages.exclude_broken(chunked.broken, self.snapshot.pages)
        failures, notes = self.failures + chunked.failures, self.notes + chunked.notes
        return replace(self, pages=pages, failures=failures, notes=notes)

    def is_reproduced_by(self, pages: Sequence[KnownPage]) -> bool:
        """Return True if the next version would equal the live one."""
        return self.reuse and set(pages) == set(self.snapshot.pages)

    def add_text_losses(self, pages: Sequence[KnownPage]) -> ChangeSet:
        """Return the changes with losses of text: pages without chunks.

        A page without text can't be found, as if it were gone.

        Args:
            pages: all pages of the next version.
        """
        if self.losses:
            return self
        read = [source.name for source in self.sources if source.name not in self.unread]
        before = (page.key for page in self.snapshot.pages if page.chunks)
        now = (page.key for page in pages if page.chunks)
        return replace(self, losses=_describe_losses(before, now, read, of=" with text"))

    def check_losses(self) -> None:
        """Stop the sync if a source lost too many pages.

        Raises:
            SourceShrankError: names the sources, with their numbers of pages.
        """
        if self.losses:
            raise SourceShrankError(
                f"The new version was not published, because {', '.join(self.losses)}: check the "
                "source, and run `docent index --force` if that is intended."
            )


class ChangeDetector:
    """The comparison of sources with the index; it changes only the snapshots of downloads.

    Args:
        store: the index in Milvus.
        embedder: its model, dimension and tokens decide how a version is built.
        ledger: the ledger of the index.
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

        Args:
            sources: the sources to sync.
            options: how to sync.
            progress: gets the progress of reading and downloading.

        Returns:
            The changes, page by page.

        Raises:
            SourceError: no source could be read.
        """
        named = self._name_sources(sources)
        names = {source.name for source in named}
        # 1. The live version, and the pages of the sources now.
        snapshot = self._take_snapshot(names)
        read, failures = read_pages(named, self._downloads, progress=progress)
        loaded = [expand_unread_folders(pages, snapshot.pages) for pages in read]
        # 2. Sources that were taken out of the settings, whose pages go.
        configured = {source.name for source in self._name_sources(options.configured)}
        removes = options.remove_unconfigured
        dropped = self._find_dropped(configured, snapshot.pages) if removes else ()
        # 3. The difference; vectors are only carried over if they are still made the same way.
        spec, live = self._build_spec(), snapshot.live
        is_same_spec = live is not None and replace(live.spec, revision="") == spec
        pages = plan_pages(
            snapshot.pages, loaded, recipe=build_recipe(spec), dropped=dropped, anew=options.full
        )
        return ChangeSet(
            sources=tuple(named),
            configured=tuple(sorted(configured)),
            snapshot=snapshot,
            spec=spec,
            reuse=is_same_spec and not options.full,
            pages=pages,
            losses=_describe_losses(
                (page.key for page in snapshot.pages),
                ((pages.source, path) for pages in loaded for path in pages.paths),
                [pages.source for pages in loaded],
            ),
            failures=failures + snapshot.failures,
            unread=tuple(sorted(names - {pages.source for pages in loaded})),
            dropped=dropped,
            site_lines=tuple(f"{pages.source}: {pages.sites}" for pages in loaded if pages.sites),
            notes=tuple(note for pages in loaded for note in pages.notes),
        )

    def _name_sources(self, sources: Sequence[Source]) -> list[Source]:
        """Give a distinct name to each source whose derived name is taken."""
        uris = self._ledger.read_source_uris()

        def rename(source: Source) -> Source:
            is_derived = source.name == derive_name(source.uri)
            if is_derived and uris.get(source.name, source.redacted_uri) != source.redacted_uri:
                return replace(source, name=derive_distinct_name(source))
            return source

        return [rename(source) for source in sources]

    def _find_dropped(self, configured: set[str], pages: Sequence[KnownPage]) -> tuple[str, ...]:
        """Find indexed sources that were taken out of the settings.

        A source that was only ever named on the command line stays.
        """
        if not configured:
            return ()
        gone = self._ledger.list_configured_sources() - configured
        return tuple(sorted(gone & {page.source for page in pages}))

    def _take_snapshot(self, synced: set[str]) -> LiveSnapshot:
        """Read the live version, if possible from the ledger."""
        live = self._store.read_live_index()
        if live is None:
            return LiveSnapshot(None, (), failures=self._report_lost_sources(synced))
        version = self._ledger.read_version(live.collection)
        if (
            version is None
            or version.spec != live.spec
            or version.chunks != self._store.count(live.collection)
        ):
            # The state database was lost, or rows of Milvus: what is there counts.
            chunks = self._store.read_chunks(live.collection)
            self._ledger.adopt_version(live, map(describe_chunk, chunks))
            version = self._ledger.read_version(live.collection)
        return LiveSnapshot(live, self._ledger.contents.read_pages(live.collection), version)

    def _report_lost_sources(self, synced: set[str]) -> tuple[str, ...]:
        """Report the other sources of an index that is gone from Milvus."""
        recorded = self._ledger.read_live_version()
        if recorded is None:
            return ()
        sources = set(self._ledger.list_sources(recorded.collection))
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
    """Name the chunker and the model, whose tokenizer divides pages."""
    return f"{spec.chunker}|{spec.model}"


def _describe_losses(
    before: Iterable[PageKey], now: Iterable[PageKey], read: Iterable[str], *, of: str = ""
) -> tuple[str, ...]:
    return tuple(
        f"{name} would go from {old:,} to {format_count(new, 'page')}{of}"
        for name, old, new in find_shrunk_sources(before, now, read, most=MOST_LOST)
    )
