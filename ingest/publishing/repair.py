"""Check and repair of an index for `docent doctor --index`: the ledger against Milvus."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ingest.publishing.bm25_check import check_bm25
from ingest.publishing.ownership import check_owner
from ingest.publishing.publisher import repair_marks
from ingest.state.lease import SyncLease
from ingest.state.ledger import Ledger
from rag_core.english import format_count
from rag_core.models.known_answers import CheckResult
from rag_core.protocols import VectorStore, WordScorer
from rag_core.types import LiveIndex, Vector

_SAMPLE = 500  # vectors to check
_AGAIN = "run this again with --repair"
_REBUILD = "run `docent index`, which reads all sources again and repairs it"


class IndexCheck:
    """A check of an index against its ledger, with repairs on request.

    Args:
        store: the index in Milvus.
        ledger: what the index should hold.
        repair: whether to repair what can be repaired.
    """

    def __init__(self, store: VectorStore, ledger: Ledger, *, repair: bool = False) -> None:
        self._store = store
        self._ledger = ledger
        self._repair = repair

    def run(self) -> tuple[CheckResult, ...]:
        """Run every check under the sync lease; return the results.

        Raises:
            SyncRunningError: a sync is running.
            ForeignIndexError: another docent's index is not repaired.
        """
        if self._repair:
            check_owner(self._store, self._ledger)
        lease = SyncLease(self._ledger.engine, name=f"sync:{self._ledger.index}")
        with lease.hold():
            return tuple(self._run_checks())

    def _run_checks(self) -> Iterator[CheckResult]:
        live = self._store.read_live_index()
        if live is None:
            yield CheckResult(
                "live version", passed=False, says="Nothing is live: run `docent index`."
            )
        else:
            yield self._check_marks(live)
        yield self._check_leftovers()
        yield self._check_missing()
        if live is not None:
            yield self._check_rows(live)
            yield self._check_vectors(live)
        if isinstance(self._store, WordScorer):
            yield check_bm25(self._store)

    def _check_marks(self, live: LiveIndex) -> CheckResult:
        name, marked = "live version", self._ledger.read_live_version()
        if marked is not None and marked.collection == live.collection:
            return CheckResult(
                name, passed=True, says=f"{live.collection} is live, as the ledger says."
            )
        is_recorded = self._ledger.read_version(live.collection) is not None
        if self._repair and is_recorded:
            repair_marks(self._ledger, live)
            return CheckResult(
                name, passed=True, says=f"Repaired: the ledger now has {live.collection} as live."
            )
        how = _AGAIN if is_recorded else _REBUILD
        says = f"{live.collection} is live, but the ledger has another version: {how}."
        return CheckResult(name, passed=False, says=says)

    def _check_leftovers(self) -> CheckResult:
        """Look for collections that no sync finished, or that the ledger forgot."""
        name = "unknown collections"
        live = self._store.read_live_index()
        expected = {version.collection for version in self._ledger.list_versions()}
        expected |= {live.collection} if live else set()
        unknown = [name for name in self._store.list_collections() if name not in expected]
        if not unknown:
            return CheckResult(name, passed=True, says="There are none.")
        names = ", ".join(unknown)
        if not self._repair:
            return CheckResult(name, passed=False, says=f"{names}: {_AGAIN}.")
        for collection in unknown:
            self._store.drop(collection)
        return CheckResult(name, passed=True, says=f"Repaired: {names} removed from Milvus.")

    def _check_missing(self) -> CheckResult:
        """Look for versions of the ledger that are no longer in Milvus."""
        name = "missing versions"
        stored = set(self._store.list_collections())
        missing = [v.collection for v in self._ledger.list_versions() if v.collection not in stored]
        if not missing:
            return CheckResult(name, passed=True, says="There are none.")
        names = ", ".join(missing)
        if not self._repair:
            return CheckResult(name, passed=False, says=f"{names}: {_AGAIN}.")
        self._ledger.forget(missing)
        return CheckResult(name, passed=True, says=f"Repaired: {names} removed from the ledger.")

    def _check_rows(self, live: LiveIndex) -> CheckResult:
        name = "chunks"
        expected = {chunk.id for chunk in self._ledger.contents.read_chunks(live.collection)}
        stored = [chunk.id for chunk in self._store.read_chunks(live.collection)]
        rows = self._store.count(live.collection)
        missing, foreign = len(expected - set(stored)), len(set(stored) - expected)
        total = format_count(len(expected), "chunk")
        if not missing and not foreign and len(stored) == len(expected) == rows:
            return CheckResult(name, passed=True, says=f"{total}, as expected.")
        if self._repair:
            # A version that the ledger does not know is read from Milvus by the next sync.
            self._ledger.forget([live.collection])
        how = f"now {_REBUILD}" if self._repair else _AGAIN
        says = f"missing {missing:,} of {total}, and {foreign:,} that should not be there: {how}."
        return CheckResult(name, passed=False, says=says)

    def _check_vectors(self, live: LiveIndex) -> CheckResult:
        name = "vectors"
        ids = sorted(chunk.id for chunk in self._store.read_chunks(live.collection))
        sample = ids[:: max(1, len(ids) // _SAMPLE)]
        vectors = self._store.read_vectors(live.collection, sample)
        bad = sum(not _is_sound(vector, live.spec.dimension) for vector in vectors.values())
        bad += len(sample) - len(vectors)
        if not bad:
            says = f"{format_count(len(sample), 'vector')} checked, all usable."
            return CheckResult(name, passed=True, says=says)
        checked = format_count(len(sample), "vector")
        says = f"unusable: {bad:,} of {checked}. Run `docent index --full`."
        return CheckResult(name, passed=False, says=says)


def _is_sound(vector: Vector, dimension: int) -> bool:
    is_finite = vector.shape == (dimension,) and bool(np.isfinite(vector).all())
    return is_finite and abs(float(np.linalg.norm(vector)) - 1) < 1e-2
