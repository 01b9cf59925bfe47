"""A version in a collection of its own: every chunk is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from ingest.changes.plan import ChunkPlan
from ingest.publishing.self_check import WrittenChunk, extend_sample
from ingest.publishing.vectors import EMBED_BATCH, VectorMaker
from ingest.report import Progress, ProgressCallback
from ingest.state.contents import ContentsRecord
from ingest.types import describe_chunk
from rag_core.protocols import VectorStore
from rag_core.types import Chunk, LiveIndex

_CARRY_BATCH = 500


class FreshBuild:
    """The writer of one new collection.

    Args:
        store: the index in Milvus.
        contents: the ledger's record of what the collection should hold.
        vectors: makes the vectors.
        plan: the chunks of the version.
        live: the live version, from which pages are carried over; None before the first.
        collection: name of the new collection, which is empty.
        progress: gets the number of chunks written.

    Attributes:
        sample: some of the written chunks, to be searched for.
        dead: rows that were deleted; none, as the collection is new.
    """

    dead = 0

    def __init__(  # noqa: PLR0913, PLR0917  (internal: the state of one build)
        self,
        store: VectorStore,
        contents: ContentsRecord,
        vectors: VectorMaker,
        plan: ChunkPlan,
        live: LiveIndex | None,
        collection: str,
        progress: ProgressCallback,
    ) -> None:
        self._store = store
        self._contents = contents
        self._vectors = vectors
        self._plan = plan
        self._live = live
        self._progress = progress
        self._written = 0
        self.collection = collection
        self.sample: list[WrittenChunk] = []

    def write(self) -> None:
        """Write every chunk of the plan, those with a vector first."""
        fresh, vector_ids = self._plan.fresh, self._plan.vector_ids
        with_vector = sum(chunk.embedding_hash in vector_ids for chunk in fresh)  # they come first
        kept_batch = _CARRY_BATCH if self._plan.reuse else EMBED_BATCH
        for chunks, size, carried in (
            (self._read_kept_chunks(), kept_batch, self._plan.reuse),
            (fresh[:with_vector], _CARRY_BATCH, False),
            (fresh[with_vector:], EMBED_BATCH, False),
        ):
            for batch in _split_into_batches(chunks, size):
                self._insert_batch(batch, carried=carried)
        self._contents.add_pages(self.collection, self._plan.pages)

    def _read_kept_chunks(self) -> Iterator[Chunk]:
        if self._live is None or not self._plan.kept:
            return
        for chunk in self._store.read_chunks(self._live.collection):
            if chunk.page_key in self._plan.kept:
                yield chunk

    def _insert_batch(self, batch: list[Chunk], *, carried: bool) -> None:
        vectors = self._vectors.collect(batch, carried=carried)
        self._store.insert(self.collection, batch, vectors)
        self._contents.add_chunks(self.collection, map(describe_chunk, batch))
        self.sample = extend_sample(self.sample, map(WrittenChunk, batch, vectors))
        self._written += len(batch)
        self._progress(Progress("writing", self._written, self._plan.chunks))

    def undo(self) -> None:
        """Leave the collection as it is: the next sync drops it."""


def _split_into_batches(chunks: Iterable[Chunk], size: int) -> Iterator[list[Chunk]]:
    iterator = iter(chunks)
    while batch := list(islice(iterator, size)):
        yield batch
