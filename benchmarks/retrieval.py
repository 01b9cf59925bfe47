"""Retrieval quality by page: BM25, dense, both, both reranked, on the Milvus 2.4 documentation.

    python -m benchmarks.retrieval --json

Indexes the zip with the starter profile in a temporary folder, then asks the English questions of
`milvus_user_dev` in ../shared. A page counts at the rank of its first chunk; nDCG has linear gains.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from statistics import mean, median
from typing import Any

from ingest.factory import open_indexer, open_ledger
from ingest.settings import IngestSettings
from ingest.sources import parse_sources
from rag_core.factory import open_models, open_store
from rag_core.retrieval.hybrid_search import fuse, retrieve
from rag_core.retrieval.rerank import rerank_candidates
from rag_core.settings import RagSettings
from rag_core.types import Chunk, Question

SHARED = Path(__file__).parent.parent.parent / "shared"
CORPUS = SHARED / "corpus" / "milvus_docs_2.4.x_en.zip"
QUESTIONS = SHARED / "eval" / "milvus_user_dev"

_RESAMPLES = 2_000
"""Of the bootstrap, for an interval of 95 %."""

Grades = dict[str, int]
Asked = Callable[[str], dict[str, list[str]]]


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="The only form there is.")
    parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(Path(folder)), indent=2))


def measure(folder: Path) -> dict[str, Any]:
    """Index, ask every question in every way, and score the pages."""
    uri = str(folder / "milvus.db")
    settings = RagSettings.load(profile="starter", milvus_uri=uri)
    ingest = IngestSettings.load(milvus_uri=uri, state_url=f"sqlite:///{folder / 'state.sqlite'}")
    store, models = open_store(settings, create=True), open_models(settings)
    try:
        lane, ledger = models.inference.indexing, open_ledger(ingest)
        indexer = open_indexer(ingest, store=store, embedder=lane, ledger=ledger)
        report = indexer.sync(parse_sources(str(CORPUS)))
        milliseconds: list[list[float]] = []
        asked = _asker(store, models, milliseconds)
        asked("A first search reads the index from disk.")
        milliseconds.clear()
        scores: dict[str, list[tuple[float, bool]]] = defaultdict(list)
        for question, grades in asked_in_english():
            for method, pages in asked(question).items():
                scores[method].append((_ndcg(pages, grades), _hit(pages, grades)))
    finally:
        models.close()
        store.close()
    retrieval, reranking = zip(*milliseconds, strict=True)
    return {
        "chunks": report.chunks,
        **{method: _summary(found) for method, found in scores.items()},
        "p50_ms": {
            "retrieval": round(median(retrieval)),
            "rerank": round(median(reranking)),
            "both": round(median(map(sum, milliseconds))),
        },
    }


def _asker(store: Any, models: Any, milliseconds: list[list[float]]) -> Asked:
    live, lane, tuning = store.live(), models.inference.questions, models.tuning

    def asked(question: str) -> dict[str, list[str]]:
        started = time.perf_counter()
        vector = lane.embed_query(question)
        found = retrieve(store, live, Question(question), vector, tuning.fusion)
        searched = time.perf_counter()
        ranked = rerank_candidates(lane, question, found.candidates, tuning.ranker)
        milliseconds.append([1000 * (searched - started), 1000 * (time.perf_counter() - searched)])
        fused = fuse(found.dense_hits, found.lexical_hits, tuning.fusion)
        return {
            "bm25": _pages(hit.chunk for hit in found.lexical_hits),
            "dense": _pages(hit.chunk for hit in found.dense_hits),
            "fused": _pages(candidate.chunk for candidate in fused),
            "fused_with_pages": _pages(candidate.chunk for candidate in found.candidates),
            "reranked": _pages(passage.chunk for passage in ranked.passages),
        }

    return asked


def asked_in_english() -> Iterable[tuple[str, Grades]]:
    """The English questions of the set, with the grades of their pages."""
    grades: dict[str, Grades] = defaultdict(dict)
    for line in (QUESTIONS / "qrels.tsv").read_text().splitlines()[1:]:
        question, page, grade = line.split("\t")
        grades[question][page] = int(grade)
    for line in (QUESTIONS / "queries.jsonl").read_text().splitlines():
        query = json.loads(line)
        if query["lang"] == "en":
            yield query["text"], grades[query["_id"]]


def _pages(chunks: Iterable[Chunk]) -> list[str]:
    return list(dict.fromkeys(chunk.path.removeprefix("en/") for chunk in chunks))


def _ndcg(pages: Sequence[str], grades: Grades, depth: int = 10) -> float:
    def gain(found: Sequence[int]) -> float:
        return sum(grade / math.log2(rank + 2) for rank, grade in enumerate(found[:depth]))

    best = sorted(grades.values(), reverse=True)
    return gain([grades.get(page, 0) for page in pages]) / gain(best)


def _hit(pages: Sequence[str], grades: Grades, depth: int = 3) -> bool:
    return any(page in grades for page in pages[:depth])


def _summary(found: Sequence[tuple[float, bool]]) -> dict[str, Any]:
    gains = [ndcg for ndcg, _ in found]
    draws = random.Random(0)  # the same interval in every run
    means = sorted(mean(draws.choices(gains, k=len(gains))) for _ in range(_RESAMPLES))
    return {
        "ndcg@10": round(mean(gains), 3),
        "interval": [round(means[int(_RESAMPLES * at)], 3) for at in (0.025, 0.975)],
        "hit@3": sum(hit for _, hit in found),
        "questions": len(found),
    }


if __name__ == "__main__":
    main()
