"""What changed: pages to read anew, and chunks to embed. Pure: knows no store and no database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ingest.documents import Page, SourcePages
from ingest.types import Contents, KnownChunk, KnownPage
from rag_core.types import Chunk, IndexSpec, PageKey, hash_content

_USUAL_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class PagePlan:
    """What to do with the pages that were found.

    Attributes:
        read: pages to read and divide.
        kept: known pages that stay as they are, those of other sources among them.
        new: keys of pages that are new.
        edited: keys of pages with other content than before.
        gone: keys of pages that are no longer there.
    """

    to_read: tuple[Page, ...]
    kept: tuple[KnownPage, ...]
    new: tuple[PageKey, ...]
    edited: tuple[PageKey, ...]
    gone: tuple[PageKey, ...]

    @property
    def added(self) -> int:
        """How many pages are new."""
        return len(self.new)

    @property
    def changed(self) -> int:
        """How many pages have other content than before."""
        return len(self.edited)

    @property
    def removed(self) -> int:
        """How many pages are gone."""
        return len(self.gone)

    @property
    def is_empty(self) -> bool:
        """Whether the index is as it should be."""
        return not self.to_read and not self.gone

    def exclude_broken(self, broken: Collection[PageKey], known: Sequence[KnownPage]) -> PagePlan:
        """The same where some pages could not be read: they stay as they are known.

        Their old content is still what people should find, and the old hash, or none, has the next
        sync try them again.
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
    """What the next version holds, and where its vectors come from.

    Attributes:
        kept: ids of chunks that are carried over as they are stored.
        fresh: chunks to write, in the order in which they are best embedded.
        vectors: id in the live version of a chunk with the same embedded text, by its hash.
        contents: the next version, for the ledger.
    """

    kept: frozenset[str]
    fresh: tuple[Chunk, ...]
    vector_ids: Mapping[str, str]
    contents: Contents

    @property
    def to_embed(self) -> int:
        """How many texts have no vector yet; of kept chunks all, where none are carried over."""
        return len(self._find_missing()) + (0 if self.vector_ids else len(self.kept))

    @property
    def characters(self) -> int:
        """How long those texts are together; kept chunks, which were not read, are estimated."""
        missing = self._find_missing()
        read = sum(map(len, missing.values()))
        average = read / len(missing) if missing else _USUAL_CHARACTERS
        return read + round((self.to_embed - len(missing)) * average)

    def _find_missing(self) -> dict[str, str]:
        chunks = (chunk for chunk in self.fresh if chunk.embedding_hash not in self.vector_ids)
        return {chunk.embedding_hash: chunk.embedding_text for chunk in chunks}


def plan_pages(
    known: Sequence[KnownPage],
    found: Sequence[SourcePages],
    *,
    recipe: str,
    dropped: Collection[str] = (),
    anew: bool = False,
) -> PagePlan:
    """Compare the pages of the synced sources with those of the live version.

    Args:
        known: pages of the live version.
        found: pages of each source that could be read.
        recipe: how pages are divided now.
        dropped: sources whose pages go, though they were not read.
        anew: read every page, whether it changed or not.
    """
    synced = {pages.source for pages in found} | set(dropped)
    before = {page.key: page for page in known}
    now = {(page.source, page.path): page for pages in found for page in pages.pages}
    same = {
        key
        for key, page in now.items()
        if key in before and before[key].content_hash == page.content_hash
    }
    current = set() if anew else {key for key in same if before[key].recipe == recipe}
    # What is known of a page that can't be read just now stays.
    current |= {(pages.source, path) for pages in found for path in pages.unread}
    # A page without a hash was found in the store, not in the ledger: nobody knows its content.
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


def find_shrunk_sources(
    before: Iterable[PageKey], now: Iterable[PageKey], sources: Iterable[str], *, most: float
) -> tuple[tuple[str, int, int], ...]:
    """Sources that lost more than the share `most` of their pages: name, pages before and now."""
    had = Counter(source for source, _ in set(before))
    have = Counter(source for source, _ in set(now))
    return tuple(
        (source, had[source], have[source])
        for source in sources
        if have[source] < had[source] * (1 - most)
    )


def plan_chunks(
    known: Sequence[KnownChunk],
    pages: PagePlan,
    fresh: Sequence[Chunk],
    *,
    recipe: str,
    reuse: bool,
) -> ChunkPlan:
    """Decide which vectors can be carried over; none where `reuse` is false."""
    kept_pages = {page.key for page in pages.kept}
    kept = [chunk for chunk in known if chunk.page in kept_pages]
    vectors = {chunk.embedding_hash: chunk.id for chunk in known} if reuse else {}
    read = [KnownPage(p.source, p.path, p.content_hash, recipe) for p in pages.to_read]
    new = [KnownChunk(c.id, c.source, c.path, c.embedding_hash) for c in fresh]
    return ChunkPlan(
        kept=frozenset(chunk.id for chunk in kept),
        fresh=_order_for_embedding(fresh, vectors),
        vector_ids=vectors,
        contents=Contents((*pages.kept, *read), (*kept, *new)),
    )


def compute_revision(chunks: Iterable[KnownChunk], spec: IndexSpec) -> str:
    """Eight hexadecimal digits over what a version holds and how it was embedded."""
    ids = sorted(chunk.id for chunk in chunks)
    return hash_content(*ids, spec.model, str(spec.dimension), spec.chunker)[:8]


def _order_for_embedding(fresh: Sequence[Chunk], vectors: Collection[str]) -> tuple[Chunk, ...]:
    """Chunks with a vector first; the others by length, so that a batch has little padding."""

    def order(chunk: Chunk) -> tuple[bool, int, str]:
        known = chunk.embedding_hash in vectors
        return not known, -len(chunk.embedding_text), chunk.embedding_hash

    return tuple(sorted(fresh, key=order))
