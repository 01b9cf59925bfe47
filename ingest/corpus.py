"""A corpus of an evaluation becomes an index of its own, each document one page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from ingest.documents import Page
from ingest.formats import read_document
from ingest.loading.chunker import Chunker
from ingest.report import Progress, ProgressCallback, ignore_progress
from rag_core.evaluation.files import CorpusDocument
from rag_core.protocols import Embedder, VectorStore
from rag_core.types import SCHEMA_VERSION, Chunk, IndexSpec

_COLLECTION = "docent__v1"
_BATCH = 128


def index_corpus(
    records: Sequence[CorpusDocument],
    store: VectorStore,
    embedder: Embedder,
    *,
    progress: ProgressCallback = ignore_progress,
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
    for number, chunks in enumerate(_chunk_records(records, chunker), 1):
        batch += chunks
        if len(batch) >= _BATCH or number == len(records):
            _insert_chunks(store, embedder, batch)
            batch = []
            progress(Progress("embedding", number, len(records)))
    store.seal(_COLLECTION)
    store.switch(_COLLECTION)


def map_document_ids(records: Sequence[CorpusDocument]) -> Mapping[str, str]:
    """The id of each document by the path that its chunks carry."""
    return {_build_path(number): record.id for number, record in enumerate(records)}


def _chunk_records(records: Sequence[CorpusDocument], chunker: Chunker) -> Iterator[list[Chunk]]:
    for number, record in enumerate(records):
        path = _build_path(number)
        page = Page("corpus", path, path, record.text.encode(errors="replace"))
        yield chunker.split_document(replace(read_document(page), title=record.title))


def _build_path(number: int) -> str:
    return f"{number}.md"


def _insert_chunks(store: VectorStore, embedder: Embedder, chunks: Sequence[Chunk]) -> None:
    if chunks:
        vectors = embedder.embed_passages([chunk.embedding_text for chunk in chunks])
        store.insert(_COLLECTION, chunks, vectors)
