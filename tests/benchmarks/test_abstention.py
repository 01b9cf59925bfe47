from __future__ import annotations

import json

from benchmarks.abstention import ANSWERABLE, HERE, UNANSWERABLE, measure
from rag_core.retrieval.abstention import Signals


def told(middle: float, count: int) -> list[Signals]:
    return [Signals(middle + n / 100, middle, middle, 1 - middle) for n in range(count)]


def test_it_fits_and_says_how_well():
    sets = dict.fromkeys(ANSWERABLE, told(0.6, 25)) | dict.fromkeys(UNANSWERABLE, told(0.2, 20))
    found = measure(sets)
    assert found["milvus_user_dev_alone"]["auroc"]["value"] == 1.0
    assert found["decision"]["threshold"] < found["fitted"]["threshold"]
    assert found["decision_refuses"]["milvus_user_dev"] == "0 of 25"
    assert set(found["fitted_on_all"]) == set(UNANSWERABLE)


def test_there_are_forty_near_questions():
    lines = (HERE / "near_domain.jsonl").read_text().splitlines()
    asked = [json.loads(line) for line in lines]
    assert len({one["_id"] for one in asked}) == len({one["text"] for one in asked}) == 40
