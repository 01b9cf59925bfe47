"""The data of an index: pages, chunks and versions as the ledger has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from rag_core.types import PageKey


@dataclass(frozen=True, slots=True)
class KnownPage:
    """A page of a version; `recipe` names the chunker and the model that divided it."""

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
    """The pages and chunks of a version."""

    pages: tuple[KnownPage, ...] = ()
    chunks: tuple[KnownChunk, ...] = ()

    @property
    def documents(self) -> int:
        """Number of pages that can be found, which are those with a chunk."""
        return len({chunk.page for chunk in self.chunks})

    def is_equal_to(self, pages: Sequence[KnownPage], chunks: Sequence[KnownChunk]) -> bool:
        """Return True if the pages and chunks are equal, in any order."""
        return set(self.pages) == set(pages) and set(self.chunks) == set(chunks)


@dataclass(frozen=True, slots=True)
class IndexVersion:
    """A version as `docent versions` shows it.

    Attributes:
        collection: its collection in Milvus.
        revision: hash of its contents.
        model: its embedding model.
        created_at: when it was built.
        documents: number of its pages.
        chunks: number of its chunks.
        live: True if questions are answered from it now.
        previous: True if `docent rollback` would go back to it.
        pinned: True if syncs leave the index at it until they are resumed.
    """

    collection: str
    revision: str
    model: str
    created_at: datetime
    documents: int
    chunks: int
    live: bool
    previous: bool
    pinned: bool

    def as_json(self) -> dict[str, Any]:
        """Return the version as plain data; the time in ISO 8601."""
        return {**asdict(self), "created_at": self.created_at.isoformat()}
