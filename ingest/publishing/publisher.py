"""Publishing: a new version is built beside the live one, checked, and switched to at once."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from uuid import uuid4

import numpy as np

from ingest.changes.plan import ChunkPlan, compute_revision
from ingest.errors import PublishError, SyncRunningError
from ingest.publishing.pin import check_not_pinned, read_pin
from ingest.publishing.self_check import WrittenChunk, check_sample, extend_sample
from ingest.report import GoldenResult, Progress, ProgressCallback
from ingest.state.lease import SyncLease
from ingest.state.ledger import Ledger
from rag_core.english import format_count
from rag_core.errors import StoreError
from rag_core.protocols import Embedder, VectorStore
from rag_core.types import Chunk, IndexSpec, LiveIndex, Vector, Vectors

_EMBED_BATCH = 128
_CARRY_BATCH = 500


PublishGate = Callable[[LiveIndex | None, LiveIndex], tuple[GoldenResult, ...]]
"""A comparison of the live version with the new one; it raises a PublishError to stop."""


@dataclass(frozen=True, slots=True)
class PublishResult:
    """The published version.

    Attributes:
        revision: its revision.
        embedded: number of texts whose vector was computed.
        reused: number of chunks whose vector was carried over or shared.
        golden: the recall of golden questions.
        characters: length of the embedded texts.
        embed_seconds: time spent on embedding.
        write_seconds: time spent on all else.
    """

    revision: str
    embedded: int
    reused: int
    golden: tuple[GoldenResult, ...]
    characters: int
    embed_seconds: float
    write_seconds: float


class Publisher:
    """The publisher of versions of one index.

    A version has a collection `<index>__v<N>_<run>`, which no other run writes to. So a run that
    lost its lease and wakes up later harms only its own collection. If anything fails, the live
    version stays, and the next sync removes the leftovers.
    """

    def __init__(self, store: VectorStore, embedder: Embedder, ledger: Ledger) -> None:
        self._store = store
        self._embedder = embedder
        self._ledger = ledger

    def publish(
        self,
        plan: ChunkPlan,
        spec: IndexSpec,
        *,
        progress: ProgressCallback,
        confirm: Callable[[], None],
        gate: PublishGate,
    ) -> PublishResult:
        """Build, check and publish the planned version.

        Args:
            plan: the chunks of the version.
            spec: how it is built.
            progress: gets the number of chunks and steps done.
            confirm: raises SyncRunningError if another sync took over; called right before the
                switch, and before another sync's version could be dropped.
            gate: compares it with the live version.

        Returns:
            The published version.

        Raises:
            PublishError: the new version failed its checks.
            SyncRunningError: another sync took over.
            IndexPinnedError: the index was rolled back meanwhile.
        """
        started = time.perf_counter()
        # 1. Build the version in a collection of its own.
        live = self._store.read_live_index()
        spec = replace(spec, revision=compute_revision(plan.contents.chunks, spec))
        collection = self._name_next_collection()
        self._store.create(collection, spec)
        build = _VersionBuilder(self._store, self._embedder, plan, live, collection, progress)
        with _confirm_on_error(confirm):
            build.write()
            # 2. Check that it is complete and that its chunks are found.
            progress(Progress("publishing", 0, 4))
            self._check_version(collection, plan, build.sample)
        # 3. Ask the golden questions.
        progress(Progress("publishing", 1, 4))
        golden = gate(live, LiveIndex(collection, spec))
        # 4. Record it, and then switch: a live version is always in the ledger.
        progress(Progress("publishing", 2, 4))
        self._ledger.record(collection, spec, plan.contents)
        self._switch(collection, confirm)
        # 5. Remove older versions.
        progress(Progress("publishing", 3, 4))
        self.prune(confirm)
        progress(Progress("publishing", 4, 4))
        return PublishResult(
            spec.revision,
            build.embedded,
            build.reused,
            golden,
            build.characters,
            build.embed_seconds,
            time.perf_counter() - started - build.embed_seconds,
        )

    def _switch(self, collection: str, confirm: Callable[[], None]) -> None:
        """Move the alias, under the lease that a rollback needs too."""
        try:
            with build_switch_lease(self._ledger).hold():
                check_not_pinned(self._ledger)
                confirm()
                with _confirm_on_error(confirm):
                    self._store.switch(collection)
                self._ledger.mark_live(collection)
        except SyncRunningError:
            check_not_pinned(self._ledger)  # a rollback is running: its error says more
            raise

    def prune(self, confirm: Callable[[], None]) -> None:
        """Drop all versions but the live one and the previous one.

        This also repairs the ledger if the last sync was killed between the switch and its record.

        Raises:
            SyncRunningError: another sync took over, whose version must not be dropped.
        """
        confirm()
        live = self._store.read_live_index()
        if live is not None and self._ledger.read_version(live.collection):
            repair_marks(self._ledger, live)
        previous = self._ledger.read_previous_version()
        kept = {live.collection} if live else set()
        kept |= {previous.collection} if previous else set()
        for collection in self._list_collections():
            if collection not in kept:
                confirm()
                self._store.drop(collection)
        recorded = {version.collection for version in self._ledger.list_versions()}
        if gone := recorded - kept:
            self._ledger.forget(gone)

    def _check_version(self, collection: str, plan: ChunkPlan, sample: list[WrittenChunk]) -> None:
        rows, expected = self._store.seal(collection), len(plan.contents.chunks)
        if rows != expected:
            raise PublishError(
                f"The new version holds {rows:,} of {format_count(expected, 'chunk')} and was not "
                "published; the previous one still answers."
            )
        check_sample(self._store, collection, sample)

    def _list_collections(self) -> list[str]:
        """List this index's versions in the store, which may hold other collections."""
        return [name for name in self._store.list_collections() if self._parse_number(name)]

    def _name_next_collection(self) -> str:
        recorded = [version.collection for version in self._ledger.list_versions()]
        numbers = map(self._parse_number, [*self._list_collections(), *recorded])
        return f"{self._ledger.index}__v{max(numbers, default=0) + 1}_{uuid4().hex[:8]}"

    def _parse_number(self, collection: str) -> int:
        return parse_version_number(self._ledger.index, collection)


