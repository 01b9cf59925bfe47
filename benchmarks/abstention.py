"""Fit when the starter refuses, and measure the fit on questions left out.

    python -m benchmarks.abstention --json

Indexes the Milvus 2.4 documentation with the starter profile (or asks the index at `--uri`). With
an answer: `milvus_user_dev` and the headings of the FAQ. Without: the questions about another
product beside `milvus_user_dev`, and `near_domain.jsonl` here, which are about Milvus and its
neighbours, and which the pages do not answer. The numbers of `rag_core/retrieval/calibration.py`
are from it.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from ingest.factory import open_indexer, open_ledger
from ingest.settings import IngestSettings
from ingest.sources import parse_sources
from rag_core.evaluation.files import read_questions
from rag_core.evaluation.fit import cross_validate, fit_abstention
from rag_core.evaluation.methods import EvaluationTarget, ask_questions
from rag_core.evaluation.metrics import compute_auroc, compute_refusals
from rag_core.factory import open_models, open_store
from rag_core.retrieval.abstention import ENOUGH_CHUNKS, Abstention, Signals
from rag_core.settings import RagSettings

HERE = Path(__file__).parent
SHARED = HERE.parent.parent / "shared"
CORPUS = SHARED / "corpus" / "milvus_docs_2.4.x_en.zip"
EVAL = SHARED / "eval"
ANSWERABLE = {
    "milvus_user_dev": EVAL / "milvus_user_dev" / "queries.jsonl",
    "milvus_faq": EVAL / "milvus_faq" / "queries.jsonl",
}
UNANSWERABLE = {
    "out_of_corpus": EVAL / "milvus_user_dev" / "out_of_corpus.jsonl",
    "near_domain": HERE / "near_domain.jsonl",
}

Told = dict[str, list[Signals]]


def main(argv: Sequence[str] | None = None) -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="The only form there is.")
    parser.add_argument("--uri", help="Milvus Lite directory of an index that is there already.")
    chosen = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        uri = chosen.uri or str(Path(folder) / "milvus.db")
        settings = RagSettings.load(profile="starter", milvus_uri=uri)
        told = ask(settings, index=not chosen.uri)
    print(json.dumps(measure(told), indent=2))


def ask(settings: RagSettings, *, index: bool) -> Told:
    """The signals of every question, by the name of its set."""
    store, models = open_store(settings, create=index), open_models(settings)
    try:
        if index:
            _index(settings.milvus_uri, store, models.inference.indexing)
        lane, live = models.inference.questions, store.read_live_index()
        assert live is not None
        parts = EvaluationTarget(store, live, lane, lane, models.tuning)
        return {
            name: [one.signals for one in ask_questions(read_questions(path), parts) if one.signals]
            for name, path in (ANSWERABLE | UNANSWERABLE).items()
        }
    finally:
        models.close()
        store.close()


def _index(uri: str, store: Any, embedder: Any) -> None:
    state = Path(uri).with_suffix(".sqlite")
    settings = IngestSettings.load(milvus_uri=uri, state_url=f"sqlite:///{state}")
    ledger = open_ledger(settings)
    indexer = open_indexer(settings, store=store, embedder=embedder, ledger=ledger)
    indexer.sync(parse_sources(str(CORPUS)))


def measure(told: Told) -> dict[str, Any]:
    """Measure how well fits that have not seen a question tell the sets apart, and fit all."""
    yes = [one for name in ANSWERABLE for one in told[name]]
    no = [one for name in UNANSWERABLE for one in told[name]]
    fitted = fit_abstention(yes, no)
    # Other documentation than this is asked too, and a wrong refusal is worse than a quotation.
    decision = replace(fitted, threshold=round(fitted.threshold / 2, 4), fewest=ENOUGH_CHUNKS)
    scores = _by_set(told, *cross_validate(yes, no))
    dev, other = told["milvus_user_dev"], told["out_of_corpus"]
    alone = cross_validate(dev, other)
    return {
        "fitted": asdict(fitted),
        "decision": asdict(decision),
        "milvus_user_dev_alone": _apart(*alone),
        "fitted_on_all": {
            name: _apart(scores["milvus_user_dev"], scores[name]) for name in UNANSWERABLE
        },
        "decision_refuses": {name: _refused(decision, found) for name, found in told.items()},
        "means": {name: _means(found) for name, found in told.items()},
    }


def _by_set(told: Told, yes: list[float], no: list[float]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for names, scores in ((ANSWERABLE, yes), (UNANSWERABLE, no)):
        start = 0
        for name in names:
            found[name] = scores[start : start + len(told[name])]
            start += len(told[name])
    return found


def _apart(yes: Sequence[float], no: Sequence[float]) -> dict[str, Any]:
    table = {f"{row.false:.0%}": _rounded(row.refused) for row in compute_refusals(yes, no)}
    return {"auroc": _rounded(compute_auroc(yes, no)), "refused_at_false_refusals": table}


def _rounded(estimate: Any) -> dict[str, float]:
    return {name: round(value, 3) for name, value in asdict(estimate).items()}


def _refused(decision: Abstention, found: Sequence[Signals]) -> str:
    return f"{sum(map(decision.should_refuse, found))} of {len(found)}"


def _means(found: Sequence[Signals]) -> list[float]:
    return [
        round(sum(column) / len(found), 3)
        for column in zip(*(one.values for one in found), strict=True)
    ]


if __name__ == "__main__":
    main()
