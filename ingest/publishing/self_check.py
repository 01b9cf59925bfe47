"""The check of a new version before it goes live: a sample of its chunks must be found."""

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
"""Chunks to check."""

_LIMIT = 50  # hits; chunks with equal text or more of the words may come before the right one
_NEAR = 1e-3  # rounding error of a cosine


@dataclass(frozen=True, slots=True)
class WrittenChunk:
    """A chunk that was written, with its vector."""

    chunk: Chunk
    vector: Vector


def extend_sample(
    sample: Sequence[WrittenChunk], more: Iterable[WrittenChunk], *, most: int = SAMPLE
) -> list[WrittenChunk]:
    """Return the sample after more chunks were written.

    Ids are hashes, so those with the smallest ones are a random sample.

    Args:
        sample: the sample so far.
        more: chunks that were written since.
        most: size of the sample.

    Returns:
        The chunks with the smallest ids.
    """
    return heapq.nsmallest(most, [*sample, *more], key=lambda written: written.chunk.id)


def check_sample(store: VectorStore, collection: str, sample: Sequence[WrittenChunk]) -> None:
    """Search for each chunk by its own vector and words.

    Args:
        store: the index in Milvus.
        collection: the new version, sealed.
        sample: the chunks to check.

    Raises:
        PublishError: a chunk is not found, or is stored with another vector.
    """
    stored = store.read_vectors(collection, [written.chunk.id for written in sample])
    for written in sample:
        chunk, vector = written.chunk, stored.get(written.chunk.id)
        if vector is None or not np.allclose(vector, written.vector, atol=_NEAR):
            raise _build_check_error(chunk, "is stored with another vector")
        if not _is_found_by_vector(store, collection, written):
            raise _build_check_error(chunk, "is not found by its own vector")
        if not _is_found_by_words(store, collection, chunk):
            raise _build_check_error(chunk, "is not found by its own words")


def _is_found_by_vector(store: VectorStore, collection: str, written: WrittenChunk) -> bool:
    hits = store.search_dense(collection, written.vector, limit=_LIMIT, scope=Scope())
    # Many equal texts may fill the list: then every hit is as near as the chunk itself.
    is_full_of_equals = len(hits) == _LIMIT and hits[-1].score > 1 - _NEAR
    return _has_chunk(hits, written.chunk) or is_full_of_equals


def _is_found_by_words(store: VectorStore, collection: str, chunk: Chunk) -> bool:
    words = extract_terms(chunk.embedding_text)
    if not words:
        return True
    scope = Scope(sources=(chunk.source,), path_prefix=chunk.path)
    try:
        hits = store.search_lexical(collection, words, limit=_LIMIT, scope=scope)
    except WordSearchError:
        return True  # a server too old for word search: questions are answered by vectors alone
    # A long page may have many chunks with more of the same words.
    return _has_chunk(hits, chunk) or len(hits) == _LIMIT


def _has_chunk(hits: Sequence[Hit], chunk: Chunk) -> bool:
    return any(hit.chunk.embedding_hash == chunk.embedding_hash for hit in hits)


def _build_check_error(chunk: Chunk, problem: str) -> PublishError:
    return PublishError(
        f"The new version was not published, because a chunk of {chunk.path} {problem}; the "
        "previous one still answers."
    )
