from __future__ import annotations

import json
from dataclasses import replace

import pytest

from rag_core.retrieval.abstention import Abstention
from rag_core.retrieval.calibration import (
    DEFAULTS,
    STARTER,
    Calibration,
    hash_question,
    read_calibration,
    select_calibration,
    write_calibration,
)
from rag_core.settings import RagSettings
from rag_core.types import SCHEMA_VERSION, IndexSpec

DECISION = Abstention((1.0, 2.0, 3.0, -4.0), -1.0, 0.3)
FITTED = Calibration(
    "all-MiniLM-L6-v2", "all-MiniLM-L6-v2", "7", DECISION, 0.4, 384, (hash_question("Why?"),)
)
SPEC = IndexSpec("all-MiniLM-L6-v2", 384, "7", SCHEMA_VERSION, "r1")


def test_what_is_written_is_read(tmp_path):
    path = tmp_path / "new" / "docent.calibration.json"
    write_calibration(path, FITTED)
    assert read_calibration(path) == FITTED
    assert [found.name for found in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"abstention": {}}', '{"model": 1}'])
def test_a_damaged_file_is_left_out_of_account(tmp_path, text):
    path = tmp_path / "calibration.json"
    path.write_text(text)
    assert read_calibration(path) is None
    assert read_calibration(tmp_path / "nowhere.json") is None


def test_a_file_without_a_decision(tmp_path):
    path = tmp_path / "calibration.json"
    path.write_text(json.dumps({"model": "a", "reranker": "b", "abstention": None}))
    assert read_calibration(path) == Calibration("a", "b")


def test_what_was_fitted_goes_before_the_default():
    assert select_calibration(SPEC, STARTER.reranker, FITTED) is FITTED
    assert select_calibration(SPEC, STARTER.reranker, None) is STARTER


@pytest.mark.parametrize(
    ("spec", "reranker"),
    [
        (IndexSpec("all-MiniLM-L6-v2", 384, "8", SCHEMA_VERSION, "r1"), STARTER.reranker),
        (SPEC, "another"),
        (replace(SPEC, dimension=256), STARTER.reranker),
        (IndexSpec("another", 384, "7", SCHEMA_VERSION, "r1"), STARTER.reranker),
    ],
)
def test_of_another_index_or_model_it_is_not_used(spec, reranker, caplog):
    select_calibration.cache_clear()
    for _ in range(2):
        assert select_calibration(spec, reranker, FITTED) is not FITTED
    assert [record.message.endswith("fit again.") for record in caplog.records] == [True]


def test_qwen3_has_no_numbers_of_its_own():
    assert not any("Qwen" in one.model for one in DEFAULTS)


def test_it_lies_beside_the_index():
    lite = RagSettings.load(milvus_uri="some/where/docs.db")
    assert str(lite.calibration_path) == "some/where/docs.calibration.json"
    server = RagSettings.load(milvus_uri="http://milvus:19530", collection="handbook")
    assert str(server.calibration_path) == "data/handbook.calibration.json"
