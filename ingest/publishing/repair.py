"""`docent doctor --index`: the ledger is compared with Milvus, and what differs is mended."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ingest.publishing.publisher import repair_marks
from ingest.state.lease import SyncLease
from ingest.state.ledger import Ledger
from rag_core.english import format_count
from rag_core.models.known_answers import CheckResult
from rag_core.protocols import VectorStore
from rag_core.types import LiveIndex, Vector

_SAMPLE = 500  # vectors that are looked at
_REBUILD = "run `docent index`, which reads all sources again and mends it"


class IndexCheck:
    """Looks at an index, and mends it where it is asked to.

    Args:
        store: the index in Milvus.
        ledger: what it should hold.
        mend: whether to mend.
    """

    def __init__(self, store: VectorStore, ledger: Ledger, *, mend: bool = False) -> None:
        self._store = store
        self._ledger = ledger
        self._mend = mend

    def run(self) -> tuple[CheckResult, ...]:
        """Every check, a sentence each; no sync may be at work.

        Raises:
            SyncRunningError: one is.
        """
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

    def _check_marks(self, live: LiveIndex) -> CheckResult:
        name, marked = "live version", self._ledger.read_live_version()
        if marked is not None and marked.collection == live.collection:
            return CheckResult(
                name, passed=True, says=f"{live.collection} is live, as the ledger says."
            )
        known = self._ledger.read_version(live.collection) is not None
        if self._mend and known:
            repair_marks(self._ledger, live)
            return CheckResult(
                name, passed=True, says=f"Mended: the ledger now has {live.collection} as live."
            )
        how = "run this again with --mend" if known else _REBUILD
        says = f"{live.collection} is live, but the ledger has another version: {how}."
        return CheckResult(name, passed=False, says=says)

    def _check_leftovers(self) -> CheckResult:
        """Collections that no sync finished, or that the ledger forgot."""
        name = "unknown collections"
        live = self._store.read_live_index()
        known = {version.collection for version in self._ledger.list_versions()}
        known |= {live.collection} if live else set()
        found = [one for one in self._store.list_collections() if one not in known]
        if not found:
            return CheckResult(name, passed=True, says="There are none.")
        listed = ", ".join(found)
        if not self._mend:
            return CheckResult(name, passed=False, says=f"{listed}: run this again with --mend.")
        for collection in found:
            self._store.drop(collection)
        return CheckResult(name, passed=True, says=f"Mended: {listed} removed from Milvus.")

    def _check_missing(self) -> CheckResult:
        """Versions of the ledger that are not in Milvus any more."""
        name = "missing versions"
        there = set(self._store.list_collections())
        gone = [v.collection for v in self._ledger.list_versions() if v.collection not in there]
        if not gone:
            return CheckResult(name, passed=True, says="There are none.")
        listed = ", ".join(gone)
        if not self._mend:
            return CheckResult(name, passed=False, says=f"{listed}: run this again with --mend.")
        self._ledger.forget(gone)
        return CheckResult(name, passed=True, says=f"Mended: {listed} removed from the ledger.")

    def _check_rows(self, live: LiveIndex) -> CheckResult:
        name = "chunks"
        wanted = {chunk.id for chunk in self._ledger.read_chunks(live.collection)}
        found = [chunk.id for chunk in self._store.read_chunks(live.collection)]
        count = self._store.count(live.collection)
        missing, foreign = len(wanted - set(found)), len(set(found) - wanted)
        if not missing and not foreign and len(found) == len(wanted) == count:
            return CheckResult(
                name, passed=True, says=f"{format_count(len(wanted), 'chunk')}, as expected."
            )
        expected = format_count(len(wanted), "chunk")
        says = f"missing {missing:,} of {expected}, and {foreign:,} that should not be there"
        if self._mend:
            # A version that the ledger does not know is read from Milvus by the next sync.
            self._ledger.forget([live.collection])
        how = f"now {_REBUILD}" if self._mend else "run this again with --mend"
        return CheckResult(name, passed=False, says=f"{says}: {how}.")

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
    shaped = vector.shape == (dimension,) and bool(np.isfinite(vector).all())
    return shaped and abs(float(np.linalg.norm(vector)) - 1) < 1e-2
