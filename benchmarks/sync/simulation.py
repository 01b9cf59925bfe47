"""Very many chunks in a store that only counts: how much a sync of some changed pages touches.

Random vectors, a real ledger. Reading the list of pages grows with the pages, so it is counted
apart from the rows that a sync writes, deletes or reads of chunks.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.sync.made_up import PAGE, MadeUpIndex, RandomEmbedder, chunk_of
from benchmarks.sync.memory import peak_mb, resident_mb
from benchmarks.sync.stand_in_store import StandInStore
from benchmarks.sync.state_watch import StateWatch
from ingest.state import tables
from ingest.state.database import open_state


def simulation(
    folder: Path, *, chunks: int, dimension: int, changed: int, per_page: int = PAGE
) -> dict[str, Any]:
    """Build an index of so many chunks twice, and then change some pages of it."""
    embedder = RandomEmbedder(dimension)
    store = StandInStore(chunk_of, embedder)
    engine = open_state(f"sqlite:///{folder / 'state.sqlite'}")
    watch = StateWatch(engine)
    index = MadeUpIndex(store, engine, embedder, per_page=per_page)
    pages = [f"{number}.md" for number in range(chunks // per_page)]
    built = index.publish(dict.fromkeys(pages, 0))
    build_transaction = watch.longest_ms
    watch.clear()
    store.clear()
    copied = index.publish({pages[-1]: 1})
    copy = _count_rows(store, watch)
    memory, peak = resident_mb(), peak_mb()
    watch.clear()
    store.clear()
    # The standby is two changes behind: these pages, and the one of the copy.
    seconds = index.publish(dict.fromkeys(pages[:changed], 1))
    engine.dispose()
    return {
        "pages": len(pages),
        "chunks": len(pages) * per_page,
        "changed_pages": changed,
        "build_seconds": round(built, 1),
        "copy_seconds": round(copied, 1),
        "seconds": round(seconds, 2),
        "calls": dict(store.calls),
        "store_rows": dict(store.rows),
        "store_bytes": dict(store.bytes),
        "ledger_rows": _count_rows(store, watch)["ledger"],
        "page_list_rows": watch.read[tables.pages.name],
        "copy_rows": copy,
        "longest_transaction_ms": watch.longest_ms,
        "longest_transaction_of_build_ms": build_transaction,
        "sync_memory_mb": round(resident_mb() - memory),
        "sync_peak_memory_mb": round(peak_mb() - peak),
        "peak_memory_mb": round(peak_mb()),
    }


def _count_rows(store: StandInStore, watch: StateWatch) -> dict[str, int]:
    """Count the rows that a sync touched.

    The list of pages, which it reads, is left out, and the lease, which is renewed by the clock.
    """
    apart = {tables.pages.name, tables.leases.name}
    read = sum(rows for table, rows in watch.read.items() if table not in apart)
    written = sum(rows for table, rows in watch.written.items() if table != tables.leases.name)
    return {"store": store.rows.total(), "ledger": written + read}
