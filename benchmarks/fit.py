"""Fit the fusion and the starter's refusals over three documentations, each left out once.

    python -m benchmarks.fit --json

Indexes the documentation of Milvus 2.4, FastAPI and Ray with the starter profile (`--indexes
FOLDER` keeps the indexes) and asks each its own users' questions, headings of its sections and
pasted lines of its code. Questions without an answer are the users' questions of the other
documentations, those about another product beside `milvus_user_dev`, and `near_domain.jsonl`
here. `fitted` has the numbers of `rag_core/retrieval/fitted.py`; each row of `left_out` is of a fit
that has not seen that documentation.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import mean
from typing import Any

from benchmarks.harness.drawn_questions import draw_headings, draw_pastes
from benchmarks.harness.question_sets import DOMAINS, FAQ, SHARED, OpenSet, open_set
from rag_core.evaluation.files import EvaluationQuestion, read_questions
from rag_core.evaluation.fit import fit_abstention
from rag_core.evaluation.fusion_fit import JudgedEvidence, fit_weights, judge_evidence, rank_names
from rag_core.evaluation.judgements import Judgements
from rag_core.evaluation.methods import EvaluationTarget, QuestionOutcome, ask_questions
from rag_core.evaluation.metrics import compute_auroc, compute_measures, estimate_mean
from rag_core.retrieval.abstention import Abstention, Signals
from rag_core.retrieval.fusion import FusionConfig

_NEAR = Path(__file__).parent / "near_domain.jsonl"
_OUT = SHARED / "eval" / "milvus_user_dev" / "out_of_corpus.jsonl"
_REFUSING = ("cosine", "rerank")
"""Signals of the shipped refusals. The others say less about a documentation that the fit has not
seen: the words that it happens not to use differ."""

_WEIGHTS = {"users": 1.0, "headings": 0.15, "pastes": 0.15}
_FREE = 1e-4
"""Draws a fit of all questions hardly towards the weights before it."""


@dataclass
class DomainData:
    """The outcomes of one documentation.

    Attributes:
        judgements: by kind of question.
        evidence: by kind of question.
        signals: by name: `yes`, `no`, and for Milvus `faq` and `near`.
    """

    judgements: dict[str, Judgements] = field(default_factory=dict)
    evidence: dict[str, list[JudgedEvidence]] = field(default_factory=dict)
    signals: dict[str, list[Signals]] = field(default_factory=dict)


def main(argv: Sequence[str] | None = None) -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="The only form there is.")
    parser.add_argument("--indexes", type=Path, help="Folder that keeps the indexes.")
    chosen = parser.parse_args(argv)
    data = {}
    for domain in DOMAINS:
        with open_set(domain, chosen.indexes) as opened:
            data[domain.name] = ask_domain(domain.name, opened)
    print(
        json.dumps({"fusion": measure_fusion(data), "refusals": measure_refusals(data)}, indent=2)
    )


def ask_domain(name: str, opened: OpenSet) -> DomainData:
    """Ask a documentation all questions."""
    target, data = opened.target, DomainData()
    chunks = list(target.store.read_chunks(target.live.collection))
    kinds = {
        "users": opened.judgements,
        "headings": draw_headings(chunks),
        "pastes": draw_pastes(chunks),
    }
    for kind, judgements in kinds.items():
        outcomes = list(ask_questions(judgements.questions, target, compare=False))
        data.judgements[kind] = judgements
        data.evidence[kind] = [_judge(each, judgements, _WEIGHTS[kind]) for each in outcomes]
        if kind == "users":
            data.signals["yes"] = _collect_signals(outcomes)
    for label, questions in _list_other_questions(name).items():
        data.signals[label] = _ask_signals(questions, target)
    return data


def _list_other_questions(name: str) -> dict[str, Sequence[EvaluationQuestion]]:
    """Questions that the documentation has no answer to, and for Milvus two sets more."""
    faq = read_questions(SHARED / FAQ.queries)
    foreign = [
        question
        for domain in DOMAINS
        # Of Milvus, Ray's users have asked those of `out_of_corpus`.
        if domain.name not in (name, "ray" if name == "milvus" else "")
        for question in read_questions(SHARED / domain.queries)
        if question.language == "en"
    ]
    if name == "milvus":
        return {"no": [*read_questions(_OUT), *foreign], "faq": faq, "near": read_questions(_NEAR)}
    return {"no": [*foreign, *faq]}


def _ask_signals(
    questions: Sequence[EvaluationQuestion], target: EvaluationTarget
) -> list[Signals]:
    return _collect_signals(ask_questions(questions, target, compare=False))


def _collect_signals(outcomes: Any) -> list[Signals]:
    return [each.signals for each in outcomes if each.signals]


def _judge(outcome: QuestionOutcome, judgements: Judgements, weight: float) -> JudgedEvidence:
    return judge_evidence(outcome.question.id, outcome.evidence, judgements, weight=weight)


def measure_fusion(data: Mapping[str, DomainData]) -> dict[str, Any]:
    """Fit all documentations, and measure fits that have not seen one of them."""
    left_out = {name: _rank_domain(data[name], _fit(data, without=name)) for name in data}
    seen = {name: _rank_domain(data[name], _fit(data)) for name in data}
    fitted = _fit(data)
    return {
        "fitted": {"weights": fitted.weights, "bias": fitted.bias},
        "left_out": left_out,
        "seen": seen,
        "mean_of_users": {
            "left_out": round(mean(each["users"][0] for each in left_out.values()), 3),
            "seen": round(mean(each["users"][0] for each in seen.values()), 3),
        },
    }


def _fit(data: Mapping[str, DomainData], *, without: str = "") -> FusionConfig:
    judged = []
    for name, domain in data.items():
        if name == without:
            continue
        for found in domain.evidence.values():
            # Each documentation counts as one, however many questions it has.
            judged += [
                JudgedEvidence(each.key, each.evidence, each.relevant, each.weight / len(found))
                for each in found
            ]
    return fit_weights(judged, FusionConfig(), draw=_FREE)


def _rank_domain(data: DomainData, fusion: FusionConfig) -> dict[str, list[float]]:
    """nDCG@10 with its interval, by kind of question."""
    results = {}
    for kind, judged in data.evidence.items():
        judgements = data.judgements[kind]
        rankings = {each.key: rank_names(each.evidence, fusion, judgements) for each in judged}
        values = list(compute_measures(rankings, judgements.grades)["nDCG@10"].values())
        estimate = estimate_mean(values)
        results[kind] = [round(each, 3) for each in (estimate.value, estimate.low, estimate.high)]
    return results


def measure_refusals(data: Mapping[str, DomainData]) -> dict[str, Any]:
    """Fit refusals to all documentations, and measure fits that have not seen one of them."""
    decision = _fit_refusals(data)
    return {
        "fitted": asdict(decision),
        "left_out": {
            name: _measure_domain(data[name], _fit_refusals(data, without=name)) for name in data
        },
        "seen": {name: _measure_domain(data[name], decision) for name in data},
    }


def _fit_refusals(data: Mapping[str, DomainData], *, without: str = "") -> Abstention:
    seen = [domain.signals for name, domain in data.items() if name != without]
    yes = [each for signals in seen for each in signals["yes"]]
    no = [each for signals in seen for label in ("no", "near") for each in signals.get(label, [])]
    return fit_abstention(yes, no, use=_REFUSING)


def _measure_domain(data: DomainData, decision: Abstention) -> dict[str, Any]:
    scores = {
        label: [decision.compute_probability(each) for each in found]
        for label, found in data.signals.items()
    }
    auroc = compute_auroc(scores["yes"], scores["no"])
    return {
        "auroc": [round(each, 3) for each in (auroc.value, auroc.low, auroc.high)],
        **{
            label: {
                "questions": len(found),
                "refused": sum(map(decision.should_refuse, found)),
                "unsure": sum(
                    decision.is_unsure(each) and not decision.should_refuse(each) for each in found
                ),
            }
            for label, found in data.signals.items()
        },
    }


if __name__ == "__main__":
    main()
