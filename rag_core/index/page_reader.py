"""Reads pages of the index: whole ones, and the chunks near others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from pymilvus import MilvusClient

from rag_core.errors import CollectionGoneError
from rag_core.index.connection import MilvusConnection
from rag_core.index.filters import build_neighbour_filter, build_place_filter
from rag_core.index.rows import FIELDS, parse_chunk
from rag_core.protocols import NEIGHBOURS
from rag_core.types import Chunk, LiveIndex


class PageReader:
    """Reads chunks by their place on a page."""

    def __init__(self, connection: MilvusConnection) -> None:
        self._connection = connection
        self._remembered: tuple[str, LiveIndex] | None = None

    @property
    def _client(self) -> MilvusClient:
        return self._connection.client

    def _read(
        self, method: Callable[..., Any], collection: str, *arguments: Any, **options: Any
    ) -> Any:
        with self._forget_if_gone():
            return self._connection.read(method, collection, *arguments, **options)

    @contextmanager
    def _forget_if_gone(self) -> Iterator[None]:
        """Forget which version is live, if a collection is gone."""
        try:
            yield
        except CollectionGoneError:
            self._remembered = None
            raise

    def read_neighbours(self, collection: str, chunks: Sequence[Chunk]) -> list[Chunk]:
        """Read chunks with those near them, by page and position."""
        if not chunks:
            return []
        near = build_neighbour_filter(chunks, NEIGHBOURS)
        rows = self._read(self._client.query, collection, filter=near, output_fields=FIELDS)
        return sorted(map(parse_chunk, rows), key=lambda chunk: (chunk.page_key, chunk.position))

    def read_pages_at(self, collection: str, place: str, *, source: str = "") -> list[Chunk]:
        """Read the pages at a path or an address.

        Args:
            collection: name of the collection.
            place: the path of a page inside its source, or its address without an anchor.
            source: name of the source; empty for any.

        Returns:
            All chunks of these pages, by page and position; none if there is no such page.
        """
        there = build_place_filter(place, source)
        rows = self._read(self._client.query, collection, filter=there, output_fields=FIELDS)
        return sorted(map(parse_chunk, rows), key=lambda chunk: (chunk.page_key, chunk.position))
