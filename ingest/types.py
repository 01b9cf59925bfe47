"""The data of an index: pages, chunks and versions as the ledger knows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from rag_core.types import PageKey


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

    def is_equal_to(self, pages: Sequence[KnownPage], chunks: Sequence[KnownChunk]) -> bool:
        """Whether that is the same, in whatever order."""
        return set(self.pages) == set(pages) and set(self.chunks) == set(chunks)


@dataclass(frozen=True, slots=True)
class IndexVersion:
    """A version as `docent versions` shows it.

    Attributes:
        collection: its collection in Milvus.
        revision: hash over what it holds.
        model: its embedding model.
        created_at: when it was built.
        documents: pages that it holds.
        chunks: chunks that it holds.
        live: it answers now.
        previous: `docent rollback` would go back to it.
        pinned: syncs leave the index at it until somebody resumes them.
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
        """The version as plain data; the time in ISO 8601."""
        return {**asdict(self), "created_at": self.created_at.isoformat()}
