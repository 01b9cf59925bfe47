"""Retrieval quality by page: BM25, dense, both, both reranked, on the Milvus 2.4 documentation.

    python -m benchmarks.retrieval --json

Indexes the zip with the starter profile in a temporary folder, then asks the English questions of
`milvus_user_dev` in ../shared. A page counts at the rank of its first chunk; nDCG has linear gains.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

from ingest.factory import open_indexer, open_ledger
from ingest.settings import IngestSettings
from ingest.sources import parse_sources
from rag_core.factory import open_models, open_store
from rag_core.lexical import terms
from rag_core.rank import rank
from rag_core.retrieve import Fusion, fuse
from rag_core.settings import RagSettings
from rag_core.types import Chunk, Scope

SHARED = Path(__file__).parent.parent.parent / "shared"
CORPUS = SHARED / "corpus" / "milvus_docs_2.4.x_en.zip"
QUESTIONS = SHARED / "eval" / "milvus_user_dev"

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
        asked = _asker(store, models)
        scores: dict[str, list[tuple[float, bool]]] = defaultdict(list)
        for question, grades in _questions():
            for method, pages in asked(question).items():
                scores[method].append((_ndcg(pages, grades), _hit(pages, grades)))
    finally:
        models.close()
        store.close()
    return {"chunks": report.chunks} | {method: _summary(found) for method, found in scores.items()}


def _asker(store: Any, models: Any) -> Asked:
    live, lane, tuning = store.live(), models.inference.questions, models.tuning

    def asked(question: str) -> dict[str, list[str]]:
        vector = lane.embed_query(question)
        depth, everywhere = tuning.fusion.depth, Scope()
        dense = store.search_dense(live.collection, vector, limit=depth, scope=everywhere)
        words = terms(question)
        lexical = store.search_lexical(live.collection, words, limit=depth, scope=everywhere)
        fused = fuse(dense, lexical, tuning.fusion)
        ranked = rank(lane, question, fused, tuning.ranker)
        plain = Fusion(dense=tuning.fusion.dense, page=0.0)
        return {
            "bm25": _pages(hit.chunk for hit in lexical),
            "dense": _pages(hit.chunk for hit in dense),
            "fused": _pages(found.chunk for found in fuse(dense, lexical, plain)),
            "fused_with_page_evidence": _pages(found.chunk for found in fused),
            "reranked": _pages(passage.chunk for passage in ranked.passages),
        }

    return asked


def _questions() -> Iterable[tuple[str, Grades]]:
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
    return {
        "ndcg@10": round(mean(ndcg for ndcg, _ in found), 3),
        "hit@3": sum(hit for _, hit in found),
        "questions": len(found),
    }


if __name__ == "__main__":
    main()
