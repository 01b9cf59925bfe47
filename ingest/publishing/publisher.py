"""A new version is built beside the live one, checked, and takes its place at once."""

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
"""Compares the live version with the new one, and raises a PublishError to stop the switch."""


@dataclass(frozen=True, slots=True)
class PublishResult:
    """The version that is live now, where its vectors came from, and what that took."""

    revision: str
    embedded: int
    reused: int
    golden: tuple[GoldenResult, ...]
    characters: int
    embed_seconds: float
    write_seconds: float


class Publisher:
    """Builds, checks and switches versions of one index.

    A version lies in a collection `<index>__v<N>_<run>`, which no other run writes to: one that
    lost its lease and wakes up later can harm nothing but its own. Whatever fails, the live version
    answers on, and the next sync clears away what was left behind.
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
        """Make the plan the live version.

        Args:
            plan: what it holds.
            spec: how it is built.
            progress: told how far it is.
            confirm: raises where another sync took over; called right before the switch, and
                before a version of somebody else could be dropped.
            gate: compares it with the live version.

        Raises:
            PublishError: the new version failed its checks.
            SyncRunningError: another sync took over.
            IndexPinnedError: somebody rolled the index back meanwhile.
        """
        started = time.perf_counter()
        live = self._store.read_live_index()
        spec = replace(spec, revision=compute_revision(plan.contents.chunks, spec))
        collection = self._name_next_collection()
        self._store.create(collection, spec)
        build = _VersionBuilder(self._store, self._embedder, plan, live, collection, progress)
        with _confirm_on_error(confirm):
            build.write()
            progress(Progress("publishing", 0, 4))
            self._check_version(collection, plan, build.sample)
        progress(Progress("publishing", 1, 4))
        golden = gate(live, LiveIndex(collection, spec))
        progress(Progress("publishing", 2, 4))
        self._ledger.record(collection, spec, plan.contents)
        self._switch(collection, confirm)
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
        """Never at the same moment as somebody rolls back, who would not be heard."""
        try:
            with build_switch_lease(self._ledger).hold():
                check_not_pinned(self._ledger)
                confirm()
                with _confirm_on_error(confirm):
                    self._store.switch(collection)
                self._ledger.mark_live(collection)
        except SyncRunningError:
            check_not_pinned(self._ledger)  # the rollback that is at work, in its own words
            raise

    def prune(self, confirm: Callable[[], None]) -> None:
        """Drop every version but the live one and the one before it.

        Also mends the ledger where the last sync was cut off between the switch and its record.

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
        found, wanted = self._store.seal(collection), len(plan.contents.chunks)
        if found != wanted:
            raise PublishError(
                f"The new version holds {found:,} of {format_count(wanted, 'chunk')} and was not "
                "published; the previous one still answers."
            )
        check_sample(self._store, collection, sample)

    def _list_collections(self) -> list[str]:
        """Versions of this index in the store; a server may hold others' collections too."""
        return [name for name in self._store.list_collections() if self._parse_number(name)]

    def _name_next_collection(self) -> str:
        recorded = [version.collection for version in self._ledger.list_versions()]
        numbers = map(self._parse_number, [*self._list_collections(), *recorded])
        return f"{self._ledger.index}__v{max(numbers, default=0) + 1}_{uuid4().hex[:8]}"

    def _parse_number(self, collection: str) -> int:
        return parse_version_number(self._ledger.index, collection)


def parse_version_number(index: str, collection: str) -> int:
    """Number of a version by its collection; 0 for a collection that is none of this index."""
    match = re.fullmatch(rf"{re.escape(index)}__v([1-9]\d*)(_[0-9a-f]{{8}})?", collection)
    return int(match[1]) if match else 0


def build_switch_lease(ledger: Ledger) -> SyncLease:
    """Held for the moment in which the alias moves, by a sync and by a rollback."""
    return SyncLease(ledger.engine, name=f"switch:{ledger.index}"[:64])


def repair_marks(ledger: Ledger, live: LiveIndex) -> None:
    """Note which version is live, as the store says, where whoever switched was cut off."""
    pin = read_pin(ledger)
    if pin is not None and pin.collection == live.collection:
        ledger.mark_rolled_back(live.collection)
    else:
        ledger.mark_live(live.collection)


@contextmanager
def _confirm_on_error(confirm: Callable[[], None]) -> Iterator[None]:
    """Whoever took over dropped the collection of this run: say that, and not what Milvus says."""
    try:
        yield
    except StoreError:
        confirm()
        raise


class _VersionBuilder:
    """Fills one new collection."""

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
        """Chunks written so far without being embedded."""
        return self._written - self.embedded

    def write(self) -> None:
        """Write every chunk of the plan, those with a known vector first."""
        known = [
            chunk for chunk in self._plan.fresh if chunk.embedding_hash in self._plan.vector_ids
        ]
        self._progress(Progress("embedding", 0, self._to_embed))
        for batch in _split_into_batches(
            self._read_kept_chunks(), _CARRY_BATCH if self._plan.vector_ids else _EMBED_BATCH
        ):
            self._insert_batch(batch)
        for batch in _split_into_batches(known, _CARRY_BATCH):
            self._insert_batch(batch)
        for batch in _split_into_batches(self._plan.fresh[len(known) :], _EMBED_BATCH):
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
        """Vectors of a batch: carried over where there is one, each other text embedded once."""
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
        known = self._plan.vector_ids
        ids = {
            c.embedding_hash: known[c.embedding_hash] for c in batch if c.embedding_hash in known
        }
        if self._live is None or not ids:
            return {}
        stored = self._store.read_vectors(self._live.collection, list(ids.values()))
        return {key: stored[id_] for key, id_ in ids.items() if id_ in stored}

    def _check_vectors(self, vectors: Vectors, count: int) -> Vectors:
        """Milvus Lite takes NaN without a word, and a wrong vector finds wrong neighbours.

        Raises:
            PublishError: the vectors are not usable.
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
