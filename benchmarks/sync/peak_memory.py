"""Peak memory of a sync: its own process, the one that reads pages, and Milvus Lite.

python -m benchmarks.sync.peak_memory --json
python -m benchmarks.sync.peak_memory --json --random --copies 10
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.harness.bench_index import CORPUS, pages
from benchmarks.sync.made_up import RandomEmbedder
from ingest.loading.reading import read_apart
from ingest.sources import Downloads, parse_sources
from ingest.state.database import open_state
from ingest.state.ledger import Ledger
from ingest.sync import Indexer
from rag_core.factory import open_models, open_store
from rag_core.protocols import Embedder, VectorStore
from rag_core.settings import RagSettings
from rag_core.types import SCHEMA_VERSION

_CHECK_SECONDS = 0.02
_RANDOM_DIMENSION = 384  # the starter's
_MODULE = "benchmarks.sync.peak_memory"
_ROLES = {"reading_process": "reading", "milvus_lite": "milvus"}


def memory(
    *, corpus: Path = CORPUS, count: int | None = 40, copies: int = 1, random: bool = False
) -> dict[str, Any]:
    """Peak memory of a sync over a corpus against one over some of its pages, each of its own.

    Args:
        corpus: a zip of Markdown pages.
        count: pages of the small sync; None for a toy.
        copies: how many times the large sync has the corpus, each with a word of its own.
        random: random vectors in place of the starter's model.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        small = pages(folder, corpus=corpus, count=count, tiny=count is None)
        large = corpus if count else small
        if copies > 1:
            large = _multiply(large, folder / "copies.zip", copies)
        peaks = {
            "small": _watch(small, folder / "small", random=random),
            "large": _watch(large, folder / "large", random=random),
        }
    ratio = {
        part: round(peaks["large"][f"{part}_mb"] / peaks["small"][f"{part}_mb"], 2)
        for part in ("sync", "docent")
    }
    return {**peaks, "ratio": ratio, "copies": copies, "random": random}


def _multiply(corpus: Path, file: Path, copies: int) -> Path:
    """Write a corpus with copies of each page, in which each paragraph has a word of its own."""
    with (
        zipfile.ZipFile(corpus) as read,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as written,
    ):
        for name in read.namelist():
            data = read.read(name)
            for number in range(copies if name.endswith(".md") else 1):
                word = f"\n\nedition{number} ".encode()
                copy = data.replace(b"\n\n", word) if number else data
                written.writestr(f"copy{number}/{name}" if number else name, copy)
    return file


def _watch(source: Path, folder: Path, *, random: bool) -> dict[str, Any]:
    """Sync in a process of its own; return the most memory of each of its processes."""
    folder.mkdir()
    command = [sys.executable, "-m", _MODULE, "--sync", str(source), "--folder", str(folder)]
    started = time.perf_counter()
    process = subprocess.Popen(
        [*command, *(["--random"] if random else [])], stdout=subprocess.PIPE
    )
    peaks: dict[str, float] = {}
    while process.poll() is None:
        for part, size in _read_peaks(process.pid):
            peaks[part] = max(peaks.get(part, 0.0), size)
        time.sleep(_CHECK_SECONDS)
    output, _ = process.communicate()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    docent = peaks["sync"] + peaks.get("reading", 0.0)
    return {
        **json.loads(output),
        "seconds": round(time.perf_counter() - started, 1),
        "docent_mb": round(docent, 1),
        **{f"{part}_mb": round(size, 1) for part, size in sorted(peaks.items())},
    }


def _read_peaks(root: int) -> list[tuple[str, float]]:
    """Role and peak of each process that is at work."""
    found, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        place = Path(f"/proc/{pid}")
        try:
            tasks = [task.read_text() for task in place.glob("task/*/children")]
            command = (place / "cmdline").read_bytes().decode(errors="replace")
            status = (place / "status").read_text()
        except OSError:
            continue
        waiting += [int(child) for task in tasks for child in task.split()]
        high = next((line for line in status.splitlines() if line.startswith("VmHWM")), "")
        role = next((role for sign, role in _ROLES.items() if sign in command), "")
        role = role or ("sync" if pid == root else "")
        if high and role:
            found.append((role, int(high.split()[1]) / 1024))
    return found


def _sync(source: Path, folder: Path, *, random: bool) -> dict[str, Any]:
    """Sync in this process, as `docent index` does."""
    settings = RagSettings(
        _env_file=None,
        profile="starter",
        milvus_uri=str(folder / "milvus.db"),
        openai_api_key=None,
        openai_base_url=None,
    )
    store = open_store(settings, create=True)
    try:
        if random:
            return _run(store, RandomEmbedder(_RANDOM_DIMENSION), source, folder)
        models = open_models(settings)
        try:
            return _run(store, models.inference.indexing, source, folder)
        finally:
            models.close()
    finally:
        store.close()


def _run(store: VectorStore, embedder: Embedder, source: Path, folder: Path) -> dict[str, Any]:
    engine = open_state(f"sqlite:///{folder / 'state.sqlite'}")
    try:
        indexer = Indexer(
            store,
            embedder,
            Ledger(engine, index="docent"),
            Downloads(folder / "snapshots"),
            schema=SCHEMA_VERSION,
            read_documents=read_apart,
        )
        report = indexer.sync(parse_sources(str(source)))
    finally:
        engine.dispose()
    return {"documents": report.documents, "chunks": report.chunks}


def main(arguments: Sequence[str] | None = None) -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    parser.add_argument("--pages", type=int, default=40, help="of the small sync")
    parser.add_argument("--copies", type=int, default=1, help="of the corpus in the large sync")
    parser.add_argument("--random", action="store_true", help="random vectors, no model")
    parser.add_argument("--sync", type=Path, help="sync this source, and measure nothing")
    parser.add_argument("--folder", type=Path, help="of that sync")
    chosen = parser.parse_args(arguments)
    if chosen.sync:
        print(json.dumps(_sync(chosen.sync, chosen.folder, random=chosen.random)), flush=True)
        return
    found = memory(count=chosen.pages, copies=chosen.copies, random=chosen.random)
    print(json.dumps(found, indent=None if chosen.json else 2))


if __name__ == "__main__":
    main()
