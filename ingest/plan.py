"""What changed: pages to read anew, and chunks to embed. Pure: knows no store and no database."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ingest.documents import Page, Pages
from rag_core.types import Chunk, IndexSpec, content_hash

PageKey = tuple[str, str]
"""Source and path."""


@dataclass(frozen=True, slots=True)
class KnownPage:
    """A page of a version; `recipe` says by which chunker and tokenizer it was divided."""

    source: str
    path: str
    content_hash: str
    recipe: str

    @property
    def key(self) -> PageKey:
        """Source and path."""
        return self.source, self.path


@dataclass(frozen=True, slots=True)
class KnownChunk:
    """A chunk of a version."""

    id: str
    source: str
    path: str
    embedding_hash: str

    @property
    def page(self) -> PageKey:
        """Source and path."""
        return self.source, self.path


@dataclass(frozen=True, slots=True)
class Contents:
    """All that a version holds."""

    pages: tuple[KnownPage, ...] = ()
    chunks: tuple[KnownChunk, ...] = ()

    @property
    def documents(self) -> int:
        """Pages that can be found: those with a chunk."""
        return len({chunk.page for chunk in self.chunks})


@dataclass(frozen=True, slots=True)
class PagePlan:
    """What to do with the pages that were found.

    Attributes:
        read: pages to read and divide.
        kept: known pages that stay as they are, those of other sources among them.
        added: how many pages are new.
        changed: how many have other content than before.
        removed: how many are gone.
    """

    read: tuple[Page, ...]
    kept: tuple[KnownPage, ...]
    added: int
    changed: int
    removed: int

    @property
    def is_empty(self) -> bool:
        """Whether the index is as it should be."""
        return not self.read and not self.removed


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
    vectors: Mapping[str, str]
    contents: Contents

    @property
    def to_embed(self) -> int:
        """How many texts have no vector yet, kept chunks apart."""
        return len({c.embedding_hash for c in self.fresh if c.embedding_hash not in self.vectors})


def plan_pages(known: Contents, found: Sequence[Pages], *, recipe: str) -> PagePlan:
    """Compare the pages of the synced sources with those of the live version."""
    synced = {pages.source for pages in found}
    before = {page.key: page for page in known.pages}
    now = {(page.source, page.path): page for pages in found for page in pages.pages}
    same = {
        key
        for key, page in now.items()
        if key in before and before[key].content_hash == page.content_hash
    }
    current = {key for key in same if before[key].recipe == recipe}
    kept = [page for page in known.pages if page.source not in synced or page.key in current]
    # A page without a hash was found in the store, not in the ledger: nobody knows its content.
    unknown = {page.key for page in known.pages if not page.content_hash}
    return PagePlan(
        read=tuple(page for key, page in now.items() if key not in current),
        kept=tuple(kept),
        added=len(now.keys() - before.keys()),
        changed=len((now.keys() & before.keys()) - same - unknown),
        removed=sum(page.source in synced and page.key not in now for page in known.pages),
    )


def plan_chunks(
    known: Contents, pages: PagePlan, fresh: Sequence[Chunk], *, recipe: str, reuse: bool
) -> ChunkPlan:
    """Decide which vectors can be carried over; none where `reuse` is false."""
    kept_pages = {page.key for page in pages.kept}
    kept = [chunk for chunk in known.chunks if chunk.page in kept_pages]
    vectors = {chunk.embedding_hash: chunk.id for chunk in known.chunks} if reuse else {}
    read = [KnownPage(p.source, p.path, p.content_hash, recipe) for p in pages.read]
    new = [KnownChunk(c.id, c.source, c.path, c.embedding_hash) for c in fresh]
    return ChunkPlan(
        kept=frozenset(chunk.id for chunk in kept),
        fresh=_ordered(fresh, vectors),
        vectors=vectors,
        contents=Contents((*pages.kept, *read), (*kept, *new)),
    )


def revision(chunks: Iterable[KnownChunk], spec: IndexSpec) -> str:
    """Eight hexadecimal digits over what a version holds and how it was embedded."""
    ids = sorted(chunk.id for chunk in chunks)
    return content_hash(*ids, spec.model, str(spec.dimension), spec.chunker)[:8]


def _ordered(fresh: Sequence[Chunk], vectors: Collection[str]) -> tuple[Chunk, ...]:
    """Chunks with a vector first; the others by length, so that a batch has little padding."""

    def order(chunk: Chunk) -> tuple[bool, int, str]:
        known = chunk.embedding_hash in vectors
        return not known, -len(chunk.embedding_text), chunk.embedding_hash

    return tuple(sorted(fresh, key=order))
