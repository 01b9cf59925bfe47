"""docent's own share of a question: all but the models, Milvus and the LLM.

    python -m benchmarks.overhead --json

Ten thousand chunks with random vectors in Milvus Lite, models and an LLM that cost nothing; the
calls of pymilvus are timed and taken off. What is left is the pipeline: the worker's line, reading
rows as chunks, fusion, ranking, prompt and citations. The questions are asked twice: the first time
the vectors of many pages are read, afterwards they are remembered.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from numpy.typing import NDArray
from pymilvus import MilvusClient

from benchmarks.harness.bench_index import timed
from rag_core.factory import open_store
from rag_core.inference.lanes import InferenceWorker
from rag_core.pipeline import Pipeline
from rag_core.retrieval.fusion import FusionConfig
from rag_core.retrieval.rerank import RerankConfig
from rag_core.settings import RagSettings
from rag_core.tuning import Tuning
from rag_core.types import (
    SCHEMA_VERSION,
    Chunk,
    IndexSpec,
    Question,
    Turn,
    Vector,
    Vectors,
    hash_content,
)

DIMENSION = 384
CALLS = ("search", "query", "list_collections", "describe_alias", "describe_collection")
WORDS = ("vector", "segment", "query", "node", "index", "log", "shard", "replica", "cache", "role")
COLLECTION = "docent__v1"


class FreeModels:
    """Vectors, scores and an answer out of nothing."""

    model = "free"
    dimension = DIMENSION
    max_tokens = 256

    def __init__(self) -> None:
        self._random = np.random.default_rng(0)

    def embed_query(self, text: str) -> Vector:
        """Any direction."""
        return self.embed_passages([text])[0]

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """A direction for each."""
        vectors = self._random.normal(size=(len(texts), DIMENSION)).astype(np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Words."""
        return [len(text.split()) for text in texts]

    def rerank(self, query: str, passages: Sequence[str]) -> NDArray[np.float32]:  # noqa: ARG002
        """Any scores."""
        return self._random.random(len(passages), np.float32)

    def generate(
        self,
        system: str,  # noqa: ARG002
        turns: Sequence[Turn],  # noqa: ARG002
        *,
        patience: float | None = None,  # noqa: ARG002
    ) -> Iterator[str]:
        """A sentence with a citation, in pieces."""
        yield from ("Vectors ", "are ", "kept ", "in ", "segments ", "[1]", ".")


def measure(folder: Path, *, chunks: int, questions: int) -> dict[str, Any]:
    """Ask, and take off what pymilvus took."""
    models = FreeModels()
    settings = RagSettings(_env_file=None, milvus_uri=str(folder / "milvus.db"))
    store = open_store(settings, create=True)
    inference = InferenceWorker(models, models)
    try:
        store.create(COLLECTION, IndexSpec(models.model, DIMENSION, "-", SCHEMA_VERSION, "-"))
        made = list(_chunks(chunks))
        store.insert(COLLECTION, made, models.embed_passages([chunk.text for chunk in made]))
        store.seal(COLLECTION)
        store.switch(COLLECTION)
        pipeline = Pipeline(
            embedder=inference.questions,
            reranker=inference.questions,
            store=store,
            generator=models,
            tuning=Tuning(FusionConfig(), RerankConfig(depth=10, weight=1.0)),
            hold_slot=inference.hold_slot,
        )
        first = [_ask(pipeline, number) for number in range(questions + 3)][3:]
        again = [_ask(pipeline, number) for number in range(3, questions + 3)]
    finally:
        inference.close()
        store.close()
    return {
        "chunks": chunks,
        "questions": questions,
        "pages_read": _medians(first),
        "pages_remembered": _medians(again),
    }


def _medians(rows: Sequence[tuple[float, float]]) -> dict[str, float]:
    own, milvus = zip(*rows, strict=True)
    return {
        "own_p50_ms": round(statistics.median(own) * 1000, 2),
        "milvus_p50_ms": round(statistics.median(milvus) * 1000, 2),
    }


def _ask(pipeline: Pipeline, number: int) -> tuple[float, float]:
    """Seconds of docent's own, and of Milvus."""
    question = Question(f"Where is the {' '.join(_words(random.Random(-number), 6))}?")
    with _timed_calls() as taken:
        total = timed(lambda: pipeline.answer(question))
    return total - sum(taken), sum(taken)


@contextlib.contextmanager
def _timed_calls() -> Iterator[list[float]]:
    taken: list[float] = []

    def timing(call: Callable[..., Any]) -> Callable[..., Any]:
        def timed_call(*args: Any, **kwargs: Any) -> Any:
            started = time.perf_counter()
            try:
                return call(*args, **kwargs)
            finally:
                taken.append(time.perf_counter() - started)

        return timed_call

    patches = {name: timing(getattr(MilvusClient, name)) for name in CALLS}
    with mock.patch.multiple(MilvusClient, **patches):
        yield taken


def _chunks(count: int) -> Iterator[Chunk]:
    chance = random.Random(0)
    for number in range(count):
        path, text = f"part{number // 20}.md", f"{number}: {' '.join(_words(chance, 110))}."
        key = hash_content(path, text)
        url = f"https://docs.example/{path}"
        yield Chunk(key, "docs", path, url, f"Part {number // 20}", ("How",), number % 20, text)


def _words(chance: random.Random, count: int) -> list[str]:
    return [f"{chance.choice(WORDS)}{chance.randrange(200)}" for _ in range(count)]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    parser.add_argument("--chunks", type=int, default=10_000)
    parser.add_argument("--questions", type=int, default=50)
    parser.add_argument("--tiny", action="store_true", help="a toy, to try the benchmark")
    chosen = parser.parse_args(arguments)
    chunks, questions = (50, 2) if chosen.tiny else (chosen.chunks, chosen.questions)
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder), chunks=chunks, questions=questions)
    print(json.dumps(found, indent=None if chosen.json else 2))


if __name__ == "__main__":
    main()
