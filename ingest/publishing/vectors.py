"""Vectors for the chunks of a new version: carried over from the live one, or embedded."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

import numpy as np

from ingest.errors import PublishError
from ingest.publishing.embedding_line import BusyTime, open_line
from ingest.report import Progress, ProgressCallback
from rag_core.protocols import Embedder, ParallelEmbedder, VectorStore
from rag_core.types import Chunk, LiveIndex, Vector, Vectors

EMBED_BATCH = 128
"""Chunks that a model of docent's own embeds at once."""

Item = TypeVar("Item")

_REQUEST_BATCH = 32  # chunks that go to a server at once, where several requests are under way


@dataclass(frozen=True, slots=True)
class _Job:
    """A batch whose vectors are on their way.

    Attributes:
        batch: the chunks.
        stored: vectors that are there already, by the hash of their text.
        missing: hashes of the texts that are being embedded.
        wait: waits for their vectors, each of shape (dimension,), float32.
    """

    batch: Sequence[Chunk]
    stored: dict[str, Vector]
    missing: Sequence[str]
    wait: Callable[[], Iterable[Vector]]


class VectorMaker:
    """The vectors of one new version, and what they cost.

    Args:
        store: the index in Milvus.
        embedder: makes the vectors that are missing.
        live: the live version; None before the first.
        vector_ids: by the hash of an embedded text, the id of a live chunk with that text.
        to_embed: texts to embed, as far as known, for the progress.
        progress: gets the number of embedded texts.

    Attributes:
        embedded: texts that were embedded so far.
        characters: their length.
        batch: chunks of a batch that is best for the embedder.
    """

    def __init__(  # noqa: PLR0913, PLR0917  (internal: the state of one build)
        self,
        store: VectorStore,
        embedder: Embedder,
        live: LiveIndex | None,
        vector_ids: Mapping[str, str],
        to_embed: int,
        progress: ProgressCallback,
    ) -> None:
        self._store = store
        self._embedder = embedder
        self._live = live
        self._vector_ids = vector_ids
        self._to_embed = to_embed
        self._progress = progress
        self._busy = BusyTime()
        # In this order: a model that nothing needs is not opened.
        is_parallel = to_embed > 0 and isinstance(embedder, ParallelEmbedder)
        self._parallel = embedder.parallel if is_parallel else 1  # type: ignore[attr-defined]
        self.batch = EMBED_BATCH if self._parallel == 1 else _REQUEST_BATCH
        self.embedded = 0
        self.characters = 0
        progress(Progress("embedding", 0, to_embed))

    @property
    def seconds(self) -> float:
        """Seconds in which something was being embedded."""
        return self._busy.seconds

    def stream(
        self, batches: Iterable[Sequence[Chunk]], *, carried: bool = False
    ) -> Generator[tuple[Sequence[Chunk], Vectors], None, None]:
        """Yield batches with their vectors, in order.

        Where the embedder takes several calls at a time, the next batches are embedded meanwhile.
        Of neighbours with equal texts one is embedded. When the iterator is closed, all that is
        under way ends.

        Args:
            batches: the chunks; those that need no embedding should come first.
            carried: whether they stand in the live version under their own ids.

        Yields:
            Each batch, and an array of shape (chunks, dimension), float32, rows of length 1.

        Raises:
            PublishError: the model gave unusable vectors.
        """
        last: dict[str, Vector] = {}
        with open_line(self._parallel) as submit:
            jobs = self._begin_jobs(batches, submit, carried=carried)
            for job in _run_ahead(jobs, 2 * self._parallel if self._parallel > 1 else 0):
                known = last | job.stored | dict(zip(job.missing, job.wait(), strict=True))
                self._count(job)
                last = {chunk.embedding_hash: known[chunk.embedding_hash] for chunk in job.batch}
                vectors = np.stack([last[chunk.embedding_hash] for chunk in job.batch])
                yield job.batch, self._check(vectors, len(job.batch))

    def _begin_jobs(
        self,
        batches: Iterable[Sequence[Chunk]],
        submit: Callable[..., Callable[[], Any]],
        *,
        carried: bool,
    ) -> Iterator[_Job]:
        last: Mapping[str, str] = {}
        for batch in batches:
            stored = self._read_stored(batch, carried=carried)
            texts = {chunk.embedding_hash: chunk.embedding_text for chunk in batch}
            missing = [key for key in texts if key not in stored and key not in last]
            wait: Callable[[], Iterable[Vector]] = tuple
            if missing:
                wait = submit(self._embed, [texts[key] for key in missing])
            self.characters += sum(len(texts[key]) for key in missing)
            last = texts
            yield _Job(batch, stored, missing, wait)

    def _count(self, job: _Job) -> None:
        if job.missing:
            self.embedded += len(job.missing)
            self._progress(Progress("embedding", self.embedded, max(self._to_embed, self.embedded)))

    def _embed(self, texts: list[str]) -> Vectors:
        with self._busy.measure():
            return self._check(self._embedder.embed_passages(texts), len(texts))

    def _read_stored(self, batch: Sequence[Chunk], *, carried: bool) -> dict[str, Vector]:
        """Read the vectors to carry over, by hash of their text.

        Each vector has shape (dimension,), float32.
        """
        if self._live is None:
            return {}
        if carried:
            ids = {chunk.embedding_hash: chunk.id for chunk in batch}
        else:
            keys = {chunk.embedding_hash for chunk in batch}
            ids = {key: self._vector_ids[key] for key in keys if key in self._vector_ids}
        if not ids:
            return {}
        stored = self._store.read_vectors(self._live.collection, list(ids.values()))
        return {key: stored[id_] for key, id_ in ids.items() if id_ in stored}

    def _check(self, vectors: Vectors, count: int) -> Vectors:
        """Return the vectors, of shape (count, dimension), if they are usable.

        Milvus Lite accepts NaN without an error, and a wrong vector finds wrong neighbours.

        Raises:
            PublishError: the vectors have another shape, or not all numbers are finite.
        """
        if vectors.shape != (count, self._embedder.dimension) or not np.isfinite(vectors).all():
            raise PublishError(
                f"The model {self._embedder.model} gave unusable vectors; nothing was published."
            )
        return vectors


def split_into_batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Yield the items in lists of `size` or fewer."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def _run_ahead(jobs: Iterable[_Job], count: int) -> Iterator[_Job]:
    """Yield the jobs in their order, each when `count` more have begun."""
    begun: deque[_Job] = deque()
    for job in jobs:
        begun.append(job)
        if len(begun) > count:
            yield begun.popleft()
    yield from begun