def parse_version_number(index: str, collection: str) -> int:
    """Return the number in a collection's name; 0 for a foreign collection."""
    match = re.fullmatch(rf"{re.escape(index)}__v([1-9]\d*)(_[0-9a-f]{{8}})?", collection)
    return int(match[1]) if match else 0


def build_switch_lease(ledger: Ledger) -> SyncLease:
    """Build the lease to hold while the alias moves."""
    return SyncLease(ledger.engine, name=f"switch:{ledger.index}")


def repair_marks(ledger: Ledger, live: LiveIndex) -> None:
    """Record the store's live version, after a switch that was cut off."""
    pin = read_pin(ledger)
    if pin is not None and pin.collection == live.collection:
        ledger.mark_rolled_back(live.collection)
    else:
        ledger.mark_live(live.collection)


@contextmanager
def _confirm_on_error(confirm: Callable[[], None]) -> Iterator[None]:
    """Raise the error of a lost lease rather than that of Milvus.

    A sync that took over has dropped the collection of this run, which is why Milvus fails.
    """
    try:
        yield
    except StoreError:
        confirm()
        raise


class _VersionBuilder:
    """The writer of one new collection."""

    def __init__(  # noqa: PLR0913, PLR0917  (internal: the state of one build)
        self,
        store: VectorStore,
        embedder: Embedder,
        plan: ChunkPlan,
        live: LiveIndex | None,
        collection: str,
        progress: ProgressCallback,
    ) -> None:
        self._store = store
        self._embedder = embedder
        self._plan = plan
        self._live = live
        self._collection = collection
        self._progress = progress
        self._written = 0
        self._to_embed = plan.to_embed
        self.embedded = 0
        self.characters = 0
        self.embed_seconds = 0.0
        self.sample: list[WrittenChunk] = []

    @property
    def reused(self) -> int:
        """Number of chunks written so far without being embedded."""
        return self._written - self.embedded

    def write(self) -> None:
        """Write every chunk of the plan, those with a vector first."""
        fresh, vector_ids = self._plan.fresh, self._plan.vector_ids
        with_vector = sum(chunk.embedding_hash in vector_ids for chunk in fresh)  # they come first
        kept_batch = _CARRY_BATCH if vector_ids else _EMBED_BATCH
        self._progress(Progress("embedding", 0, self._to_embed))
        for chunks, size in (
            (self._read_kept_chunks(), kept_batch),
            (fresh[:with_vector], _CARRY_BATCH),
            (fresh[with_vector:], _EMBED_BATCH),
        ):
            for batch in _split_into_batches(chunks, size):
                self._insert_batch(batch)

    def _read_kept_chunks(self) -> Iterator[Chunk]:
        if self._live is None or not self._plan.kept:
            return
        for chunk in self._store.read_chunks(self._live.collection):
            if chunk.id in self._plan.kept:
                yield chunk

    def _insert_batch(self, batch: list[Chunk]) -> None:
        vectors = self._collect_vectors(batch)
        self._store.insert(self._collection, batch, vectors)
        self.sample = extend_sample(self.sample, map(WrittenChunk, batch, vectors))
        self._written += len(batch)
        self._progress(Progress("writing", self._written, len(self._plan.contents.chunks)))

    def _collect_vectors(self, batch: list[Chunk]) -> Vectors:
        """Return the vectors of a batch; embed each missing text once.

        Returns: array of shape (chunks, dimension), float32, rows of length 1.
        """
        by_hash = self._read_stored_vectors(batch)
        texts = {c.embedding_hash: c.embedding_text for c in batch}
        missing = [key for key in texts if key not in by_hash]
        if missing:
            embedded = self._embed_texts([texts[key] for key in missing])
            by_hash.update(zip(missing, embedded, strict=True))
            self.embedded += len(missing)
            self._progress(Progress("embedding", self.embedded, max(self._to_embed, self.embedded)))
        return self._check_vectors(np.stack([by_hash[c.embedding_hash] for c in batch]), len(batch))

    def _embed_texts(self, texts: list[str]) -> Vectors:
        started = time.perf_counter()
        vectors = self._check_vectors(self._embedder.embed_passages(texts), len(texts))
        self.embed_seconds += time.perf_counter() - started
        self.characters += sum(map(len, texts))
        return vectors

    def _read_stored_vectors(self, batch: list[Chunk]) -> dict[str, Vector]:
        """Read the vectors to carry over, by hash of their text.

        Each vector has shape (dimension,), float32.
        """
        vector_ids, keys = self._plan.vector_ids, (chunk.embedding_hash for chunk in batch)
        ids = {key: vector_ids[key] for key in keys if key in vector_ids}
        if self._live is None or not ids:
            return {}
        stored = self._store.read_vectors(self._live.collection, list(ids.values()))
        return {key: stored[id_] for key, id_ in ids.items() if id_ in stored}

    def _check_vectors(self, vectors: Vectors, count: int) -> Vectors:
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


def _split_into_batches(chunks: Iterable[Chunk], size: int) -> Iterator[list[Chunk]]:
    iterator = iter(chunks)
    while batch := list(islice(iterator, size)):
        yield batch
