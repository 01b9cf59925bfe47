"""One change of the documentation, by a delta, by a copy of the index, and by a full build."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from benchmarks.harness.bench_index import BenchIndex
from benchmarks.harness.editions import edit_one_page
from benchmarks.sync.embedding_clock import EmbeddingClock
from ingest.publishing.versions import resume_syncs, roll_back


def change_costs(bench: BenchIndex, old: Path, later: Path) -> dict[str, Any]:
    """From one state to another, three times.

    An index needs two collections for a delta, so a page changes first. Without the standby, which
    a rollback leaves, the same change copies the index, as each one did before.
    """
    clock = EmbeddingClock(bench.models.inference.indexing)
    live = bench.folder / "docs.zip"
    edit_one_page(live, old)
    bench.index(live)
    shutil.copy(old, live)
    first = bench.index(live)
    shutil.copy(later, live)
    report = bench.index(live, embedder=clock)
    with bench.open_ledger() as ledger:
        roll_back(bench.store, ledger)
        resume_syncs(ledger)
    _drop_standby(bench)
    copied = bench.index(live)
    full = bench.index(live, build=1)
    return {
        "built": first.chunks,
        "added": report.added,
        "changed": report.changed,
        "removed": report.removed,
        "embedded": report.embedded,
        "full_embedded": full.embedded,
        "embedded_ratio": round(report.embedded / full.embedded, 4),
        "seconds": round(report.seconds, 2),
        "embedding_seconds": round(clock.seconds, 2),
        "copying_seconds": round(copied.seconds, 2),
        "full_seconds": round(full.seconds, 2),
        "seconds_ratio": round(report.seconds / full.seconds, 3),
        "of_copying": round(report.seconds / copied.seconds, 3),
    }


def _drop_standby(bench: BenchIndex) -> None:
    live = bench.store.read_live_index()
    assert live is not None
    for collection in bench.store.list_collections():
        if collection != live.collection:
            bench.store.drop(collection)
