"""The seams of the pipeline: whoever has these methods can take the part."""

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
    PageVector,
    Scope,
    Turn,
    Usage,
    Vector,
    Vectors,
)


class Embedder(Protocol):
    """Text becomes vectors; query and passage have a method each, so instructions can't mix."""

    @property
    def model(self) -> str:
        """Name of the model, as the index remembers it."""

    @property
    def dimension(self) -> int:
        """Length of a vector."""

    @property
    def max_tokens(self) -> int:
        """Longest input; what is over it is cut from the right."""

    def embed_query(self, text: str) -> Vector:
        """Embed a question, with the model's query instruction if it has one."""

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Embed passages, bare; row i belongs to text i."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text by the model's own tokenizer, without special tokens."""


class Reranker(Protocol):
    """Scores how well each passage answers the question."""

    @property
    def model(self) -> str:
        """Name of the model."""

    def rerank(self, query: str, passages: Sequence[str]) -> NDArray[np.float32]:
        """Scores in [0, 1], shape (len(passages),), in the order of the passages."""


@runtime_checkable
class ConcurrentModel(Protocol):
    """A model that any thread may use at any time: one on a server, which orders its own work."""

    concurrent: bool


@runtime_checkable
class LoadableModel(Protocol):
    """A model that can be loaded ahead of its first use."""

    def warm_up(self) -> None:
        """Load it, or ask its server, now.

        Raises:
            ModelUnavailableError: the weights are not here and can't be fetched.
        """


@runtime_checkable
class TruncatingEmbedder(Protocol):
    """An embedder that counts the texts of which it read only the beginning."""

    truncated: int


@runtime_checkable
class BatchEmbedder(Protocol):
    """An embedder that is faster with several questions at once."""

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """As `Embedder.embed_query`; row i belongs to text i."""


@runtime_checkable
class BatchReranker(Protocol):
    """A reranker that is faster with several questions at once."""

    def rerank_many(
        self, pairs: Sequence[tuple[str, Sequence[str]]]
    ) -> Sequence[NDArray[np.float32]]:
        """As `Reranker.rerank` of each question with its passages."""


class Generator(Protocol):
    """The LLM."""

    @property
    def model(self) -> str:
        """Name of the model."""

    def generate(
        self, system: str, turns: Sequence[Turn], *, patience: float | None = None
    ) -> Iterator[str | Usage]:
        """Text as it is written, and the usage once at the end where the server reports it.

        `patience` is the longest silence in seconds; by default the generator's own.

        Raises:
            LLMUnavailableError: before any text.
            LLMInterruptedError: after some text.
        """


class VectorStore(Protocol):
    """The index: one live version behind an alias, and others beside it.

    A question asks `live` once and searches that collection by its real name, so that both searches
    see the same version even when another is published in between. Reading methods may be called
    from any thread, writing ones are serialised by the store.
    """

    def read_live_index(self) -> LiveIndex | None:
        """The version behind the alias; None before the first publish."""

    def search_dense(
        self, collection: str, vector: Vector, *, limit: int, scope: Scope
    ) -> list[Hit]:
        """Nearest chunks of a collection by inner product, best first."""

    def search_lexical(self, collection: str, terms: str, *, limit: int, scope: Scope) -> list[Hit]:
        """Chunks of a collection by BM25 over `lexical.terms` text, best first."""

    def count(self, collection: str) -> int:
        """Rows of a collection, counted."""

    def create(self, collection: str, spec: IndexSpec) -> None:
        """Make an empty collection; one of that name is dropped first."""

    def insert(self, collection: str, chunks: Sequence[Chunk], vectors: Vectors) -> None:
        """Write chunks with their vectors; returns when Milvus has acknowledged them."""

    def read_vectors(self, collection: str, ids: Sequence[str]) -> dict[str, Vector]:
        """The stored vectors of these chunks; ids that are not there are left out."""

    def read_page_vectors(
        self, collection: str, pages: Sequence[PageKey]
    ) -> dict[PageKey, PageVector]:
        """Where each page points."""

    def read_chunks(self, collection: str) -> Iterator[Chunk]:
        """Every chunk of a collection, in no particular order."""

    def seal(self, collection: str) -> int:
        """Flush and load a collection that is complete; the number of rows it holds."""

    def switch(self, collection: str) -> None:
        """Point the alias at a sealed collection: from here on it is the live version."""

    def drop(self, collection: str) -> None:
        """Remove a collection that is not live."""

    def list_collections(self) -> list[str]:
        """Names of the versions that exist, live or not."""

    def close(self) -> None:
        """Release the store, the lock of a Milvus Lite directory included."""
