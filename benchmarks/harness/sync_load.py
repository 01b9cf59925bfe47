"""Two rows of `benchmarks.sync`: searches while versions are switched, and very many chunks."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.harness.bench_index import BenchIndex, spread
from ingest.state.database import open_state
from ingest.state.ledger import Ledger
from rag_core.index.bm25_tokens import extract_terms
from rag_core.types import (
    Scope,
    Vector,
)

LIMIT = 10


@dataclass
class Searcher:
    """Searches the live version both ways, again and again, and notes what it found."""

    bench: BenchIndex
    questions: list[tuple[Vector, str]]
    wanted: int
    seconds: list[float] = field(default_factory=list)
    found: dict[str, set[str]] = field(default_factory=dict)
    errors: int = 0
    empty: int = 0

    def run(self) -> None:
        """Until there are enough."""
        for number in range(self.wanted):
            started = time.perf_counter()
            vector, words = self.questions[number % len(self.questions)]
            try:
                self._search(vector, words)
            except Exception:  # noqa: BLE001  (any error is counted)
                self.errors += 1
            self.seconds.append(time.perf_counter() - started)

    def _search(self, vector: Vector, words: str) -> None:
        store = self.bench.store
        live = store.read_live_index()
        assert live is not None
        dense = store.search_dense(live.collection, vector, limit=LIMIT, scope=Scope())
        lexical = store.search_lexical(live.collection, words, limit=LIMIT, scope=Scope())
        self.empty += not dense or not lexical
        ids = self.found.setdefault(live.spec.revision, set())
        ids.update(hit.chunk.id for hit in (*dense, *lexical))


def searching(bench: BenchIndex, sources: Sequence[Path], *, searches: int) -> dict[str, Any]:
    """Switch between two states of the documentation until all searches are done."""
    live = bench.folder / "docs.zip"
    engine = open_state(f"sqlite:///{bench.folder / 'state0.sqlite'}")
    ledger = Ledger(engine, index="docent")
    contents: dict[str, set[str]] = {}

    def sync(number: int) -> None:
        shutil.copy(sources[number % len(sources)], live)
        bench.index(live)
        index = bench.store.read_live_index()
        assert index is not None
        contents[index.spec.revision] = {
            chunk.id for chunk in ledger.contents.read_chunks(index.collection)
        }

    sync(0)
    asked = [next_question(bench, text) for text in _texts(bench)]
    searcher = Searcher(bench, asked, searches)
    thread = threading.Thread(target=searcher.run)
    thread.start()
    syncs = 0
    while thread.is_alive():
        syncs += 1
        sync(syncs)
    thread.join()
    mixed = sum(not found <= contents[revision] for revision, found in searcher.found.items())
    engine.dispose()
    return {
        "searches": len(searcher.seconds),
        "errors": searcher.errors,
        "empty": searcher.empty,
        "mixed_versions": mixed,
        "versions_searched": len(searcher.found),
        "syncs": syncs,
        **{key: value for key, value in spread(searcher.seconds).items() if key != "questions"},
    }


def _texts(bench: BenchIndex) -> list[str]:
    questions = bench.questions()
    return [next(questions).text for _ in range(50)]


def next_question(bench: BenchIndex, text: str) -> tuple[Vector, str]:
    """A question as both searches take it."""
    return bench.models.inference.questions.embed_query(text), extract_terms(text)
