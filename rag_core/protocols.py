"""Protocols of the pipeline's parts: embedder, reranker, LLM and vector store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from rag_core.types import (
    Chunk,
    Hit,
    IndexSpec,
    LiveIndex,
    PageKey,
    Scope,
    Turn,
    Usage,
    Vector,
    Vectors,
)

NEIGHBOURS = 30
"""Places on a page, before and behind a chunk, that `VectorStore.read_neighbours` reads."""


class Embedder(Protocol):
    """An embedding model; a method each for questions and passages keeps instructions apart."""

    @property
    def model(self) -> str:
        """Name of the model, as the index stores it."""

    @property
    def dimension(self) -> int:
        """Length of a vector."""

    @property
    def max_tokens(self) -> int:
        """Longest input in tokens; a longer text is cut from the right."""

    def embed_query(self, text: str) -> Vector:
        """Embed a question, with the model's query instruction if it has one.

        Returns:
            Array of shape (dimension,), float32, length 1.
        """

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Embed passages, without an instruction.

        Returns:
            Array of shape (n, dimension), float32, rows of length 1; row i belongs to text i.
        """

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count the tokens of each text, without special tokens."""


class Reranker(Protocol):
    """A model that scores how well passages answer a question."""

    @property
    def model(self) -> str:
        """Name of the model."""

    def rerank(self, query: str, passages: Sequence[str]) -> NDArray[np.float32]:
        """Score how well each passage answers a question.

        Returns:
            Scores of shape (len(passages),), float32, in [0, 1], in the order of the passages.
        """


@runtime_checkable
class ConcurrentModel(Protocol):
    """A model that any thread may use at any time: a server, which schedules its own work."""

    concurrent: bool


@runtime_checkable
class ParallelEmbedder(Protocol):
    """An embedder that is kept busy by several calls at a time."""

    parallel: int


@runtime_checkable
class LoadableModel(Protocol):
    """A model that can be loaded ahead of its first use."""

    def warm_up(self) -> None:
        """Load the model now, or ask its server.

        Raises:
            ModelUnavailableError: the weights can't be downloaded, or the server is down.
        """


@runtime_checkable
class TruncatingEmbedder(Protocol):
    """An embedder that counts the texts that it cut."""

    truncated: int


@runtime_checkable
class BatchEmbedder(Protocol):
    """An embedder that is faster with several questions at once."""

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Embed questions at once, each as `Embedder.embed_query` does.

        Returns:
            Array of shape (n, dimension), float32, rows of length 1; row i belongs to text i.
        """


@runtime_checkable
class BatchReranker(Protocol):
    """A reranker that is faster with several questions at once."""

    def rerank_many(
        self, pairs: Sequence[tuple[str, Sequence[str]]]
    ) -> Sequence[NDArray[np.float32]]:
        """Score several questions with their passages, each as `Reranker.rerank` does.

        Returns:
            For each pair, scores of shape (len(passages),), float32, in [0, 1].
        """


class Generator(Protocol):
    """The LLM."""

    @property
    def model(self) -> str:
        """Name of the model."""

    def generate(
        self, system: str, turns: Sequence[Turn], *, patience: float | None = None
    ) -> Iterator[str | Usage]:
        """Generate an answer, piece by piece.

        Args:
            system: the system message.
            turns: the messages after it, oldest first.
            patience: longest silence of the server in seconds; None means the generator's own.

        Yields:
            Pieces of text, and at the end the usage if the server reports it.

        Raises:
            LLMUnavailableError: the LLM failed before any text.
            LLMInterruptedError: the LLM failed after some text.
        """


@runtime_checkable
class ImageReader(Protocol):
    """An LLM that may take pictures."""

    @property
    def sees_images(self) -> bool:
        """True if it takes them."""


