from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from benchmarks import fit
from benchmarks.fit import DomainData, measure_fusion, measure_refusals
from rag_core.evaluation.files import EvaluationQuestion
from rag_core.evaluation.fusion_fit import judge_evidence
from rag_core.evaluation.judgements import match_judgements
from rag_core.retrieval.abstention import Signals
from rag_core.retrieval.fusion import Evidence
from tests.rag_core.fakes import make_chunk

CHUNKS = tuple(make_chunk(f"Page {n}.", path=f"{n}.md") for n in range(4))


def make_signals(middle: float, count: int) -> list[Signals]:
    return [Signals(middle + n / 100, middle, middle, 1 - middle) for n in range(count)]


def make_domain(right: int) -> DomainData:
    """Questions whose right page is the nearest, and has no word in common with them."""
    data = DomainData()
    for kind in ("users", "headings", "pastes"):
        questions = [EvaluationQuestion(f"{kind}{n}", f"{kind} {n}?") for n in range(5)]
        grades = {each.id: {CHUNKS[right].path: 1} for each in questions}
        judgements = match_judgements(questions, grades, CHUNKS, level="page")
        near = np.array([[float(n == right)] for n in range(4)])
        evidence = Evidence(CHUNKS, np.hstack([near, near, 1 - near]), np.hstack([near, 1 - near]))
        data.judgements[kind] = judgements
        data.evidence[kind] = [judge_evidence(each.id, evidence, judgements) for each in questions]
    data.signals = {"yes": make_signals(0.6, 25), "no": make_signals(0.2, 25)}
    return data


def test_each_documentation_is_measured_by_a_fit_of_the_others():
    found = measure_fusion({name: make_domain(right) for right, name in enumerate("abc")})
    assert set(found["left_out"]) == {"a", "b", "c"}
    assert found["left_out"]["a"]["users"][0] == 1.0
    page, nearest, words = found["fitted"]["weights"]
    assert page + nearest > 4.8 > words


def test_refusals_are_measured_where_they_were_not_fitted():
    found = measure_refusals({name: make_domain(0) for name in "abc"})
    assert found["left_out"]["b"]["auroc"][0] == 1.0
    assert found["left_out"]["b"]["no"]["refused"] >= 20
    assert found["left_out"]["b"]["yes"]["refused"] <= 1
    assert found["fitted"]["threshold"] <= found["fitted"]["sure"]


def test_there_are_forty_near_questions():
    lines = (Path(fit.__file__).parent / "near_domain.jsonl").read_text().splitlines()
    asked = [json.loads(line) for line in lines]
    assert len({each["_id"] for each in asked}) == len({each["text"] for each in asked}) == 40
