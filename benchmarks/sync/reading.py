"""Cost of the process that reads pages: the same pages read here and apart, in turns."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.harness.bench_index import BenchIndex
from benchmarks.harness.timing import alternate
from ingest.loading.chunker import Chunker
from ingest.loading.loader import chunk_pages, read_pages
from ingest.loading.reading import PageReader, read_apart, read_here
from ingest.report import ignore_progress
from ingest.sources import Downloads, parse_sources

READERS: dict[str, PageReader] = {"here": read_here, "apart": read_apart}


def reading(bench: BenchIndex, source: Path, *, repeats: int) -> dict[str, Any]:
    """Read and divide pages as a sync does; the start of the process counts."""
    downloads = Downloads(bench.folder / "snapshots")
    (loaded,), _ = read_pages(parse_sources(str(source)), downloads, progress=ignore_progress)
    chunker = Chunker(bench.models.inference.indexing)
    runs = {
        f"divide_{name}": partial(
            chunk_pages,
            loaded.pages,
            chunker,
            progress=ignore_progress,
            read_documents=reader,
        )
        for name, reader in READERS.items()
    }
    runs["divide_here"]()  # so that nothing is loaded on the clock
    seconds = alternate(runs, repeats=repeats)
    return {
        "pages": len(loaded.pages),
        "seconds": seconds,
        "divide_overhead": round(seconds["divide_apart"] / seconds["divide_here"] - 1, 3),
    }
