"""Before anything is changed: the sources read, and compared with the live version."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from ingest.changes.plan import PagePlan, plan_pages, shrunk
from ingest.errors import SourceShrankError
from ingest.loading.chunker import Chunker
from ingest.loading.loader import Divided, read_pages
from ingest.report import ProgressCallback
from ingest.sources import Downloads, Source
from ingest.sources.source import default_name, distinct_name
from ingest.state.ledger import Ledger, Version
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
class Known:
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
    chunks: Callable[[], tuple[KnownChunk, ...]]
    version: Version | None = None
    failures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Survey:
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
    known: Known
    spec: IndexSpec
    reuse: bool
    pages: PagePlan
    losses: tuple[str, ...]
    failures: tuple[str, ...]
    unread: tuple[str, ...]
    dropped: tuple[str, ...]

    @property
    def unchanged(self) -> bool:
        """Whether the index is as it should be."""
        return self.known.live is not None and self.reuse and self.pages.is_empty

    @property
    def recipe(self) -> str:
        """How pages are divided now."""
        return recipe_of(self.spec)

    def without(self, divided: Divided) -> Survey:
        """The same after its pages were divided: those that are broken stay as they are known."""
        pages = self.pages.without(divided.broken, self.known.pages)
        return replace(self, pages=pages, failures=self.failures + divided.failures)

    def is_kept_by(self, contents: Contents) -> bool:
        """Whether the next version would be the live one over again."""
        known = self.known
        sure = self.reuse and known.version is not None
        return sure and contents.equals(known.pages, known.chunks())

    def with_losses(self, chunks: Sequence[KnownChunk]) -> Survey:
        """The same with the losses of text counted: a page without any can't be found either.

        Args:
            chunks: what the next version holds.
        """
        if self.losses:
            return self
        read = [source.name for source in self.sources if source.name not in self.unread]
        before, now = (chunk.page for chunk in self.known.chunks()), (one.page for one in chunks)
        return replace(self, losses=_losses(before, now, read, of=" with text"))

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


class Surveyor:
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

    def survey(
        self, sources: Sequence[Source], options: SyncOptions, progress: ProgressCallback
    ) -> Survey:
        """Read these sources and compare them with the live version.

        Raises:
            SourceError: no source could be read.
        """
        named = self._named(sources)
        names = {source.name for source in named}
        known = self._known(names)
        found, unread = read_pages(named, self._downloads, progress=progress)
        spec = self._spec()
        configured = {source.name for source in self._named(options.configured)}
        dropped = self._dropped(configured, known.pages) if options.remove_unconfigured else ()
        same = known.live is not None and replace(known.live.spec, revision="") == spec
        pages = plan_pages(
            known.pages, found, recipe=recipe_of(spec), dropped=dropped, anew=options.full
        )
        return Survey(
            sources=tuple(named),
            configured=tuple(sorted(configured)),
            known=known,
            spec=spec,
            reuse=same and not options.full,
            pages=pages,
            losses=_losses(
                (page.key for page in known.pages),
                ((pages.source, path) for pages in found for path in pages.paths),
                [pages.source for pages in found],
            ),
            failures=unread + known.failures,
            unread=tuple(sorted(names - {pages.source for pages in found})),
            dropped=dropped,
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

    def _dropped(self, configured: set[str], pages: Sequence[KnownPage]) -> tuple[str, ...]:
        """Sources that were in the settings and are no longer; one named by hand stays."""
        if not configured:
            return ()
        gone = self._ledger.configured_sources() - configured
        return tuple(sorted(gone & {page.source for page in pages}))

    def _known(self, synced: set[str]) -> Known:
        """What the live version holds: by the ledger where it agrees with the store."""
        live = self._store.live()
        if live is None:
            return Known(None, (), tuple, failures=self._lost(synced))
        version = self._ledger.version(live.collection)
        if (
            version is not None
            and version.spec == live.spec
            and version.chunks == self._store.count(live.collection)
        ):
            pages = self._ledger.pages(live.collection)
            return Known(live, pages, lambda: self._ledger.chunks(live.collection), version)
        chunks = _scanned(self._store.chunks(live.collection))
        return Known(live, _pages_of(chunks), lambda: chunks)

    def _lost(self, synced: set[str]) -> tuple[str, ...]:
        """Lines about other sources of an index that is not in Milvus any more."""
        before = self._ledger.live()
        if before is None:
            return ()
        sources = set(self._ledger.sources_of(before.collection))
        return tuple(
            f"{name}: not in Milvus any more; index it again" for name in sorted(sources - synced)
        )

    def _spec(self) -> IndexSpec:
        return IndexSpec(
            model=self._embedder.model,
            dimension=self._embedder.dimension,
            chunker=Chunker(self._embedder).fingerprint,
            schema=self._schema,
            revision="",
        )


def recipe_of(spec: IndexSpec) -> str:
    """How pages were divided: the tokenizer is the model's, so another one divides anew."""
    return f"{spec.chunker}|{spec.model}"


def _losses(
    before: Iterable[PageKey], now: Iterable[PageKey], read: Iterable[str], *, of: str = ""
) -> tuple[str, ...]:
    return tuple(
        f"{name} would go from {had:,} to {format_count(have, 'page')}{of}"
        for name, had, have in shrunk(before, now, read, most=MOST_LOST)
    )


def _scanned(chunks: Iterable[Chunk]) -> tuple[KnownChunk, ...]:
    return tuple(KnownChunk(c.id, c.source, c.path, c.embedding_hash) for c in chunks)


def _pages_of(chunks: Iterable[KnownChunk]) -> tuple[KnownPage, ...]:
    """Pages as the store has them, without a hash, so that the next sync reads them."""
    return tuple(KnownPage(*key, "", "") for key in sorted({chunk.page for chunk in chunks}))
