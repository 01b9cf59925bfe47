"""The data of an index: pages, chunks and versions as the ledger has them."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from rag_core.types import Chunk, PageKey, hash_content


@dataclass(frozen=True, slots=True)
class KnownPage:
    """A page of a version.

    Attributes:
        source: name of its source.
        path: its path inside the source.
        content_hash: hash of its content; empty if it is not known.
        recipe: names the chunker and the model that divided it.
        chunks: number of its chunks.
    """

    source: str
    path: str
    content_hash: str
    recipe: str
    chunks: int = 0

    @property
    def key(self) -> PageKey:
        """Source and path."""
        return self.source, self.path


@dataclass(frozen=True, slots=True)
class KnownChunk:
    """A chunk of a version.

    Attributes:
        id: its id in Milvus.
        source: name of its source.
        path: path of its page.
        embedding_hash: hash of the text that was embedded.
        row_hash: hash of all other fields of its row; empty if it is not known.
    """

    id: str
    source: str
    path: str
    embedding_hash: str
    row_hash: str = ""

    @property
    def page(self) -> PageKey:
        """Source and path."""
        return self.source, self.path


def describe_chunk(chunk: Chunk) -> KnownChunk:
    """Return what the ledger keeps of a chunk."""
    fields = (chunk.url, chunk.version, chunk.language, str(chunk.position), *chunk.headings)
    return KnownChunk(
        chunk.id, chunk.source, chunk.path, chunk.embedding_hash, hash_content(*fields)
    )


def parse_version_number(index: str, collection: str) -> int:
    """Return the number in a collection's name; 0 for a foreign collection."""
    match = re.fullmatch(rf"{re.escape(index)}__v([1-9]\d*)(_[0-9a-f]{{8}})?", collection)
    return int(match[1]) if match else 0


@dataclass(frozen=True, slots=True)
class IndexVersion:
    """A version as `docent versions` shows it.

    Attributes:
        collection: its collection in Milvus.
        number: counts the versions of the index.
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
    number: int
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
