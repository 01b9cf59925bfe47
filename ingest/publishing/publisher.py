"""Publishing: the next version is written beside the live one, checked, and switched to at once.

Two collections take turns. The standby, which is not live, holds the version before or the one that
a rollback left; a sync brings it to the next version by the rows that differ. It is written to only
while the ledger marks it, which needs a valid lease. A sync that finds a mark of another drops that
collection and builds a new one, so one that lost its lease writes into nothing that answers.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import uuid4

from ingest.changes.plan import ChunkPlan, compute_revision
from ingest.errors import PublishError, SyncRunningError
from ingest.publishing.delta import DeltaBuild, plan_delta
from ingest.publishing.fresh_build import FreshBuild
from ingest.publishing.pin import check_not_pinned, read_pin
from ingest.publishing.self_check import WrittenChunk, check_sample
from ingest.publishing.vectors import VectorMaker
from ingest.report import GoldenResult, Progress, ProgressCallback
from ingest.state.lease import HeldLease, SyncLease
from ingest.state.ledger import Ledger
from ingest.state.version_claims import VersionRecord
from ingest.types import parse_version_number
from rag_core.english import format_count
from rag_core.errors import DocentError, StoreError, StoreUnavailableError
from rag_core.protocols import Embedder, VectorStore
from rag_core.types import IndexSpec, LiveIndex

logger = logging.getLogger(__name__)

DRAIN_SECONDS = 30.0
"""Longest time from the moment that a question learns the live version to its last search."""

_CHECK_SECONDS = 0.2

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
        notes: lines about what a check did not find and `force` accepted.
    """

    revision: str
    embedded: int
    reused: int
    golden: tuple[GoldenResult, ...]
    characters: int
    embed_seconds: float
    write_seconds: float
    notes: tuple[str, ...] = ()


