"""Chunks that wait on the disk; only their places, hashes and lengths are in memory."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import overload

from ingest.spool import Spool
from rag_core.types import Chunk, PageKey

_FIELDS = [field.name for field in fields(Chunk)]


@dataclass(frozen=True, slots=True)
class ChunkText:
    """The text of a chunk, as far as a plan needs it.

    Attributes:
        page_key: source and path of its page.
        embedding_hash: hash of the text that is embedded.
        characters: length of that text.
    """

    page_key: PageKey
    embedding_hash: str
    characters: int


@dataclass(frozen=True, slots=True)
class _StoredChunk(ChunkText):
    """The same with the place of the chunk in the spool."""

    start: int
    size: int


class StoredChunks(Sequence[Chunk]):
    """A sequence of chunks in a spool, read whenever they are asked for.

    Args:
        spool: the file that they are in.
    """

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._stored: list[_StoredChunk] = []

    @property
    def texts(self) -> Sequence[ChunkText]:
        """What a plan needs of each chunk, without reading it."""
        return self._stored

    def extend(self, chunks: Iterable[Chunk]) -> None:
        """Add chunks to the end."""
        for chunk in chunks:
            row = json.dumps([getattr(chunk, name) for name in _FIELDS]).encode()
            text = _describe_text(chunk)
            start = self._spool.append(row)
            self._stored.append(
                _StoredChunk(text.page_key, text.embedding_hash, text.characters, start, len(row))
            )

    def arrange(self, places: Iterable[int]) -> StoredChunks:
        """Return the chunks of these places, in their order."""
        arranged = StoredChunks(self._spool)
        arranged._stored = [self._stored[place] for place in places]
        return arranged

    @overload
    def __getitem__(self, place: int) -> Chunk: ...
    @overload
    def __getitem__(self, place: slice) -> StoredChunks: ...
    def __getitem__(self, place: int | slice) -> Chunk | StoredChunks:
        """Read one chunk, or return those of a slice, unread."""
        if isinstance(place, slice):
            return self.arrange(range(*place.indices(len(self))))
        stored = self._stored[place]
        values = dict(
            zip(_FIELDS, json.loads(self._spool.read(stored.start, stored.size)), strict=True)
        )
        return Chunk(**{**values, "headings": tuple(values["headings"])})

    def __len__(self) -> int:
        return len(self._stored)


def describe_texts(chunks: Sequence[Chunk]) -> Sequence[ChunkText]:
    """Return what a plan needs of each chunk; read no stored one."""
    if isinstance(chunks, StoredChunks):
        return chunks.texts
    return [_describe_text(chunk) for chunk in chunks]


def arrange_chunks(chunks: Sequence[Chunk], places: Iterable[int]) -> Sequence[Chunk]:
    """Return chunks in another order; read no stored one."""
    if isinstance(chunks, StoredChunks):
        return chunks.arrange(places)
    return tuple(chunks[place] for place in places)


def _describe_text(chunk: Chunk) -> ChunkText:
    return ChunkText(chunk.page_key, chunk.embedding_hash, len(chunk.embedding_text))
