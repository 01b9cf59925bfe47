"""Two weeks of changes with docent, LlamaIndex's docstore and LangChain's indexing API, in turns.

    pip install --target PEERS llama-index-core langchain-classic langchain-milvus
    pip install --target PEERS-MILVUS --no-deps llama-index-vector-stores-milvus
    python -m benchmarks.peers --json --peers PEERS PEERS-MILVUS

The second line is apart since that package asks for an older pymilvus, though it runs with docent's
own. Each writes to a Milvus Lite of its own, with docent's starter model, loaded beforehand, and
chunks of at most 250 of its tokens. LlamaIndex's docstore stays in memory, which spares it the
writing to disk. Each edition after the first changes the same pages in turns, and the peers follow
one another within it, so that a slow minute hits all of them.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from benchmarks.harness.bench_index import BenchIndex
from benchmarks.harness.editions import edit_one_page, write_edition

NAMES = ("llama_index", "langchain")
ROOT = Path(__file__).parents[2]


class PeerProcess:
    """A peer in a process of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    @classmethod
    @contextmanager
    def start(cls, name: str, folder: Path, sites: Sequence[Path]) -> Iterator[PeerProcess]:
        """The process, for the time of a `with` block."""
        folder.mkdir()
        found = os.pathsep.join(map(str, (ROOT, *(site.resolve() for site in sites))))
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.peers.worker", name, str(folder)],
            env={**os.environ, "PYTHONPATH": found, "GOMP_SPINCOUNT": "10000"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        with process:
            yield cls(process)

    def update(self, archive: Path) -> dict[str, float]:
        """Bring it to an archive; return seconds, and how many texts were embedded."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(f"{archive}\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            answer = ""
        else:
            answer = self._process.stdout.readline()
        if not answer:
            raise SystemExit("A peer has ended: the lines above say why.")
        found: dict[str, float] = json.loads(answer)
        return found


def compare_peers(
    old: Path, later: Path, *, sites: Sequence[Path], repeats: int = 3
) -> dict[str, Any]:
    """Update all three from edition to edition."""
    with ExitStack() as opened:
        bench = opened.enter_context(BenchIndex.open())
        live, edition = bench.folder / "docs.zip", bench.folder / "edition.zip"
        peers = {
            name: opened.enter_context(PeerProcess.start(name, bench.folder / name, sites))
            for name in NAMES
        }

        def update_docent() -> dict[str, float]:
            edition.replace(live)
            report = bench.index(live)
            return {"seconds": round(report.seconds, 2), "embedded": report.embedded}

        edit_one_page(live, old)
        bench.index(live)  # so that the index has its two collections
        rows: dict[str, list[dict[str, float]]] = {}
        for number in range(repeats + 1):
            write_edition(edition, old, later, number)
            for name, peer in peers.items():
                rows.setdefault(name, []).append(peer.update(edition))
            rows.setdefault("docent", []).append(update_docent())
    seconds = {
        name: round(statistics.median(row["seconds"] for row in found[1:]), 2)
        for name, found in rows.items()
    }
    quicker = min(seconds[name] for name in NAMES)
    return {
        "seconds": seconds,
        "updates": {name: found[1:] for name, found in rows.items()},
        "builds": {name: rows[name][0] for name in NAMES},
        "of_the_quicker": round(seconds["docent"] / quicker, 3),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Print one JSON object."""
    from benchmarks.sync.__main__ import LATER, OLD

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    parser.add_argument("--peers", nargs="+", type=Path, required=True, help="where they are")
    parser.add_argument("--repeats", type=int, default=3, help="updates after the build")
    chosen = parser.parse_args(arguments)
    found = compare_peers(OLD, LATER, sites=chosen.peers, repeats=chosen.repeats)
    print(json.dumps(found, indent=None if chosen.json else 2))


if __name__ == "__main__":
    main()
