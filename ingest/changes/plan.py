"""The plan of a sync: pages to read and chunks to embed; pure, without store or database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ingest.documents import Page, SourcePages
from ingest.loading.stored_chunks import arrange_chunks, describe_texts
from ingest.types import KnownPage
from rag_core.types import Chunk, IndexSpec, PageKey, hash_content

_USUAL_CHARACTERS = 500  # of a chunk, where no chunk was read


@dataclass(frozen=True, slots=True)
class PagePlan:
    """The pages to read, to keep and to remove.

    Attributes:
        to_read: pages to read and divide.
        kept: known pages that stay as they are, including those of other sources.
        new: keys of pages that are new.
        edited: keys of pages whose content has changed.
        gone: keys of pages that are gone.
    """

    to_read: tuple[Page, ...]
    kept: tuple[KnownPage, ...]
    new: tuple[PageKey, ...]
    edited: tuple[PageKey, ...]
    gone: tuple[PageKey, ...]

    @property
    def added(self) -> int:
        """Number of new pages."""
        return len(self.new)

    @property
    def changed(self) -> int:
        """Number of pages whose content has changed."""
        return len(self.edited)

    @property
    def removed(self) -> int:
        """Number of pages that are gone."""
        return len(self.gone)

    @property
    def is_empty(self) -> bool:
        """True if the index needs no change."""
        return not self.to_read and not self.gone

    def exclude_broken(self, broken: Collection[PageKey], known: Sequence[KnownPage]) -> PagePlan:
        """Return the plan with broken pages kept as they were.

        People should still find their old content. The next sync tries to read them again, because
        the recorded hash is the old one or missing.
        """
        if not broken:
            return self
        return PagePlan(
            to_read=tuple(page for page in self.to_read if (page.source, page.path) not in broken),
            kept=(*self.kept, *(page for page in known if page.key in broken)),
            new=tuple(key for key in self.new if key not in broken),
            edited=tuple(key for key in self.edited if key not in broken),
            gone=self.gone,
        )


@dataclass(frozen=True, slots=True)
class ChunkPlan:
    """The chunks of the next version, and the source of their vectors.

    Attributes:
        pages: all pages of the next version, with their numbers of chunks.
        kept: keys of the pages that are carried over from the live version.
        fresh: chunks of the pages that were read, in the best order for embedding; stored ones
            are read whenever they are asked for.
        vector_ids: by the hash of an embedded text, the id of a live chunk with the same text.
        reuse: whether vectors of the live version may be carried over.
    """

    pages: tuple[KnownPage, ...]
    kept: frozenset[PageKey]
    fresh: Sequence[Chunk]
    vector_ids: Mapping[str, str]
    reuse: bool

    @property
    def chunks(self) -> int:
        """Number of chunks of the next version."""
        return sum(page.chunks for page in self.pages)

    @property
    def documents(self) -> int:
        """Number of pages that can be found, which are those with a chunk."""
        return sum(page.chunks > 0 for page in self.pages)

    @property
    def to_embed(self) -> int:
        """Number of texts without a vector; with no vectors to reuse, kept chunks count too."""
        return len(self._find_missing()) + self._kept_to_embed

    @property
    def characters(self) -> int:
        """Characters of those texts; for kept chunks, which were not read, an estimate."""
        missing = self._find_missing()
        total = sum(missing.values())
        average = total / len(missing) if missing else _USUAL_CHARACTERS
        return total + round(self._kept_to_embed * average)

    @property
    def _kept_to_embed(self) -> int:
        if self.reuse:
            return 0
        return sum(page.chunks for page in self.pages if page.key in self.kept)

    def _find_missing(self) -> dict[str, int]:
        """Return the lengths of the texts without a vector, by hash."""
        texts = describe_texts(self.fresh)
        missing = (text for text in texts if text.embedding_hash not in self.vector_ids)
        return {text.embedding_hash: text.characters for text in missing}


def plan_pages(
    known: Sequence[KnownPage],
    sources: Sequence[SourcePages],
    *,
    recipe: str,
    dropped: Collection[str] = (),
    anew: bool = False,
) -> PagePlan:
    """Compare the pages of the synced sources with the live version.

    Args:
        known: pages of the live version.
        sources: pages of each source that could be read.
        recipe: names the chunker and the model that divide pages now.
        dropped: sources whose pages are removed although they were not read.
        anew: read every page, changed or not.

    Returns:
        The pages to read, to keep and to remove.
    """
    # 1. Match pages by source and path.
    synced = {pages.source for pages in sources} | set(dropped)
    before = {page.key: page for page in known}
    now = {(page.source, page.path): page for pages in sources for page in pages.pages}
    same = {
        key
        for key, page in now.items()
        if key in before and before[key].content_hash == page.content_hash
    }
    # 2. A page stays if its content and its recipe are the same, or if it can't be read now.
    current = set() if anew else {key for key in same if before[key].recipe == recipe}
    current |= {(pages.source, path) for pages in sources for path in pages.unread}
    # 3. A page without a hash comes from the store, not from the ledger. Its content may be the
    # same, so it is read but not counted as changed.
    unknown = {page.key for page in known if not page.content_hash}
    return PagePlan(
        to_read=tuple(page for key, page in now.items() if key not in current),
        kept=tuple(page for page in known if page.source not in synced or page.key in current),
        new=tuple(sorted(now.keys() - before.keys())),
        edited=tuple(sorted((now.keys() & before.keys()) - same - unknown)),
        gone=tuple(
            page.key
            for page in known
            if page.source in synced and page.key not in now and page.key not in current
        ),
    )


def expand_unread_folders(pages: SourcePages, known: Iterable[KnownPage]) -> SourcePages:
    """Return the pages with unread folders replaced by their known pages."""
    folders = tuple(path for path in pages.unread if path.endswith("/"))
    if not folders:
        return pages
    below = (page.path for page in known if page.source == pages.source)
    files = {path for path in pages.unread if path not in folders}
    files |= {path for path in below if path.startswith(folders)}
    return replace(pages, unread=tuple(sorted(files)))


def find_shrunk_sources(
    before: Iterable[PageKey], now: Iterable[PageKey], sources: Iterable[str], *, most: float
) -> tuple[tuple[str, int, int], ...]:
    """Find the sources that lost too many of their pages.

    Args:
        before: keys of the pages before; repeated keys count once.
        now: keys of the pages now, likewise.
        sources: names of the sources to check.
        most: largest share of its pages, from 0 to 1, that a source may lose.

    Returns:
        For each such source, its name and its number of pages before and now.
    """
    old = Counter(source for source, _ in set(before))
    new = Counter(source for source, _ in set(now))
    return tuple(
        (source, old[source], new[source])
        for source in sources
        if new[source] < old[source] * (1 - most)
    )


def plan_chunks(
    pages: PagePlan,
    fresh: Sequence[Chunk],
    *,
    recipe: str,
    vector_ids: Mapping[str, str],
    reuse: bool,
) -> ChunkPlan:
    """Plan the next version: its chunks, and which vectors are carried over.

    Args:
        pages: the pages to read and to keep.
        fresh: chunks of the pages that were read.
        recipe: names the chunker and the model that divided them.
        vector_ids: by the hash of an embedded text, the id of a live chunk with that text.
        reuse: whether vectors of the live version may be carried over.

    Returns:
        The plan for the publisher.
    """
    counts = Counter(text.page_key for text in describe_texts(fresh))
    read = [
        KnownPage(p.source, p.path, p.content_hash, recipe, counts[p.source, p.path])
        for p in pages.to_read
    ]
    return ChunkPlan(
        pages=(*pages.kept, *read),
        kept=frozenset(page.key for page in pages.kept),
        fresh=_order_for_embedding(fresh, vector_ids),
        vector_ids=vector_ids,
        reuse=reuse,
    )


def compute_revision(pages: Iterable[KnownPage], spec: IndexSpec) -> str:
    """Return the revision: eight hexadecimal digits of a hash.

    The hash is of the pages, of how they were divided and of how they were embedded. It costs as
    much as there are pages, not chunks.
    """
    parts = (
        part
        for page in sorted(pages, key=lambda page: page.key)
        for part in (*page.key, page.content_hash, page.recipe)
    )
    return hash_content(*parts, spec.model, str(spec.dimension), spec.chunker)[:8]


def _order_for_embedding(fresh: Sequence[Chunk], vectors: Collection[str]) -> Sequence[Chunk]:
    """Sort chunks with a vector first, and the others by length.

    So the texts of a batch have similar lengths and need little padding.
    """
    keys = [
        (text.embedding_hash not in vectors, -text.characters, text.embedding_hash)
        for text in describe_texts(fresh)
    ]
    return arrange_chunks(fresh, sorted(range(len(keys)), key=keys.__getitem__))
