"""The indexing side on a store in memory and a state database in a scratch directory."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from ingest.changes.survey import SyncOptions
from ingest.report import IngestReport, Progress
from ingest.sources import Downloads, Source, parse_sources
from ingest.state.ledger import Ledger
from ingest.sync import Indexer
from tests.ingest.fakes import HashEmbedder, MemoryStore


@pytest.fixture
def ledger(engine: Engine) -> Ledger:
    return Ledger(engine, index="docent")


@dataclass
class Bench:
    """An index to sync, and what is behind it."""

    ledger: Ledger
    folder: Path
    store: MemoryStore = field(default_factory=MemoryStore)
    embedder: HashEmbedder = field(default_factory=HashEmbedder)
    events: list[Progress] = field(default_factory=list)
    schema: int = 1

    def sync(self, *uris: str | Path, **options: Any) -> IngestReport:
        self.events.clear()
        self.store.writes.clear()
        self.embedder.embedded.clear()
        return self.indexer().sync(
            sources_of(*uris), progress=self.events.append, options=SyncOptions(**options)
        )

    def indexer(self) -> Indexer:
        return Indexer(
            self.store,
            self.embedder,
            self.ledger,
            Downloads(self.folder / "snapshots"),
            schema=self.schema,
        )


def sources_of(*uris: str | Path) -> tuple[Source, ...]:
    return tuple(source for uri in uris for source in parse_sources(str(uri)))


@pytest.fixture
def bench(ledger: Ledger, tmp_path: Path) -> Bench:
    return Bench(ledger, tmp_path)