class VectorStore(Protocol):
    """The index: one live version behind an alias, and others beside it.

    A question calls `read_live_index` once and searches that collection by its real name, so that
    both searches see the same version even if another is published in between. Any thread may call
    the reading methods; the store serialises the writing ones.
    """

    @property
    def is_exact(self) -> bool:
        """True if a search by vectors compares all chunks, and so misses none."""

    def read_live_index(self, mark: str | None = None) -> LiveIndex | None:
        """Return the version behind the alias; None before the first publish.

        Args:
            mark: changes when another version goes live; while it is the same, the store may
                answer from memory. None for a fresh answer.
        """

    def search_dense(
        self, collection: str, vector: Vector, *, limit: int, scope: Scope
    ) -> list[Hit]:
        """Search for the nearest chunks by inner product.

        Args:
            collection: name of the collection.
            vector: shape (dimension,), float32, length 1.
            limit: most hits.
            scope: the part of the index to search.

        Returns:
            Hits, best first; scores are cosines.
        """

    def search_lexical(self, collection: str, terms: str, *, limit: int, scope: Scope) -> list[Hit]:
        """Search for chunks by BM25.

        Args:
            collection: name of the collection.
            terms: tokens of the question, by `bm25_tokens.build_query_terms`.
            limit: most hits.
            scope: the part of the index to search.

        Returns:
            Hits, best first; none without terms.
        """

    def count(self, collection: str) -> int:
        """Count the rows of a collection."""

    def create(self, collection: str, spec: IndexSpec) -> None:
        """Create an empty collection; drop one of that name first."""

    def insert(self, collection: str, chunks: Sequence[Chunk], vectors: Vectors) -> None:
        """Write chunks with their vectors; return when Milvus has acknowledged them.

        Args:
            collection: name of the collection.
            chunks: the chunks, n of them.
            vectors: shape (n, dimension), float32, rows of length 1; row i belongs to chunk i.
        """

    def read_vectors(self, collection: str, ids: Sequence[str]) -> dict[str, Vector]:
        """Read vectors by id, each of shape (dimension,); leave missing ids out."""

    def score_pages(
        self, collection: str, vector: Vector, pages: Sequence[PageKey]
    ) -> dict[PageKey, float]:
        """Compute the mean cosine of a vector with each page's chunks.

        Args:
            collection: name of the collection.
            vector: shape (dimension,), float32, length 1.
            pages: source and path of each page.

        Returns:
            The mean cosine by page; pages without chunks are left out.
        """

    def read_neighbours(self, collection: str, chunks: Sequence[Chunk]) -> list[Chunk]:
        """Read chunks with those near them, by page and position.

        Near are `NEIGHBOURS` places before and behind, on the same page.
        """

    def read_pages_at(self, collection: str, place: str, *, source: str = "") -> list[Chunk]:
        """Read the pages at a path or an address.

        Args:
            collection: name of the collection.
            place: the path of a page inside its source, or its address without an anchor.
            source: name of the source; empty for any.

        Returns:
            All chunks of these pages, by page and position; none if there is no such page.
        """

    def read_chunks(self, collection: str) -> Iterator[Chunk]:
        """Yield every chunk of a collection, in no particular order."""

    def read_rows(self, collection: str, ids: Sequence[str]) -> list[tuple[Chunk, Vector]]:
        """Read chunks with their vectors by id; leave missing ids out.

        Each vector has shape (dimension,), float32.
        """

    def delete(self, collection: str, ids: Sequence[str]) -> None:
        """Delete chunks by id; ids that are not there are no error."""

    def write_spec(self, collection: str, spec: IndexSpec) -> None:
        """Write how a collection is built, and its revision, into its properties."""

    def read_owner(self, collection: str) -> str:
        """Return who writes a collection; empty if it does not say."""

    def write_owner(self, collection: str, owner: str) -> None:
        """Write into a collection who writes it."""

    def seal(self, collection: str) -> int:
        """Flush and load a complete collection; return its number of rows."""

    def switch(self, collection: str) -> None:
        """Point the alias at a sealed collection, which becomes the live version."""

    def drop(self, collection: str) -> None:
        """Remove a collection that is not live."""

    def list_collections(self) -> list[str]:
        """List the names of the versions, live or not."""

    def close(self) -> None:
        """Close the connection, and free the directory of Milvus Lite."""


@runtime_checkable
class WordScorer(Protocol):
    """A store whose BM25 can be asked for the scores of a few texts of their own."""

    def score_words(self, texts: Sequence[str], terms: str) -> list[tuple[int, float]]:
        """Score texts by BM25, in a collection that is not a version.

        Args:
            texts: the texts; there are no others in the collection.
            terms: tokens to search for, as for `VectorStore.search_lexical`.

        Returns:
            Number and score of each text that is found, best first. A score is positive, unless
            Milvus computes it otherwise than docent knows.

        Raises:
            WordSearchError: the server is too old for BM25.
        """
