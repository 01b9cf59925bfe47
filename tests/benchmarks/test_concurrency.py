from __future__ import annotations

import json

from benchmarks import concurrency


def test_prints_one_json_object(capsys):
    concurrency.main(["--json", "--tiny"])
    levels = json.loads(capsys.readouterr().out)["levels"]
    asked = {level: found["questions"] for level, found in levels.items()}
    assert asked == {"1": 1, "8": 8, "32": 32}
    assert levels["1"]["ratio"] == 1
    assert all(found["per_second"] > 0 for found in levels.values())
