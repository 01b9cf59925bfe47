"""Cost of a sync: builds, changes, an unchanged one, searches beside, many chunks, pages.

    python -m benchmarks.sync --json
    python -m benchmarks.sync --json --rows build change --pages 40
    python -m benchmarks.sync --json --rows peers --peers PEERS PEERS-MILVUS

Starter profile; the rows are those of `ROWS`, where `peers` needs packages that its own docstring
names. The corpora are the Milvus documentation: 2.4, the same two weeks later, and 2.6, two years
later. On a busy machine, compare figures of one run with one another alone.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.harness.bench_index import BenchIndex, pages, timed
from benchmarks.harness.counting import CountedStore, counting_server
from benchmarks.peers.__main__ import compare_peers
from benchmarks.sync.change import change_costs
from benchmarks.sync.client_calls import question_calls
from benchmarks.sync.dead_rows import dead_rows
from benchmarks.sync.embedding_clock import EmbeddingClock
from benchmarks.sync.load import searching
from benchmarks.sync.peak_memory import memory
from benchmarks.sync.reading import reading
from benchmarks.sync.scale import scale
from benchmarks.sync.simulation import simulation
from benchmarks.sync.tutorial_index import TutorialIndex
from rag_core.index.bm25_tokens import extract_terms
from rag_core.types import Scope, hash_content

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
OLD, LATER, NEW = (
    CORPUS / f"milvus_docs_{name}.zip" for name in ("2.4.x_en", "2.4.x_en_2024-07-22", "2.6.x_en")
)


@dataclass(frozen=True)
class Sizes:
    """Sizes of the corpora: all of them, or a little to try the benchmark."""

    pages: int | None = None
    searches: int = 2_000
    chunks: int = 100_000
    dimension: int = 1024
    changed: int = 100
    peers: tuple[Path, ...] = ()


def build(sizes: Sizes) -> dict[str, Any]:
    """A full build, against the tutorial's way with the same pages: one text after another.

    The tutorial's halves come before and after, since a machine is not as fast at all times.
    """
    with BenchIndex.open() as warm:  # so that nothing is loaded on the clock
        warm.index(pages(warm.folder, corpus=OLD, count=3, tiny=False))
    with BenchIndex.open() as bench:
        source = taken(bench, OLD, sizes)
        with TutorialIndex.open(bench.folder, source) as tutorial:
            middle = len(tutorial.texts) // 2
            seconds = tutorial.seconds(slice(middle))
            clock = EmbeddingClock(bench.models.inference.indexing)
            report = bench.index(source, embedder=clock)
            seconds += tutorial.seconds(slice(middle, None))
    return {
        "documents": report.documents,
        "chunks": report.chunks,
        "seconds": round(report.seconds, 2),
        "embedding_seconds": round(clock.seconds, 2),
        "outside_embedding": round(1 - clock.seconds / report.seconds, 3),
        "tutorial_texts": len(tutorial.texts),
        "tutorial_seconds": round(seconds, 2),
        "ratio": round(seconds / report.seconds, 2),
    }


def change(sizes: Sizes) -> dict[str, Any]:
    """Two weeks' change, against a copying build and a full one of what came out."""
    with BenchIndex.open() as bench:
        return change_costs(bench, *(taken(bench, corpus, sizes) for corpus in (OLD, LATER)))


def unchanged(sizes: Sizes) -> dict[str, Any]:
    """Time an unchanged sync from a web server: in a process that serves, and as a command."""
    with BenchIndex.open() as bench, counting_server(taken(bench, NEW, sizes)) as server:
        bench.index(server.address)
        counted = CountedStore(bench.store)
        watched = BenchIndex(bench.folder, bench.models, counted, bench.pipeline)
        server.body_bytes = 0
        report = watched.index(server.address)
        return {
            "documents": report.documents,
            "unchanged": report.unchanged,
            "embedded": report.embedded,
            "writes": counted.writes,
            "body_bytes": server.body_bytes,
            "seconds": round(report.seconds, 3),
            "command": command_unchanged(
                bench.folder / "command", server.address, repeats=3 if sizes.pages is None else 1
            ),
        }


def command_unchanged(folder: Path, address: str, *, repeats: int) -> dict[str, float]:
    """Seconds of `docent index` from its start to its end, nothing loaded beforehand."""
    folder.mkdir()
    command = [Path(sys.executable).with_name("docent"), "index", address]
    settings = {"DOCENT_PROFILE": "starter", "PATH": os.environ["PATH"]}

    def run() -> None:
        subprocess.run(command, cwd=folder, env=settings, check=True, capture_output=True)

    return {
        "first_seconds": round(timed(run), 2),
        "seconds": round(min(map(timed, [run] * repeats)), 2),
    }


