"""The searches of a question on Milvus Lite, with stored means of pages and without.

    python -m benchmarks.page_means --json
    python -m benchmarks.page_means --json --chunks 100000

Pages of ten chunks with random vectors of 384 dimensions and random words, without a model. Each
question is a random vector and six of the words, and its best twenty pages are compared: by their
stored means, and in the same run by all of their chunks, as it is done where no means are stored.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness.bench_index import timed
from rag_core.index.bm25_tokens import build_query_terms
from rag_core.index.milvus import MilvusStore
from rag_core.retrieval.fusion import FusionConfig, choose_pages
from rag_core.settings import RagSettings
from rag_core.types import SCHEMA_VERSION, Chunk, IndexSpec, Scope, Vectors, hash_content

_NAME = "docent__v1"
_DIMENSION, _PAGE, _WORDS = 384, 10, 120
_VOCABULARY = [
    f"{start}{number}" for start in ("baked", "mineso", "vupaq") for number in range(999)
]
_NEARNESS = 0.6  # of a page's chunks to each other
_PAGES_AT_ONCE = 50


def main(argv: Sequence[str] | None = None) -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="The only form there is.")
    parser.add_argument("--chunks", type=int, nargs="+", default=[1_000, 10_000])
    parser.add_argument("--questions", type=int, default=10)
    chosen = parser.parse_args(argv)
    print(json.dumps([measure(each, questions=chosen.questions) for each in chosen.chunks]))


def measure(chunks: int, *, questions: int) -> dict[str, Any]:
    """Build an index of so many chunks, and time each search of some questions."""
    with tempfile.TemporaryDirectory() as folder:
        settings = RagSettings(_env_file=None, milvus_uri=str(Path(folder) / "milvus.db"))
        store = MilvusStore.open(settings)
        try:
            chance, numbers = random.Random(0), np.random.default_rng(0)
            build(store, chunks // _PAGE, chance, numbers)
            found = [ask(store, chance, numbers) for _ in range(questions + 1)][1:]
            medians = {key: statistics.median(each[key] for each in found) for key in found[0]}
            return {
                "chunks": store.count(_NAME),
                **{
                    key: round(value, 1 if key.endswith("_ms") else 9)
                    for key, value in medians.items()
                },
            }
        finally:
            store.close()


def build(
    store: MilvusStore, pages: int, chance: random.Random, numbers: np.random.Generator
) -> None:
    """Write the pages."""
    store.create(_NAME, IndexSpec("random", _DIMENSION, "1", SCHEMA_VERSION, ""))
    for start in range(0, pages, _PAGES_AT_ONCE):
        paths = [
            f"folder/{number}.md" for number in range(start, min(start + _PAGES_AT_ONCE, pages))
        ]
        written = [_make_chunk(path, place, chance) for path in paths for place in range(_PAGE)]
        centres = np.repeat(_draw(len(paths), numbers), _PAGE, axis=0)
        vectors = _draw(len(written), numbers) * (1 - _NEARNESS) + centres * _NEARNESS
        store.insert(_NAME, written, _normalise(vectors))
    store.seal(_NAME)


def ask(
    store: MilvusStore, chance: random.Random, numbers: np.random.Generator
) -> dict[str, float]:
    """Milliseconds of each search of a question, and the rows that come."""
    fusion, [vector] = FusionConfig(), _draw(1, numbers)
    terms = build_query_terms(" ".join(chance.choices(_VOCABULARY, k=6)))
    dense, dense_ms = _time(
        lambda: store.search_dense(_NAME, vector, limit=fusion.depth, scope=Scope())
    )
    lexical, lexical_ms = _time(
        lambda: store.search_lexical(_NAME, terms, limit=fusion.depth, scope=Scope())
    )
    pages = choose_pages(dense, lexical, fusion.pages)
    means, means_ms = _time(lambda: store.score_pages(_NAME, vector, pages))
    by_chunk, chunks_ms = _time(lambda: store.compare_chunks(_NAME, vector, pages))
    return {
        "dense_ms": dense_ms,
        "bm25_ms": lexical_ms,
        "pages_by_mean_ms": means_ms,
        "pages_by_chunk_ms": chunks_ms,
        "rows_by_mean": len(pages),
        "rows_by_chunk": _PAGE * len(pages),
        "largest_difference": max(abs(means[page] - by_chunk[page]) for page in pages),
    }


def _time(call: Any) -> tuple[Any, float]:
    results: list[Any] = []
    seconds = timed(lambda: results.append(call()))
    return results[0], seconds * 1000


def _make_chunk(path: str, place: int, chance: random.Random) -> Chunk:
    text = " ".join(chance.choices(_VOCABULARY, k=_WORDS))
    return Chunk(hash_content(path, str(place)), "docs", path, "", "Page", (), place, text)


def _draw(count: int, numbers: np.random.Generator) -> Vectors:
    return _normalise(numbers.standard_normal((count, _DIMENSION)))


def _normalise(vectors: Any) -> Vectors:
    scaled: Vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return scaled


if __name__ == "__main__":
    main()
