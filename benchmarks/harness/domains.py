"""The three documentations that questions are asked of, each in an index of its own."""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.harness.question_sets import SHARED, open_corpus
from rag_core.factory import Models
from rag_core.pipeline import Pipeline
from rag_core.protocols import VectorStore

CORPORA = {
    "milvus": "milvus_docs_2.4.x_en.zip",
    "fastapi": "fastapi_docs_2026-08-19.zip",
    "ray": "ray_docs_2023-09-04.zip",
}
QUESTIONS = {"milvus": "milvus_user_dev", "fastapi": "fastapi_dev", "ray": "ray_dev"}
_PREFIXES = ("docs/en/docs/", "en/")


@dataclass(frozen=True)
class Domain:
    """One documentation with an open docent of the starter profile, without an LLM."""

    name: str
    store: VectorStore
    models: Models
    pipeline: Pipeline


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of a benchmark over these indexes."""
    parser.add_argument("--json", action="store_true", help="The only form there is.")
    parser.add_argument("--indexes", type=Path, help="Folder that keeps the indexes.")


@contextmanager
def open_domain(name: str, keep: Path | None = None) -> Iterator[Domain]:
    """Open an index of a documentation; build it if it is not in the folder yet."""
    with open_corpus(name, f"corpus/{CORPORA[name]}", keep) as bench:
        yield Domain(name, bench.store, bench.models, bench.pipeline)


def shorten(path: str) -> str:
    """The path of a page as the judgements have it."""
    for prefix in _PREFIXES:
        path = path.removeprefix(prefix)
    return path


def dev_questions(name: str) -> list[tuple[str, dict[str, int]]]:
    """The English questions of a development set, with the grades of their pages."""
    folder = SHARED / "eval" / QUESTIONS[name]
    grades: dict[str, dict[str, int]] = defaultdict(dict)
    for line in (folder / "qrels.tsv").read_text().splitlines()[1:]:
        question, page, grade = line.split("\t")
        grades[question][shorten(page)] = int(grade)
    queries = map(json.loads, (folder / "queries.jsonl").read_text().splitlines())
    return [(q["text"], grades[q["_id"]]) for q in queries if q["lang"] == "en"]


@dataclass(frozen=True)
class Example:
    """Signals of one case, what is right (1 or 0), its domain, and how much it counts."""

    signals: tuple[float, ...]
    label: int
    domain: str
    weight: float = 1.0


def fit_logistic(examples: Sequence[Example], *, strength: float = 1.0) -> dict[str, object]:
    """Weights and bias over all examples, and the AUROC with each domain left out."""
    rows = np.array([each.signals for each in examples], float)
    labels = np.array([each.label for each in examples])
    counts = np.array([each.weight for each in examples])
    domains = np.array([each.domain for each in examples])
    left_out = np.zeros(len(labels))
    for domain in sorted(set(domains)):
        seen = domains != domain
        weights, bias = _fit(rows[seen], labels[seen], counts[seen], strength)
        left_out[~seen] = rows[~seen] @ weights + bias
    weights, bias = _fit(rows, labels, counts, strength)
    return {
        "examples": len(examples),
        "weights": [round(float(weight), 3) for weight in weights],
        "bias": round(bias, 3),
        "auroc_domain_left_out": round(_auroc(left_out, labels), 3),
        "right_domain_left_out": round(float(np.mean((left_out > 0) == (labels == 1))), 3),
    }


def _fit(
    rows: NDArray[np.float64],
    labels: NDArray[np.int64],
    counts: NDArray[np.float64],
    strength: float,
) -> tuple[NDArray[np.float64], float]:
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(rows)
    model = LogisticRegression(C=strength, max_iter=2_000)
    model.fit(scaler.transform(rows), labels, sample_weight=counts)
    weights = model.coef_[0] / scaler.scale_
    return weights, float(model.intercept_[0] - (weights * scaler.mean_).sum())


def _auroc(scores: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(labels, scores))
