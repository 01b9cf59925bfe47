"""A new version is tried before it goes live: a sample of its chunks must find themselves."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ingest.errors import PublishError
from rag_core.errors import WordSearchError
from rag_core.index.bm25_tokens import extract_terms
from rag_core.protocols import VectorStore
from rag_core.types import Chunk, Hit, Scope, Vector

SAMPLE = 24
"""Chunks that are tried."""

_LIMIT = 50  # chunks with equal text or better words may stand before the one that is looked for
_NEAR = 1e-3  # what rounding may cost a cosine


@dataclass(frozen=True, slots=True)
class WrittenChunk:
    """A chunk that was written, with its vector."""

    chunk: Chunk
    vector: Vector


def extend_sample(
    sample: Sequence[WrittenChunk], more: Iterable[WrittenChunk]
) -> list[WrittenChunk]:
    """The sample after more was written: those with the smallest ids, which are hashes."""
    return heapq.nsmallest(SAMPLE, [*sample, *more], key=lambda one: one.chunk.id)


def check_sample(store: VectorStore, collection: str, sample: Sequence[WrittenChunk]) -> None:
    """Look for each chunk by its own vector and by its own words.

    Raises:
        PublishError: one is not found, or is stored with another vector.
    """
    stored = store.read_vectors(collection, [one.chunk.id for one in sample])
    for one in sample:
        vector = stored.get(one.chunk.id)
        if vector is None or not np.allclose(vector, one.vector, atol=_NEAR):
            raise _build_check_error(one.chunk, "is stored with another vector")
        if not _is_found_by_vector(store, collection, one):
            raise _build_check_error(one.chunk, "is not found by its own vector")
        if not _is_found_by_words(store, collection, one.chunk):
            raise _build_check_error(one.chunk, "is not found by its own words")


def _is_found_by_vector(store: VectorStore, collection: str, one: WrittenChunk) -> bool:
    hits = store.search_dense(collection, one.vector, limit=_LIMIT, scope=Scope())
    # Many equal texts may fill the list; then as many hits are as near as the chunk itself.
    return _has_chunk(hits, one.chunk) or (len(hits) == _LIMIT and hits[-1].score > 1 - _NEAR)


def _is_found_by_words(store: VectorStore, collection: str, chunk: Chunk) -> bool:
    words = extract_terms(chunk.embedding_text)
    if not words:
        return True
    scope = Scope(sources=(chunk.source,), path_prefix=chunk.path)
    try:
        hits = store.search_lexical(collection, words, limit=_LIMIT, scope=scope)
    except WordSearchError:
        return True  # a server that is too old for it: questions are answered by vectors alone
    # A long page may hold many chunks that say more of the same words.
    return _has_chunk(hits, chunk) or len(hits) == _LIMIT


def _has_chunk(hits: Sequence[Hit], chunk: Chunk) -> bool:
    return any(hit.chunk.embedding_hash == chunk.embedding_hash for hit in hits)


def _build_check_error(chunk: Chunk, what: str) -> PublishError:
    return PublishError(
        f"The new version was not published, because a chunk of {chunk.path} {what}; the "
        "previous one still answers."
    )
