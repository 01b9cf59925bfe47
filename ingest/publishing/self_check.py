"""A new version is tried before it goes live: a sample of its chunks must find themselves."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ingest.errors import PublishError
from rag_core.errors import WordSearchError
from rag_core.index.bm25_tokens import terms
from rag_core.protocols import VectorStore
from rag_core.types import Chunk, Hit, Scope, Vector

SAMPLE = 24
"""Chunks that are tried."""

_LIMIT = 50  # chunks with equal text or better words may stand before the one that is looked for
_NEAR = 1e-3  # what rounding may cost a cosine


@dataclass(frozen=True, slots=True)
class Written:
    """A chunk that was written, with its vector."""

    chunk: Chunk
    vector: Vector


def sampled(sample: Sequence[Written], more: Iterable[Written]) -> list[Written]:
    """The sample after more was written: those with the smallest ids, which are hashes."""
    return heapq.nsmallest(SAMPLE, [*sample, *more], key=lambda one: one.chunk.id)


def check_sample(store: VectorStore, collection: str, sample: Sequence[Written]) -> None:
    """Look for each chunk by its own vector and by its own words.

    Raises:
        PublishError: one is not found, or is stored with another vector.
    """
    stored = store.vectors(collection, [one.chunk.id for one in sample])
    for one in sample:
        vector = stored.get(one.chunk.id)
        if vector is None or not np.allclose(vector, one.vector, atol=_NEAR):
            raise _lost(one.chunk, "is stored with another vector")
        if not _by_vector(store, collection, one):
            raise _lost(one.chunk, "is not found by its own vector")
        if not _by_words(store, collection, one.chunk):
            raise _lost(one.chunk, "is not found by its own words")


def _by_vector(store: VectorStore, collection: str, one: Written) -> bool:
    hits = store.search_dense(collection, one.vector, limit=_LIMIT, scope=Scope())
    # Many equal texts may fill the list; then as many hits are as near as the chunk itself.
    return _has(hits, one.chunk) or (len(hits) == _LIMIT and hits[-1].score > 1 - _NEAR)


def _by_words(store: VectorStore, collection: str, chunk: Chunk) -> bool:
    words = terms(chunk.embedding_text)
    if not words:
        return True
    scope = Scope(sources=(chunk.source,), path_prefix=chunk.path)
    try:
        hits = store.search_lexical(collection, words, limit=_LIMIT, scope=scope)
    except WordSearchError:
        return True  # a server that is too old for it: questions are answered by vectors alone
    # A long page may hold many chunks that say more of the same words.
    return _has(hits, chunk) or len(hits) == _LIMIT


def _has(hits: Sequence[Hit], chunk: Chunk) -> bool:
    return any(hit.chunk.embedding_hash == chunk.embedding_hash for hit in hits)


def _lost(chunk: Chunk, what: str) -> PublishError:
    return PublishError(
        f"The new version was not published, because a chunk of {chunk.path} {what}; the "
        "previous one still answers."
    )
