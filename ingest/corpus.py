"""A corpus of an evaluation becomes an index of its own, each document one page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from ingest.documents import Page
from ingest.formats import read_document
from ingest.loading.chunker import Chunker
from ingest.report import Progress, ProgressCallback, silent
from rag_core.evaluation.files import Record
from rag_core.protocols import Embedder, VectorStore
from rag_core.types import SCHEMA_VERSION, Chunk, IndexSpec

_COLLECTION = "docent__v1"
_BATCH = 128


def index_corpus(
    records: Sequence[Record],
    store: VectorStore,
    embedder: Embedder,
    *,
    progress: ProgressCallback = silent,
) -> None:
    """Chunk, embed and publish a corpus in a store that holds nothing else.

    Chunks carry numbered paths, since an id may give the answer away; `names_of` tells which is
    whose.

    Raises:
        StoreError, ModelError: Milvus or the embedder failed.
    """
    chunker = Chunker(embedder)
    spec = IndexSpec(
        embedder.model, embedder.dimension, chunker.fingerprint, SCHEMA_VERSION, "eval"
    )
    store.create(_COLLECTION, spec)
    batch: list[Chunk] = []
    for number, chunks in enumerate(_chunked(records, chunker), 1):
        batch += chunks
        if len(batch) >= _BATCH or number == len(records):
            _insert(store, embedder, batch)
            batch = []
            progress(Progress("embedding", number, len(records)))
    store.seal(_COLLECTION)
    store.switch(_COLLECTION)


def names_of(records: Sequence[Record]) -> Mapping[str, str]:
    """The id of each document by the path that its chunks carry."""
    return {_path(number): record.id for number, record in enumerate(records)}


def _chunked(records: Sequence[Record], chunker: Chunker) -> Iterator[list[Chunk]]:
    for number, record in enumerate(records):
        path = _path(number)
        page = Page("corpus", path, path, record.text.encode(errors="replace"))
        yield chunker.chunks(replace(read_document(page), title=record.title))


def _path(number: int) -> str:
    return f"{number}.md"


def _insert(store: VectorStore, embedder: Embedder, chunks: Sequence[Chunk]) -> None:
    if chunks:
        vectors = embedder.embed_passages([chunk.embedding_text for chunk in chunks])
        store.insert(_COLLECTION, chunks, vectors)
