from __future__ import annotations

import json

from benchmarks import rerank


def run(capsys, *arguments):
    rerank.main(["--json", "--tiny", "--device", "cpu", "--repeats", "1", *arguments])
    return json.loads(capsys.readouterr().out)


def test_prints_one_json_object(capsys):
    found = run(capsys, "--dtype", "float32", "--passages", "3")
    assert found["dtype"] == "float32"
    assert [result["passages"] for result in found["results"]] == [3]
    for result in found["results"]:
        assert set(result["seconds"]) == {"tutorial_float32", "docent"}
        assert result["ratio_fp32"] > 0
        assert result["ratio_bf16"] is None
        assert result["largest_score_difference"]["docent"] < 1e-5
        assert result["tokens_computed"] < result["tokens"]
        assert set(result["extra_memory_mb"]) == set(result["seconds"])


def test_in_bfloat16_the_tutorial_runs_in_both(capsys):
    (result,) = run(capsys, "--dtype", "bfloat16", "--passages", "2")["results"]
    assert set(result["seconds"]) == {"tutorial_float32", "tutorial_bfloat16", "docent"}
    assert result["ratio_bf16"] > 0
