"""A newcomer's wait: indexing a real documentation, then a warm `docent ask`.

    python -m benchmarks.first_answer --json

Runs the installed command in processes of its own with the starter profile, in a temporary folder.
The baseline of `ask_seconds` is `import torch` alone, timed in turns with it in the same run.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
CORPUS = ROOT.parent / "shared" / "corpus" / "milvus_docs_2.4.x_en.zip"
QUESTION = "How is data stored in milvus?"
WANTED = "Where does Milvus store data?"
REPEATS = 5


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="The only form there is.")
    parser.add_argument("--source", type=Path, default=CORPUS, help="What to index.")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(arguments.source, Path(folder)), indent=2))


def measure(source: Path, folder: Path) -> dict[str, Any]:
    """Index once, index again, ask in turns with the baseline."""
    indexed = _docent(folder, "index", str(source), "--json")
    again = _docent(folder, "index", str(source), "--json")
    asked, imports = [], []
    for _ in range(REPEATS):
        imports.append(_timed([sys.executable, "-c", "import torch"], folder)["seconds"])
        asked.append(_docent(folder, "ask", QUESTION, "--json"))
    timings = [run["output"]["timings"] for run in asked]
    found = [passage["headings"][-1:] for passage in asked[0]["output"]["passages"][:3]]
    return {
        "documents": indexed["output"]["documents"],
        "chunks": indexed["output"]["chunks"],
        "index_seconds": round(indexed["seconds"], 1),
        "unchanged_index_seconds": round(again["seconds"], 1),
        "ask_seconds": round(statistics.median(run["seconds"] for run in asked), 2),
        "import_torch_seconds": round(statistics.median(imports), 2),
        "retrieval_and_rerank_ms": round(
            statistics.median(t["embed_ms"] + t["search_ms"] + t["rerank_ms"] for t in timings)
        ),
        "wanted_section_in_top_3": [WANTED] in found,
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024),
    }


def _docent(folder: Path, *args: str) -> dict[str, Any]:
    return _timed([str(Path(sys.executable).with_name("docent")), *args], folder)


def _timed(command: list[str], folder: Path) -> dict[str, Any]:
    started = time.perf_counter()
    env = {name: value for name, value in os.environ.items() if not name.startswith("DOCENT_")}
    ended = subprocess.run(
        command,
        cwd=folder,
        env={**env, "DOCENT_PROFILE": "starter"},
        stdout=subprocess.PIPE,
        check=True,
    )
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "output": json.loads(ended.stdout) if ended.stdout else None}


if __name__ == "__main__":
    main()
