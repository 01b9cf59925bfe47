from __future__ import annotations

import json

from benchmarks import overhead


def test_prints_one_json_object(capsys):
    overhead.main(["--json", "--tiny"])
    found = json.loads(capsys.readouterr().out)
    assert (found["chunks"], found["questions"]) == (50, 2)
    for time in (found["pages_read"], found["pages_remembered"]):
        assert time["own_p50_ms"] > 0
        assert time["milvus_p50_ms"] > 0
