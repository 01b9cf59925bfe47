"""Retrieval quality by page: every method on every question set, and where the time goes.

    python -m benchmarks.retrieval --json

Indexes each documentation with the starter profile and asks its English questions. A page counts at
the rank of its first chunk. `--indexes FOLDER` keeps the indexes for the next run, and `--sets`
names the sets to ask.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.harness.question_sets import DOMAINS, FAQ, MULTILINGUAL, SCIFACT, OpenSet, open_set
from rag_core.evaluation.methods import ask_questions, group_by_stage
from rag_core.evaluation.report import summarise_retrieval

SETS = {each.name: each for each in (*DOMAINS, FAQ, SCIFACT, *MULTILINGUAL)}
_MEASURES = ("ndcg@10", "hit@3", "recall@5")


def main(argv: Sequence[str] | None = None) -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="The only form there is.")
    parser.add_argument("--indexes", type=Path, help="Folder that keeps the indexes.")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    chosen = parser.parse_args(argv)
    results = {}
    for name in chosen.sets:
        with open_set(SETS[name], chosen.indexes) as opened:
            results[name] = measure(opened)
    print(json.dumps(results, indent=2))


def measure(opened: OpenSet) -> dict[str, Any]:
    """Ask every question by every method."""
    outcomes = list(ask_questions(opened.judgements.questions, opened.target))
    methods, _worst = summarise_retrieval(outcomes, opened.judgements)
    milliseconds = {
        stage: round(median(values), 1) for stage, values in group_by_stage(outcomes).items()
    }
    return {
        "chunks": opened.target.store.count(opened.target.live.collection),
        "questions": len(outcomes),
        "methods": {
            method: {
                name: [round(value, 3) for value in (each.value, each.low, each.high)]
                for name, each in estimates.items()
                if name in _MEASURES
            }
            for method, estimates in methods.items()
        },
        "p50_ms": milliseconds,
    }


if __name__ == "__main__":
    main()
