"""A process that syncs and is killed at a point of it, while questions are asked all the while.

    python -m tests.ingest.killed

Reads commands from standard input, a JSON list each, and answers with a line. Each is carried out
in a fork of this process, which has imported everything and opened nothing.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import milvus_lite.server_manager  # noqa: F401  (once, before the forks)

from ingest import sync as pipeline
from ingest.changes.survey import ChangeDetector, SyncOptions
from ingest.factory import open_indexer, open_ledger
from ingest.publishing import publisher
from ingest.publishing.repair import IndexCheck
from ingest.settings import IngestSettings
from ingest.sources import parse_sources
from ingest.state.ledger import Ledger
from ingest.state.version_claims import VersionClaims
from rag_core.errors import DocentError
from rag_core.index.milvus import MilvusStore
from rag_core.settings import RagSettings
from rag_core.types import Scope
from tests.ingest.fakes import HashEmbedder, make_folder

PAGES = 10
SECTIONS = 30
CHUNKS = PAGES * SECTIONS
_PAUSE = 0.005  # between two questions, so that the sync is not starved
_ASKED_BEFORE = 2  # questions that are answered before the sync begins

POINTS: dict[str, tuple[Any, str, str, int]] = {
    "after reading": (ChangeDetector, "detect", "after", 1),
    "after chunking": (pipeline, "chunk_pages", "after", 1),
    "after making the collection": (MilvusStore, "create", "after", 1),
    "after some embedding": (HashEmbedder, "embed_passages", "after", 2),
    "in the middle of writing": (MilvusStore, "insert", "after", 2),
    "after sealing": (MilvusStore, "seal", "after", 1),
    "after the checks": (publisher, "check_sample", "after", 1),
    "after the record": (VersionClaims, "complete", "after", 1),
    "after the switch": (MilvusStore, "switch", "after", 1),
    "after the mark": (Ledger, "mark_live", "after", 2),
    "in the middle of pruning": (MilvusStore, "drop", "after", 1),
    "before the end": (Ledger, "finish_sync", "before", 1),
}
"""Where a sync is killed: an owner, its function, before or after the n-th call of it. `mark_live`
is called once to repair what another sync may have left."""

DELTA_POINTS: dict[str, tuple[Any, str, str, int]] = {
    "after the mark of the standby": (VersionClaims, "claim", "after", 1),
    "after deleting rows of the standby": (MilvusStore, "delete", "after", 1),
    "after writing rows of the standby": (MilvusStore, "insert", "after", 1),
    "after sealing the standby": (MilvusStore, "seal", "after", 1),
    "after the record of the standby": (VersionClaims, "complete", "after", 1),
    "after the switch to the standby": (MilvusStore, "switch", "after", 1),
}
"""Where a sync is killed that writes only what differs; at the other points all is written."""


def pages(edition: int) -> dict[str, str]:
    """Every section says its edition, so that a mixture would show."""
    return {
        f"{page}.md": f"# Page {page}\n\n"
        + "\n\n".join(f"## S{n}\n\nEdition {edition} of {page}, {n}." for n in range(SECTIONS))
        for page in range(PAGES)
    }


@contextmanager
def opened(folder: Path):
    uri = str(folder / "data" / "docs.db")
    store = MilvusStore.open(RagSettings(milvus_uri=uri))
    settings = IngestSettings(milvus_uri=uri)
    ledger = open_ledger(settings)
    indexer = open_indexer(settings, store=store, embedder=HashEmbedder(), ledger=ledger)
    sources = parse_sources(json.dumps([{"uri": str(folder / "docs"), "name": "pages"}]))
    try:
        yield (
            store,
            ledger,
            lambda *, full=False: indexer.sync(sources, options=SyncOptions(full=full)),
        )
    finally:
        store.close()


def build(folder: Path, editions: int) -> str:
    """Sync so many editions one after another."""
    with opened(folder) as (_, _, sync):
        for edition in range(editions):
            make_folder(folder / "docs", pages(edition))
            report = sync()
    return report.revision


def killed(folder: Path, point: str, edition: int) -> str:
    """Sync a new edition while questions are asked, and die at the point."""
    make_folder(folder / "docs", pages(edition))
    with opened(folder) as (store, _, sync):
        log = os.open(folder / "answers", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        threading.Thread(target=ask, args=(store, log), daemon=True).start()
        while os.fstat(log).st_size < _ASKED_BEFORE * 4:
            time.sleep(0.001)
        die_at(*{**POINTS, **DELTA_POINTS}[point])
        sync(full=point in POINTS)
    return "survived"


def ask(store: MilvusStore, log: int) -> None:
    """Search without end; a line for each answer: what was found, by its edition."""
    vector = HashEmbedder().embed_query("anything")
    while True:
        try:
            line = found(store, vector)
        except DocentError as error:
            line = f"error {error}"
        os.write(log, f"{line}\n".encode())
        time.sleep(_PAUSE)


def found(store: MilvusStore, vector: Any) -> str:
    live = store.read_live_index()
    hits = store.search_dense(live.collection, vector, limit=50, scope=Scope())
    editions = {hit.chunk.text.split()[1] for hit in hits}
    return f"{len(hits)} {','.join(sorted(editions))}"


def die_at(owner: Any, name: str, when: str, count: int) -> None:
    real = getattr(owner, name)
    calls = 0

    def dying(*args: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        last = calls == count
        if last and when == "before":
            die()
        done = real(*args, **options)
        if last:
            die()
        return done

    setattr(owner, name, dying)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def after(folder: Path) -> str:
    """Return what is found now, then the next sync, then the checks."""
    with opened(folder) as (store, ledger, sync):
        before = found(store, HashEmbedder().embed_query("anything"))
        sync()
        now = found(store, HashEmbedder().embed_query("anything"))
        live = store.read_live_index().collection
        state = {
            "before": before,
            "now": now,
            "count": store.count(live),
            "recorded": ledger.read_version(live).chunks,
            "collections": store.list_collections(),
            "versions": sorted(version.collection for version in ledger.list_versions()),
            "wrong": [c.says for c in IndexCheck(store, ledger).run() if not c.passed],
            "unchanged": sync().unchanged,
        }
    return json.dumps(state)


COMMANDS: dict[str, Callable[..., str]] = {"build": build, "killed": killed, "after": after}


def forked(command: str, folder: str, *rest: Any) -> str:
    """Return the result of the command, or how its process ended."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.write(write, COMMANDS[command](Path(folder), *rest).encode())
        except Exception:  # noqa: BLE001  (any error is shown)
            traceback.print_exc()
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read) as said:
        text = said.read()
    _, status = os.waitpid(child, 0)
    return "killed" if os.WIFSIGNALED(status) else text or "it failed: see its standard error"


def main() -> None:
    for line in sys.stdin:
        print(forked(*json.loads(line)), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
