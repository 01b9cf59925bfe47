"""The index of an evaluation: a corpus whose documents are one page each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing

from ingest.documents import Page, PageError
from ingest.errors import SourceFormatError
from ingest.loading.chunker import Chunker
from ingest.loading.reading import read_apart
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
    """Chunk, embed and publish a corpus in a store of its own.

    Chunks get numbered paths, since an id may give the answer away; `map_document_ids` maps them
    back.

    Args:
        records: the documents of the corpus.
        store: an empty store.
        embedder: embeds the chunks.
        progress: gets the number of embedded documents.

    Raises:
        StoreError, ModelError: Milvus or the embedder failed.
        SourceFormatError: a document can't be read; the sentence names it.
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
    """Return the id of each document by the path of its chunks."""
    return {_build_path(number): record.id for number, record in enumerate(records)}


def _chunk_records(records: Sequence[CorpusDocument], chunker: Chunker) -> Iterator[list[Chunk]]:
    pages = [_build_page(number, record) for number, record in enumerate(records)]
    with closing(read_apart(pages, chunker, lambda: None)) as outcomes:
        for record, outcome in zip(records, outcomes, strict=True):
            if isinstance(outcome, PageError):
                raise SourceFormatError(
                    f"The document {record.id} of the corpus can't be indexed: it {outcome}."
                ) from outcome
            yield outcome


def _build_page(number: int, record: CorpusDocument) -> Page:
    path = _build_path(number)
    return Page("corpus", path, path, record.text.encode(errors="replace"), title=record.title)


def _build_path(number: int) -> str:
    return f"{number}.md"


def _insert_chunks(store: VectorStore, embedder: Embedder, chunks: Sequence[Chunk]) -> None:
    if chunks:
        vectors = embedder.embed_passages([chunk.embedding_text for chunk in chunks])
        store.insert(_COLLECTION, chunks, vectors)