def releases(sizes: Sizes) -> dict[str, Any]:
    """From 2.4 to 2.6, and nothing is found of the pages that are gone."""
    with BenchIndex.open() as bench:
        live = bench.folder / "docs.zip"
        shutil.copy(taken(bench, OLD, sizes), live)
        bench.index(live)
        index = bench.store.read_live_index()
        assert index is not None
        before = {chunk.path: chunk for chunk in bench.store.read_chunks(index.collection)}
        shutil.copy(taken(bench, NEW, sizes), live)
        report = bench.index(live)
        index = bench.store.read_live_index()
        assert index is not None
        now = {chunk.path for chunk in bench.store.read_chunks(index.collection)}
        gone = set(before) - now
        found = 0
        for path in gone:
            text = before[path].embedding_text
            vector = bench.models.inference.questions.embed_query(text)
            hits = bench.store.search_dense(
                index.collection, vector, limit=100, scope=Scope()
            ) + bench.store.search_lexical(
                index.collection, extract_terms(text), limit=100, scope=Scope()
            )
            found += any(hit.chunk.path in gone for hit in hits)
    return {
        "added": report.added,
        "changed": report.changed,
        "removed": report.removed,
        "gone": len(gone),
        "gone_and_found": found,
        "embedded": report.embedded,
        "reused": report.reused,
        "seconds": round(report.seconds, 2),
    }


def search(sizes: Sizes) -> dict[str, Any]:
    """Searches beside one sync after another."""
    with BenchIndex.open() as bench:
        sources = [taken(bench, corpus, sizes) for corpus in (OLD, LATER)]
        return searching(bench, sources, searches=sizes.searches)


def many(sizes: Sizes) -> dict[str, Any]:
    """Random vectors, no model."""
    with tempfile.TemporaryDirectory() as folder:
        return scale(Path(folder), chunks=sizes.chunks, dimension=sizes.dimension)


def dead(sizes: Sizes) -> dict[str, Any]:
    """Searches on Milvus Lite over rows that were deleted."""
    return dead_rows(sizes.chunks, sizes.dimension)


def simulated(sizes: Sizes) -> dict[str, Any]:
    """Random vectors, and a store that counts."""
    with tempfile.TemporaryDirectory() as folder:
        return simulation(
            Path(folder), chunks=sizes.chunks, dimension=sizes.dimension, changed=sizes.changed
        )


def calls(sizes: Sizes) -> dict[str, Any]:
    """What a question asks Milvus before it searches."""
    with BenchIndex.open() as bench:
        live = bench.folder / "docs.zip"
        for corpus in (OLD, LATER):  # so that there are two versions
            shutil.copy(taken(bench, corpus, sizes), live)
            bench.index(live)
        return question_calls(bench, questions=min(sizes.searches, 20))


def peak_memory(sizes: Sizes) -> dict[str, Any]:
    """Peak memory of a sync of all pages, against one of 40."""
    return memory(count=40 if sizes.pages is None else None)


def peers(sizes: Sizes) -> dict[str, Any]:
    """Two weeks' change, beside other people's ways to update."""
    with BenchIndex.open() as bench:
        old, later = (taken(bench, corpus, sizes) for corpus in (OLD, LATER))
        return compare_peers(old, later, sites=sizes.peers)


def read(sizes: Sizes) -> dict[str, Any]:
    """Pages read in this process, and in one of their own."""
    with BenchIndex.open() as bench:
        repeats = 5 if sizes.pages is None else 1
        return reading(bench, taken(bench, OLD, sizes), repeats=repeats)


ROWS: Mapping[str, Callable[[Sizes], dict[str, Any]]] = {
    "build": build,
    "change": change,
    "unchanged": unchanged,
    "releases": releases,
    "search": search,
    "scale": many,
    "dead": dead,
    "simulation": simulated,
    "calls": calls,
    "memory": peak_memory,
    "read": read,
    "peers": peers,
}


def taken(bench: BenchIndex, corpus: Path, sizes: Sizes) -> Path:
    """A corpus, or some of its pages: the same ones of each corpus."""
    if sizes.pages is None:
        return corpus
    last = sorted(map(_rank, _pages(OLD)))[: sizes.pages][-1]
    found = bench.folder / f"{corpus.stem}-some.zip"
    with zipfile.ZipFile(corpus) as read, zipfile.ZipFile(found, "w") as written:
        for name in _pages(corpus):
            if _rank(name) <= last:
                written.writestr(name, read.read(name))
    return found


def _pages(corpus: Path) -> list[str]:
    with zipfile.ZipFile(corpus) as read:
        return [name for name in read.namelist() if name.endswith(".md")]


def _rank(name: str) -> str:
    """A place in an order that is the same in each corpus."""
    return hash_content(name)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print one JSON object, a key for each row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    most = [row for row in ROWS if row != "peers"]
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=most)
    parser.add_argument("--pages", type=int, help="index only so many pages of each corpus")
    parser.add_argument("--searches", type=int, default=Sizes.searches)
    parser.add_argument("--chunks", type=int, default=Sizes.chunks)
    parser.add_argument("--dimension", type=int, default=1024, help="of the random vectors")
    parser.add_argument("--changed", type=int, default=100, help="pages, of the simulation")
    parser.add_argument("--peers", nargs="+", type=Path, default=(), help="where they are")
    chosen = parser.parse_args(arguments)
    sizes = Sizes(
        pages=chosen.pages,
        searches=chosen.searches,
        chunks=chosen.chunks,
        dimension=chosen.dimension,
        changed=chosen.changed,
        peers=tuple(chosen.peers),
    )
    found = {row: ROWS[row](sizes) for row in chosen.rows}
    print(json.dumps(found, indent=None if chosen.json else 2))


if __name__ == "__main__":
    main()
