"""A version in a collection of its own: every chunk is written."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from contextvars import copy_context

import numpy as np

from ingest.changes.plan import ChunkPlan
from ingest.publishing.self_check import WrittenChunk, extend_sample
from ingest.publishing.vectors import VectorMaker, split_into_batches
from ingest.report import Progress, ProgressCallback
from ingest.state.contents import ContentsRecord
from ingest.types import describe_chunk
from rag_core.protocols import VectorStore
from rag_core.types import Chunk, LiveIndex

_CARRY_BATCH = 500
_WRITE_ROWS = 250  # one call to Milvus, of the size that is fastest on Lite


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
        self._under_way: Future[int] | None = None
        self.collection = collection
        self.sample: list[WrittenChunk] = []

    def write(self) -> None:
        """Write every chunk of the plan, those with a vector first.

        One thread writes what is embedded while this one has the next chunks embedded.
        """
        fresh, vector_ids = self._plan.fresh, self._plan.vector_ids
        with_vector = sum(chunk.embedding_hash in vector_ids for chunk in fresh)  # they come first
        kept_batch = _CARRY_BATCH if self._plan.reuse else self._vectors.batch
        with ThreadPoolExecutor(1, thread_name_prefix="writing") as writer:
            for chunks, size, carried in (
                (self._read_kept_chunks(), kept_batch, self._plan.reuse),
                (fresh[:with_vector], _CARRY_BATCH, False),
                (fresh[with_vector:], self._vectors.batch, False),
            ):
                with closing(self._make_rows(chunks, size, carried=carried)) as rows:
                    for group in split_into_batches(rows, _WRITE_ROWS):
                        self._end_insert()
                        self._under_way = writer.submit(copy_context().run, self._insert, group)
            self._end_insert()
        self._contents.add_pages(self.collection, self._plan.pages)

    def _make_rows(
        self, chunks: Iterable[Chunk], size: int, *, carried: bool
    ) -> Generator[WrittenChunk, None, None]:
        batches = self._vectors.stream(split_into_batches(chunks, size), carried=carried)
        with closing(batches):
            for batch, vectors in batches:
                yield from map(WrittenChunk, batch, vectors)

    def _read_kept_chunks(self) -> Iterator[Chunk]:
        if self._live is None or not self._plan.kept:
            return
        for chunk in self._store.read_chunks(self._live.collection):
            if chunk.page_key in self._plan.kept:
                yield chunk

    def _insert(self, rows: Sequence[WrittenChunk]) -> int:
        """Write rows, and then the record of them; return their number."""
        chunks = [row.chunk for row in rows]
        self._store.insert(self.collection, chunks, np.stack([row.vector for row in rows]))
        self._contents.add_chunks(self.collection, map(describe_chunk, chunks))
        self.sample = extend_sample(self.sample, rows)
        return len(rows)

    def _end_insert(self) -> None:
        """Wait for the rows that are being written."""
        if self._under_way is not None:
            self._written += self._under_way.result()
            self._under_way = None
            self._progress(Progress("writing", self._written, self._plan.chunks))

    def undo(self) -> None:
        """Leave the collection as it is: the next sync drops it."""
