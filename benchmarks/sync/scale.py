"""An index of many chunks with random vectors: what a changed page costs, and a copy of all."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from benchmarks.harness.bench_index import timed
from benchmarks.sync.made_up import PAGE, MadeUpIndex, RandomEmbedder
from benchmarks.sync.memory import peak_mb, resident_mb
from benchmarks.sync.state_watch import StateWatch
from ingest.publishing.versions import resume_syncs, roll_back
from ingest.state import tables
from ingest.state.database import open_state
from ingest.state.ledger import Ledger
from ingest.types import KnownChunk
from rag_core.index.milvus import MilvusStore
from rag_core.settings import RagSettings
from rag_core.types import Scope

CHANGES = 5
"""Pages that change, one sync each."""

_LIMIT = 10
_SEARCHES = 15


class LiteIndex(MadeUpIndex):
    """An index of made-up pages in Milvus Lite.

    Args:
        folder: holds it, and the state database.
        dimension: length of a vector.
    """

    def __init__(self, folder: Path, dimension: int) -> None:
        settings = RagSettings(_env_file=None, milvus_uri=str(folder / "milvus.db"))
        engine = open_state(f"sqlite:///{folder / 'state.sqlite'}")
        self.watch = StateWatch(engine)
        self.embedder = RandomEmbedder(dimension)
        super().__init__(MilvusStore.open(settings), engine, self.embedder)

    @property
    def collection(self) -> str:
        """The live one."""
        live = self.store.read_live_index()
        assert live is not None
        return live.collection

    def search_ms(self) -> float:
        """Median of some vector searches."""
        seconds = [
            timed(
                lambda number=number: self.store.search_dense(
                    self.collection,
                    self.embedder.embed_query(str(number)),
                    limit=_LIMIT,
                    scope=Scope(),
                )
            )
            for number in range(_SEARCHES)
        ]
        return round(statistics.median(seconds) * 1000, 1)


def scale(folder: Path, *, chunks: int, dimension: int) -> dict[str, Any]:
    """Build an index of so many chunks, and change single pages of it.

    The second sync copies the index, as each one did before there was a standby; the others write
    what differs.
    """
    before = resident_mb()
    index = LiteIndex(folder, dimension)
    pages = [f"{number}.md" for number in range(max(chunks // PAGE, CHANGES + 3))]
    processor: dict[str, float] = {}
    built = index.publish(dict.fromkeys(pages, 0))
    processor["build"] = round(index.processor_seconds, 1)
    build_transaction = index.watch.longest_ms
    copied = index.publish({pages[0]: 1})
    processor["copy"] = round(index.processor_seconds, 1)
    index.watch.clear()
    deltas = [index.publish({page: 1}) for page in pages[1 : 1 + CHANGES]]
    processor["delta"] = round(index.processor_seconds, 3)
    delta_transaction = index.watch.longest_ms
    searched = index.search_ms()
    rolled_back = timed(lambda: roll_back(index.store, index.ledger))
    resume_syncs(index.ledger)
    live = index.collection
    at_once = _write_at_once(folder, index.ledger.contents.read_chunks(live))
    memory = resident_mb()
    index.store.close()
    opened = time.perf_counter()
    index = LiteIndex(folder, dimension)
    count = index.store.count(live)
    reopened = time.perf_counter() - opened
    after = index.search_ms()
    index.store.close()
    delta = statistics.median(deltas)
    return {
        "chunks": count,
        "dimension": dimension,
        "build_seconds": round(built, 1),
        "copy_seconds": round(copied, 2),
        "delta_seconds": [round(each, 3) for each in deltas],
        "delta_of_copy": round(delta / copied, 4),
        "processor_seconds": processor,
        "delta_of_copy_by_processor": round(processor["delta"] / processor["copy"], 4),
        "rollback_seconds": round(rolled_back, 3),
        "longest_transaction_ms": max(build_transaction, delta_transaction),
        "longest_transaction_of_deltas_ms": delta_transaction,
        "one_transaction_ms": at_once,
        "reopen_seconds": round(reopened, 2),
        "dense_p50_ms": searched,
        "dense_p50_ms_after_reopen": after,
        "memory_mb": round(memory - before),
        "peak_memory_mb": round(peak_mb()),
        "disk_mb": round(sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) / 2**20),
    }


def _write_at_once(folder: Path, chunks: Iterable[KnownChunk]) -> float:
    """Milliseconds of all rows of a version in one transaction, as they were written before."""
    engine = open_state(f"sqlite:///{folder / 'once.sqlite'}")
    Ledger(engine, index="docent")
    names = [column.name for column in tables.chunks.columns if column.name != "collection"]
    rows = [
        {"collection": "once", **{name: getattr(chunk, name) for name in names}} for chunk in chunks
    ]

    def write() -> None:
        with engine.begin() as connection:
            connection.execute(insert(tables.chunks), rows)

    seconds = timed(write)
    engine.dispose()
    (folder / "once.sqlite").unlink()
    return round(seconds * 1000, 1)
