"""Searches while one sync follows another, and in pauses of the same length, in turns."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.harness.bench_index import BenchIndex, spread
from benchmarks.harness.editions import edit_one_page, write_edition
from ingest.loading.reading import read_apart
from ingest.state.live_mark import LiveMark
from rag_core.index.bm25_tokens import extract_terms
from rag_core.types import Scope, Vector

LIMIT = 10

_PAUSE = 0.02  # seconds between two searches, so that they do not take a core for themselves


@dataclass
class Searcher:
    """Searches the live version both ways, again and again, and notes what it found.

    Attributes:
        window: what goes on at the moment, `idle` or `busy`.
        seconds: of each search that began and ended in one window, by that window.
        found: ids by the revision that was searched.
    """

    bench: BenchIndex
    mark: LiveMark
    questions: list[tuple[Vector, str]]
    window: str = "idle"
    seconds: dict[str, list[float]] = field(default_factory=lambda: {"idle": [], "busy": []})
    found: dict[str, set[str]] = field(default_factory=dict)
    searches: int = 0
    errors: int = 0
    empty: int = 0
    done: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Until it is told to end."""
        while not self.done.wait(_PAUSE):
            window, started = self.window, time.perf_counter()
            vector, words = self.questions[self.searches % len(self.questions)]
            try:
                self._search(vector, words)
            except Exception:  # noqa: BLE001  (any error is counted)
                self.errors += 1
            self.searches += 1
            if window == self.window:
                self.seconds[window].append(time.perf_counter() - started)

    def _search(self, vector: Vector, words: str) -> None:
        store = self.bench.store
        live = store.read_live_index(self.mark.read())
        assert live is not None
        dense = store.search_dense(live.collection, vector, limit=LIMIT, scope=Scope())
        lexical = store.search_lexical(live.collection, words, limit=LIMIT, scope=Scope())
        self.empty += not dense or not lexical
        ids = self.found.setdefault(live.spec.revision, set())
        ids.update(hit.chunk.id for hit in (*dense, *lexical))


def searching(bench: BenchIndex, states: Sequence[Path], *, searches: int) -> dict[str, Any]:
    """Sync from one edition of the documentation to the next until all searches are done.

    Each sync embeds and writes at least what differs between the two states, and is a delta.
    """
    live = bench.folder / "docs.zip"
    contents: dict[str, set[str]] = {}
    with bench.open_ledger() as ledger:

        def sync(number: int) -> float:
            if number < 0:
                edit_one_page(live, states[0])
            else:
                write_edition(live, *states, number)
            report = bench.index(live, reader=read_apart)
            index = bench.store.read_live_index()
            assert index is not None
            chunks = ledger.contents.read_chunks(index.collection)
            contents[index.spec.revision] = {chunk.id for chunk in chunks}
            return report.seconds

        for number in (-1, 0):  # so that there is a standby
            sync(number)
        asked = [next_question(bench, text) for text in _texts(bench)]
        searcher = Searcher(bench, LiveMark(ledger), asked)
        thread = threading.Thread(target=searcher.run)
        thread.start()
        syncs = 0
        while searcher.searches < searches:
            syncs += 1
            searcher.window = "busy"
            seconds = sync(syncs)
            searcher.window = "idle"
            time.sleep(seconds)
        searcher.done.set()
        thread.join()
    mixed = sum(not found <= contents[revision] for revision, found in searcher.found.items())
    measured = {window: spread(each) for window, each in searcher.seconds.items()}
    return {
        "searches": searcher.searches,
        "errors": searcher.errors,
        "empty": searcher.empty,
        "mixed_versions": mixed,
        "versions_searched": len(searcher.found),
        "syncs": syncs,
        **measured,
        "p50_ratio": _divide(measured, "p50_ms"),
        "p95_ratio": _divide(measured, "p95_ms"),
    }


def _divide(measured: dict[str, dict[str, float]], key: str) -> float:
    return round(measured["busy"][key] / measured["idle"][key], 2)


def _texts(bench: BenchIndex) -> list[str]:
    questions = bench.questions()
    return [next(questions).text for _ in range(50)]


def next_question(bench: BenchIndex, text: str) -> tuple[Vector, str]:
    """A question as both searches take it."""
    return bench.models.inference.questions.embed_query(text), extract_terms(text)
