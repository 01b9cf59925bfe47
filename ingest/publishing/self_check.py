"""The check of a new version before it goes live: a sample of its chunks must be found."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ingest.errors import PublishError
from rag_core.english import format_count
from rag_core.errors import WordSearchError
from rag_core.index.bm25_tokens import extract_terms
from rag_core.protocols import VectorStore
from rag_core.types import Chunk, Hit, Scope, Vector

SAMPLE = 24
"""Chunks to check."""

ALLOWED_SHARE = 0.2
"""Share of the sample that an approximate search may miss.

HNSW as Milvus builds it (M 18, efConstruction 240, 50 hits) missed 1 in 1,000 of 100,000 random
vectors, and none of 10,000 in groups; HNSW that is built badly (M 4) missed two thirds.
"""

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


def check_sample(
    store: VectorStore, collection: str, sample: Sequence[WrittenChunk], *, force: bool = False
) -> tuple[str, ...]:
    """Search for each chunk by its own vector and words.

    Stored vectors must be right in any case. A search that compares all chunks must find each of
    them; an approximate one may miss a few, but not within their own page, which it reads whole.

    Args:
        store: the index in Milvus.
        collection: the new version, sealed.
        sample: the chunks to check.
        force: accept what the searches don't find.

    Returns:
        A line for each search that found too little and was accepted by force.

    Raises:
        PublishError: a chunk is stored with another vector, or too many are not found.
    """
    _check_vectors(store, collection, sample)
    allowed = 0 if store.is_exact else math.ceil(ALLOWED_SHARE * len(sample))
    problems = [
        problem
        for problem in (
            _check_vector_search(store, collection, sample, allowed),
            _check_word_search(store, collection, sample, allowed),
        )
        if problem
    ]
    if problems and not force:
        raise PublishError(
            f"The new version was not published, because {problems[0]}; the previous one still "
            "answers. `docent index --force` publishes it all the same."
        )
    return tuple(f"Published by force, although {problem}." for problem in problems)


def _check_vectors(store: VectorStore, collection: str, sample: Sequence[WrittenChunk]) -> None:
    stored = store.read_vectors(collection, [written.chunk.id for written in sample])
    for written in sample:
        vector = stored.get(written.chunk.id)
        if vector is None or not np.allclose(vector, written.vector, atol=_NEAR):
            raise PublishError(
                f"The new version was not published, because a chunk of {written.chunk.path} is "
                "stored with another vector; the previous one still answers."
            )


def _check_vector_search(
    store: VectorStore, collection: str, sample: Sequence[WrittenChunk], allowed: int
) -> str:
    """Return the problem of the search by vectors; empty without one."""
    missed = [each for each in sample if not _is_found_by_vector(store, collection, each, Scope())]
    lost = [
        each
        for each in missed
        if not _is_found_by_vector(store, collection, each, _build_page_scope(each.chunk))
    ]
    if lost or len(missed) > allowed:
        return _describe_missed([*lost, *missed], len(missed), len(sample), "vectors")
    return ""


def _check_word_search(
    store: VectorStore, collection: str, sample: Sequence[WrittenChunk], allowed: int
) -> str:
    """Return the problem of the search by words; empty without one."""
    try:
        missed = [each for each in sample if not _is_found_by_words(store, collection, each.chunk)]
    except WordSearchError:
        return ""  # a server too old for word search: questions are answered by vectors alone
    if len(missed) > allowed:
        return _describe_missed(missed, len(missed), len(sample), "words")
    return ""


def _is_found_by_vector(
    store: VectorStore, collection: str, written: WrittenChunk, scope: Scope
) -> bool:
    hits = store.search_dense(collection, written.vector, limit=_LIMIT, scope=scope)
    # Many equal texts may fill the list: then every hit is as near as the chunk itself.
    is_full_of_equals = len(hits) == _LIMIT and hits[-1].score > 1 - _NEAR
    return _has_chunk(hits, written.chunk) or is_full_of_equals


def _is_found_by_words(store: VectorStore, collection: str, chunk: Chunk) -> bool:
    words = extract_terms(chunk.embedding_text)
    if not words:
        return True
    scope = _build_page_scope(chunk)
    hits = store.search_lexical(collection, words, limit=_LIMIT, scope=scope)
    # A long page may have many chunks with more of the same words.
    return _has_chunk(hits, chunk) or len(hits) == _LIMIT


def _build_page_scope(chunk: Chunk) -> Scope:
    return Scope(sources=(chunk.source,), path_prefix=chunk.path)


def _has_chunk(hits: Sequence[Hit], chunk: Chunk) -> bool:
    return any(hit.chunk.embedding_hash == chunk.embedding_hash for hit in hits)


def _describe_missed(
    chunks: Sequence[WrittenChunk], missed: int, checked: int, by: Literal["vectors", "words"]
) -> str:
    return (
        f"the search by {by} missed {missed} of {format_count(checked, 'chunk')}, such as one of "
        f"{chunks[0].chunk.path}"
    )
