from __future__ import annotations

import json

from benchmarks import embed


def test_prints_one_json_object(capsys):
    embed.main(["--json", "--tiny", "--device", "cpu", "--documents", "4", "--repeats", "1"])
    found = json.loads(capsys.readouterr().out)["qwen3"]
    assert found["documents"] == 4
    assert set(found["documents_per_second"]) == {"one_by_one", "sentence_transformers", "docent"}
    assert found["ratio"] > 0
    assert found["largest_difference"] < 1e-5
