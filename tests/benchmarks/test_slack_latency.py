from __future__ import annotations

import json

from benchmarks import slack_latency


def test_prints_one_json_object(capsys):
    slack_latency.main(["--json", "--tiny"])
    found = json.loads(capsys.readouterr().out)
    assert found["documents"] == 6
    assert set(found["levels"]) == {"1", "20"}
    for level in found["levels"].values():
        assert level["first_sign"]["p95_ms"] > 0
        assert level["first_text"]["p95_ms"] > 0
