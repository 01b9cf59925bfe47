from __future__ import annotations

import json

from benchmarks.load import while_indexing


def test_prints_one_json_object(capsys):
    while_indexing.main(["--json", "--tiny"])
    found = json.loads(capsys.readouterr().out)
    assert (found["documents"], found["chunks"]) == (6, 30)
    assert found["embedded"] > 0  # the second build reuses nothing
    assert found["idle"]["questions"] == 6
    assert found["indexing"]["questions"] > 0
    assert found["p95_ratio"] > 0
    assert found["indexing_slowdown"] > 0
