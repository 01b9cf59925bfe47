"""Chunks that wait on the disk; only their places, hashes and lengths are in memory."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
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


class _Table:
    """What is in memory of chunks, column by column: rows of objects would take thrice the room."""

    def __init__(self) -> None:
        self.starts = array("Q")
        self.sizes = array("Q")
        self.characters = array("Q")
        self.hashes: list[str] = []
        self.pages: list[PageKey] = []
        self._known: dict[PageKey, PageKey] = {}  # the chunks of a page share its key

    def add(self, text: ChunkText, start: int, size: int) -> int:
        """Add a row; return its number."""
        self.starts.append(start)
        self.sizes.append(size)
        self.characters.append(text.characters)
        self.hashes.append(text.embedding_hash)
        self.pages.append(self._known.setdefault(text.page_key, text.page_key))
        return len(self.hashes) - 1


class StoredChunks(Sequence[Chunk]):
    """A sequence of chunks in a spool, read whenever they are asked for.

    Args:
        spool: the file that they are in.
    """

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._table = _Table()
        self._rows = array("Q")

    @property
    def texts(self) -> Iterator[ChunkText]:
        """What a plan needs of each chunk, without reading it."""
        table = self._table
        for row in self._rows:
            yield ChunkText(table.pages[row], table.hashes[row], table.characters[row])

    def extend(self, chunks: Iterable[Chunk]) -> None:
        """Add chunks to the end."""
        for chunk in chunks:
            data = json.dumps([getattr(chunk, name) for name in _FIELDS]).encode()
            start = self._spool.append(data)
            self._rows.append(self._table.add(_describe_text(chunk), start, len(data)))

    def arrange(self, places: Iterable[int]) -> StoredChunks:
        """Return the chunks of these places, in their order."""
        arranged = copy(self)
        arranged._rows = array("Q", (self._rows[place] for place in places))  # noqa: SLF001
        return arranged

    @overload
    def __getitem__(self, place: int) -> Chunk: ...
    @overload
    def __getitem__(self, place: slice) -> StoredChunks: ...
    def __getitem__(self, place: int | slice) -> Chunk | StoredChunks:
        """Read one chunk, or return those of a slice, unread."""
        if isinstance(place, slice):
            return self.arrange(range(*place.indices(len(self))))
        row = self._rows[place]
        values = json.loads(self._spool.read(self._table.starts[row], self._table.sizes[row]))
        named = dict(zip(_FIELDS, values, strict=True))
        return Chunk(**{**named, "headings": tuple(named["headings"])})

    def __len__(self) -> int:
        return len(self._rows)


def describe_texts(chunks: Sequence[Chunk]) -> Iterable[ChunkText]:
    """Return what a plan needs of each chunk; read no stored one."""
    if isinstance(chunks, StoredChunks):
        return chunks.texts
    return map(_describe_text, chunks)


def arrange_chunks(chunks: Sequence[Chunk], places: Iterable[int]) -> Sequence[Chunk]:
    """Return chunks in another order; read no stored one."""
    if isinstance(chunks, StoredChunks):
        return chunks.arrange(places)
    return tuple(chunks[place] for place in places)


def _describe_text(chunk: Chunk) -> ChunkText:
    return ChunkText(chunk.page_key, chunk.embedding_hash, len(chunk.embedding_text))
