"""Builds by the stages of a cluster, in this process or on Ray, beside a plain build.

    python -m tests.ingest.cluster_build FOLDER plain|ray|killed

Builds an index of `FOLDER/docs` in memory and prints what it holds as JSON. Each text that is
embedded becomes a line of `FOLDER/embedded`. A killed build is on Ray, and its process ends by
SIGKILL when it has two parts.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from ingest.documents import Page
from ingest.engine.build import ClusterBuild
from ingest.engine.cluster import run_on_cluster
from ingest.engine.stages import PageStage, TextStage, Tools
from ingest.loading.chunker import Chunker
from ingest.loading.reading import PageReader, read_apart
from ingest.sources import Downloads, parse_sources
from ingest.state.database import open_state
from ingest.state.ledger import Ledger
from ingest.sync import Indexer
from rag_core.protocols import Embedder
from rag_core.types import SCHEMA_VERSION, Vectors, hash_content
from tests.ingest.fakes import HashEmbedder, MemoryStore

PAGE_SECONDS = 2.0
Run = Callable[[Path, Iterable[bytes], Chunker], Generator[Mapping[str, Any], None, None]]


SLOW_PAGE = "# Slow\n\n" + "".join(f"## Part {n}\n\n* `a` [b](c.md)\n\n" for n in range(60_000))
"""Takes several times `PAGE_SECONDS` to read."""

DOCS = {
    f"{n}.md": f"# Page {n // 2}\n\n## First\n\nText {n // 2}.\n\n## Next\n\n{'long ' * 30}{n}"
    for n in range(6)
} | {"api.html": "<title>API</title><h1>API</h1><p>Calls.</p>", "broken.pdf": "no PDF"}
"""Pages of several formats, one of them broken; pairs share the text of a section."""


class RecordingEmbedder(HashEmbedder):
    """Writes down each embedded text, and counts long ones as cut."""

    def __init__(self, folder: Path) -> None:
        super().__init__(max_tokens=300)
        self._folder = folder
        self.truncated = 0

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        with (self._folder / "embedded").open("a") as file:
            file.write("".join(f"{hash_content(text)}\n" for text in texts))
        self.truncated += sum("long" in text for text in texts)
        return super().embed_passages(texts)


def make_page(number: int, data: bytes = b"# A\n\nText.") -> Page:
    return Page("docs", f"{number}.md", "", data)


def read_embedded(folder: Path) -> list[str]:
    """The hashes of the texts that were embedded, in their order."""
    file = folder / "embedded"
    return file.read_text().split() if file.exists() else []


def make_tools(folder: Path, chunker: Chunker) -> Tools:
    opener = partial(RecordingEmbedder, folder)
    return replace(Tools.of(opener, opener, chunker), page_seconds=PAGE_SECONDS)


def run_inline(
    folder: Path, works: Iterable[bytes], chunker: Chunker
) -> Generator[Mapping[str, Any], None, None]:
    """The stages one after the other, without a cluster; the last part comes first."""
    tools = make_tools(folder, chunker)
    reader, embedder = PageStage(tools), TextStage(tools)
    for number, work in reversed([*enumerate(works)]):
        yield embedder(reader({"number": number, "pages": work}))


def run_on_ray(
    folder: Path, works: Iterable[bytes], chunker: Chunker
) -> Generator[Mapping[str, Any], None, None]:
    return run_on_cluster(works, make_tools(folder, chunker), place="cpu", threads=1)


def run_and_die(
    folder: Path, works: Iterable[bytes], chunker: Chunker
) -> Generator[Mapping[str, Any], None, None]:
    yield from islice(run_on_ray(folder, works, chunker), 2)
    os.kill(os.getpid(), signal.SIGKILL)


def run_nothing(
    folder: Path, works: Iterable[bytes], chunker: Chunker
) -> Generator[Mapping[str, Any], None, None]:
    """A cluster that returns nothing."""
    del folder, works, chunker
    yield from ()


def build(folder: Path, run: Run | None = None, *, part_pages: int | None = 2) -> dict[str, Any]:
    """Build an index of `folder/docs` from nothing; return what it holds, and the report."""
    (folder / "state.sqlite").unlink(missing_ok=True)
    store, own = MemoryStore(), RecordingEmbedder(folder)
    embedder: Embedder = own
    read_documents: PageReader = partial(read_apart, seconds=PAGE_SECONDS)
    if run:
        run_parts = partial(run, folder)
        cluster = ClusterBuild(own, run_parts, folder / "parts", part_pages=part_pages)
        embedder, read_documents = cluster, cluster.read
    engine = open_state(f"sqlite:///{folder / 'state.sqlite'}")
    indexer = Indexer(
        store,
        embedder,
        Ledger(engine, index="docent"),
        Downloads(folder / "snapshots"),
        schema=SCHEMA_VERSION,
        read_documents=read_documents,
    )
    report = indexer.sync(parse_sources(str(folder / "docs")))
    engine.dispose()
    rows = [row for rows in store.rows.values() for row in rows.values()]
    return {
        "report": asdict(replace(report, seconds=0.0)),
        "rows": sorted(
            ([asdict(chunk), [float(value) for value in vector]] for chunk, vector in rows),
            key=lambda row: row[0]["id"],
        ),
    }


RUNS: dict[str, Run] = {"ray": run_on_ray, "killed": run_and_die}


def main() -> None:
    folder = Path(sys.argv[1])
    run = RUNS.get(sys.argv[2])
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    sys.stdout.write(json.dumps(build(folder, run)))


if __name__ == "__main__":
    main()
