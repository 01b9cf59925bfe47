"""One change of the documentation, by a delta, by a copy of the index, and by a full build."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from benchmarks.harness.bench_index import BenchIndex
from benchmarks.harness.editions import edit_one_page
from ingest.publishing.versions import resume_syncs, roll_back


def change_costs(bench: BenchIndex, old: Path, later: Path) -> dict[str, Any]:
    """From one state to another, three times.

    An index needs two collections for a delta, so a page changes first. After a rollback there is
    no standby, so that the same change copies the index, as each one did before.
    """
    live = bench.folder / "docs.zip"
    edit_one_page(live, old)
    bench.index(live)
    shutil.copy(old, live)
    first = bench.index(live)
    shutil.copy(later, live)
    report = bench.index(live)
    with bench.open_ledger() as ledger:
        roll_back(bench.store, ledger)
        resume_syncs(ledger)
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
        "copying_seconds": round(copied.seconds, 2),
        "full_seconds": round(full.seconds, 2),
        "seconds_ratio": round(report.seconds / full.seconds, 3),
        "of_copying": round(report.seconds / copied.seconds, 3),
    }