class Publisher:
    """The publisher of versions of one index.

    Args:
        store: the index in Milvus.
        embedder: makes vectors.
        ledger: the ledger of the index.
        drain_seconds: time that questions have to end their searches after a switch, before the
            version that answered them is written to.
    """

    def __init__(
        self,
        store: VectorStore,
        embedder: Embedder,
        ledger: Ledger,
        *,
        drain_seconds: float = 0.0,
    ) -> None:
        self._store = store
        self._embedder = embedder
        self._ledger = ledger
        self._drain_seconds = drain_seconds

    def publish(  # noqa: PLR0913  (the parts of a version, by name)
        self,
        plan: ChunkPlan,
        spec: IndexSpec,
        *,
        progress: ProgressCallback,
        lease: HeldLease,
        gate: PublishGate,
        force: bool = False,
    ) -> PublishResult:
        """Write, check and publish the planned version.

        Args:
            plan: the chunks of the version.
            spec: how it is built.
            progress: gets the number of chunks and steps done.
            lease: the lease of the sync; it is confirmed right before the switch, and before
                another sync's version could be dropped.
            gate: compares it with the live version.
            force: publish a version whose searches find too little.

        Returns:
            The published version.

        Raises:
            PublishError: the new version failed its checks.
            SyncRunningError: another sync took over.
            IndexPinnedError: the index was rolled back meanwhile.
        """
        started = time.perf_counter()
        # 1. Write the version.
        live = self._store.read_live_index()
        spec = replace(spec, revision=compute_revision(plan.pages, spec))
        number = self._count_next_version()
        vectors = VectorMaker(
            self._store, self._embedder, live, plan.vector_ids, plan.to_embed, progress
        )
        build = self._choose_build(plan, spec, live, vectors, lease, progress, number)
        try:
            with _confirm_on_error(lease.confirm):
                build.write()
                # 2. Check that it is complete and that its chunks are found.
                progress(Progress("publishing", 0, 4))
                self._store.write_spec(build.collection, spec)
                notes = self._check_version(build.collection, plan, build.sample, force=force)
            # 3. Ask the golden questions.
            progress(Progress("publishing", 1, 4))
            golden = gate(live, LiveIndex(build.collection, spec))
            # 4. Record it, and then switch: a live version is always in the ledger.
            progress(Progress("publishing", 2, 4))
            self._complete(build, spec, plan, number, lease)
            self._switch(build.collection, lease.confirm)
        except SyncRunningError:
            raise  # what was written belongs to the other sync, which drops it
        except DocentError as error:
            # What Milvus did not answer in time, it may still do, and a switch as well.
            if not isinstance(error, StoreUnavailableError):
                self._take_back(build, lease)
            raise
        # 5. Remove older versions.
        progress(Progress("publishing", 3, 4))
        self.prune(lease.confirm)
        progress(Progress("publishing", 4, 4))
        return PublishResult(
            spec.revision,
            vectors.embedded,
            plan.chunks - vectors.embedded,
            golden,
            vectors.characters,
            vectors.seconds,
            time.perf_counter() - started - vectors.seconds,
            notes,
        )

    def _choose_build(  # noqa: PLR0913, PLR0917  (internal: the state of one build)
        self,
        plan: ChunkPlan,
        spec: IndexSpec,
        live: LiveIndex | None,
        vectors: VectorMaker,
        lease: HeldLease,
        progress: ProgressCallback,
        number: int,
    ) -> FreshBuild | DeltaBuild:
        """Return the build of the standby's delta, or of a new collection."""
        contents = self._ledger.contents
        standby = self._find_standby(spec, live) if live is not None and plan.reuse else None
        if standby is not None and live is not None:
            name, lite = live.collection, self._store.is_exact
            delta = plan_delta(contents, plan, live=name, standby=standby, keeps_dead=lite)
            if delta is not None:

                def claim() -> None:
                    self._wait_for_questions(lambda: progress(Progress("writing", 0, plan.chunks)))
                    self._claim_standby(standby.collection, lease)

                return DeltaBuild(
                    self._store, contents, vectors, delta, plan, live, standby, claim, progress
                )
        collection = f"{self._ledger.index}__v{number}_{uuid4().hex[:8]}"
        self._store.create(collection, spec)
        self._store.write_owner(collection, self._ledger.identity)
        self._ledger.claims.begin(collection, spec, number=number, writer=lease.token)
        return FreshBuild(self._store, contents, vectors, plan, live, collection, progress)

    def _find_standby(self, spec: IndexSpec, live: LiveIndex) -> VersionRecord | None:
        """Return the standby, if a delta can change it."""
        others = set(self._list_collections()) - {live.collection}
        if (standby := self._ledger.read_standby()) is None or standby.collection not in others:
            return None
        is_same_recipe = replace(standby.spec, revision=spec.revision) == spec
        is_complete = self._store.count(standby.collection) == standby.chunks
        return standby if is_same_recipe and is_complete else None

    def _wait_for_questions(self, check_stopped: Callable[[], None]) -> None:
        """Wait until no question can still be searching the standby."""
        live = self._ledger.read_live_version()
        if live is None or live.switched_at is None:
            return
        passed = (datetime.now(UTC) - live.switched_at).total_seconds()
        left = min(self._drain_seconds - passed, self._drain_seconds)
        while left > 0:
            check_stopped()
            time.sleep(min(left, _CHECK_SECONDS))
            left -= _CHECK_SECONDS

    def _claim_standby(self, collection: str, lease: HeldLease) -> None:
        """Mark the standby as written by this sync.

        Raises:
            SyncRunningError: the lease is lost, or a rollback made it live since the sync began.
            IndexPinnedError: a rollback is about to make this version live.
        """
        # The lease of the switch keeps a rollback from moving the alias here at this moment.
        with build_switch_lease(self._ledger).hold():
            check_not_pinned(self._ledger)
            if self._is_live(collection) or not self._ledger.claims.claim(collection, lease.token):
                lease.confirm()
                raise SyncRunningError("Another process writes the version before this one.")

    def _complete(
        self,
        build: FreshBuild | DeltaBuild,
        spec: IndexSpec,
        plan: ChunkPlan,
        number: int,
        lease: HeldLease,
    ) -> None:
        pages, dead, writer = plan.pages, build.dead, lease.token
        is_recorded = self._ledger.claims.complete(
            build.collection, spec, number=number, pages=pages, dead=dead, writer=writer
        )
        if not is_recorded:
            lease.confirm()
            raise SyncRunningError("Another sync took over because this one had stalled.")

    def _take_back(self, build: FreshBuild | DeltaBuild, lease: HeldLease) -> None:
        """Bring the version before back into the standby.

        If that fails, the mark stays, and the next sync drops the collection.
        """
        try:
            # It is live already if only the record of the switch failed.
            if not self._is_live(build.collection) and (before := build.undo()) is not None:
                self._ledger.claims.restore(before, writer=lease.token)
        except DocentError as error:
            logger.warning("The version before could not be brought back: %s", error)

    def _is_live(self, collection: str) -> bool:
        live = self._store.read_live_index()
        return live is not None and live.collection == collection

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
        """Drop all versions but the live one and the standby.

        This also repairs the ledger if the last sync was killed between the switch and its record.

        Raises:
            SyncRunningError: another sync took over, whose version must not be dropped.
        """
        confirm()
        live = self._store.read_live_index()
        if live is not None and self._ledger.read_version(live.collection):
            repair_marks(self._ledger, live)
        kept, stored = {live.collection} if live else set(), self._list_collections()
        if (standby := self._ledger.read_standby()) and standby.collection in stored:
            kept.add(standby.collection)
        for collection in stored:
            if collection not in kept:
                confirm()
                self._store.drop(collection)
        self._ledger.forget({one.collection for one in self._ledger.list_versions()} - kept)

    def _check_version(
        self, collection: str, plan: ChunkPlan, sample: list[WrittenChunk], *, force: bool
    ) -> tuple[str, ...]:
        if (rows := self._store.seal(collection)) != (expected := plan.chunks):
            raise PublishError(
                f"The new version holds {rows:,} of {format_count(expected, 'chunk')} and was not "
                "published; the previous one still answers."
            )
        return check_sample(self._store, collection, sample, force=force)

    def _list_collections(self) -> list[str]:
        """List this index's versions in the store, which may hold other collections."""
        names = self._store.list_collections()
        return [name for name in names if parse_version_number(self._ledger.index, name)]

    def _count_next_version(self) -> int:
        versions = self._ledger.list_versions()
        names = [*self._list_collections(), *(version.collection for version in versions)]
        numbers = [parse_version_number(self._ledger.index, name) for name in names]
        return max([0, *numbers, *(one.number for one in versions)]) + 1


def build_switch_lease(ledger: Ledger) -> SyncLease:
    """Build the lease to hold while the alias moves."""
    return SyncLease(ledger.engine, name=f"switch:{ledger.index}")


def repair_marks(ledger: Ledger, live: LiveIndex) -> None:
    """Record the store's live version, after a switch that was cut off."""
    pin, version = read_pin(ledger), ledger.read_version(live.collection)
    is_marked = version is not None and (version.live or bool(version.writer))
    # What a sync has marked is not the version that a rollback was to go back to.
    if pin is not None and pin.collection == live.collection and not is_marked:
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
