"""Passages for the LLM, by how many of a page go first: breadth against depth.

    python -m benchmarks.selection --json

Breadth: of the pages that answer the English questions of `milvus_user_dev`, how many are among the
five passages. Depth: of the chunks of a section that was divided, asked for by its headings, how
many are.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from statistics import mean
from typing import Any

from benchmarks.harness.bench_index import BenchIndex
from benchmarks.harness.question_sets import MILVUS_CORPUS, Grades, list_milvus_questions
from rag_core.pipeline import Pipeline
from rag_core.retrieval.diversify import select_diverse
from rag_core.types import Chunk, Passage, Question

PASSAGES = 5
SECTIONS = 120
DEPTH = 100

Ranked = Sequence[Passage]


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="The only form there is.")
    parser.parse_args()
    with BenchIndex.open() as bench:
        bench.index(MILVUS_CORPUS)
        live = bench.store.read_live_index()
        chunks = list(bench.store.read_chunks(live.collection)) if live else []
        print(json.dumps(measure(bench.pipeline, list_milvus_questions(), chunks), indent=2))


def measure(
    pipeline: Pipeline, questions: Iterable[tuple[str, Grades]], chunks: Iterable[Chunk]
) -> dict[str, Any]:
    """Breadth and depth for each number of passages that a page may have first."""
    by_page = [(_ranked(pipeline, text), grades) for text, grades in questions]
    by_section = [(_ranked(pipeline, text), ids) for text, ids in _sections(chunks)]
    return {
        str(count): {
            "breadth": round(mean(_breadth(_read(found, count), g) for found, g in by_page), 3),
            "depth": round(mean(_depth(_read(found, count), ids) for found, ids in by_section), 3),
        }
        for count in range(1, PASSAGES + 1)
    }


def _ranked(pipeline: Pipeline, text: str) -> Ranked:
    return pipeline.rank_all(Question(text))[:DEPTH]


def _read(found: Ranked, per_page: int) -> Ranked:
    return select_diverse(found, limit=PASSAGES, per_page=per_page)


def _breadth(read: Ranked, grades: Grades) -> float:
    pages = {passage.chunk.path.removeprefix("en/") for passage in read}
    return len(pages & set(grades)) / min(len(grades), PASSAGES)


def _depth(read: Ranked, ids: set[str]) -> float:
    return len({passage.chunk.id for passage in read} & ids) / len(ids)


def _sections(chunks: Iterable[Chunk]) -> list[tuple[str, set[str]]]:
    """Some sections of two to four chunks: what is asked, and the chunks."""
    sections: dict[tuple[str, str], set[str]] = defaultdict(set)
    for chunk in chunks:
        sections[chunk.path, chunk.heading_path].add(chunk.id)
    divided = sorted(key for key, ids in sections.items() if 2 <= len(ids) <= 4)
    random.Random(0).shuffle(divided)
    return [(key[1].replace(" > ", " "), sections[key]) for key in divided[:SECTIONS]]


if __name__ == "__main__":
    main()
