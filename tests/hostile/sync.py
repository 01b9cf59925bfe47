"""One real sync of hostile sources into an index in memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ingest.loading.reading import read_apart
from ingest.report import IngestReport
from ingest.sources import Downloads, Source
from ingest.state.database import open_state
from ingest.state.ledger import Ledger
from ingest.sync import Indexer
from tests.ingest.fakes import HashEmbedder, MemoryStore


@dataclass(frozen=True)
class Synced:
    """The texts of the chunks by source and path, and the report."""

    texts: Mapping[tuple[str, str], str]
    report: IngestReport


def sync_sources(sources: Sequence[Source], downloads: Downloads, folder: Path) -> Synced:
    """Read the sources as docent does, with the pages in a process of their own."""
    store, engine = MemoryStore(), open_state(f"sqlite:///{folder / 'state.sqlite'}")
    ledger = Ledger(engine, index="docent")
    indexer = Indexer(store, HashEmbedder(), ledger, downloads, schema=1, read_documents=read_apart)
    report = indexer.sync(sources)
    engine.dispose()
    live = store.read_live_index()
    assert live is not None
    texts: defaultdict[tuple[str, str], str] = defaultdict(str)
    for chunk in store.read_chunks(live.collection):
        texts[chunk.source, chunk.path] += chunk.text
    return Synced(dict(texts), report)
