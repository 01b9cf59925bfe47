from __future__ import annotations

import json

from benchmarks import moves


def test_prints_one_json_object(capsys):
    moves.main(["--json", "--rounds", "1"])
    found = json.loads(capsys.readouterr().out)
    assert found["rounds"] == [found["moves"]]
    assert found["moves"] == sum(pair["moves"] for pair in found["pairs"])
    assert 20 < found["files"] < found["moves"]
    assert all(pair["from"] != pair["to"] for pair in found["pairs"])


def test_an_answer_takes_no_long_way_round(capsys):
    """In the median 320; a busy machine lets the event loop take other turns."""
    moves.main(["--json", "--rounds", "3"])
    assert json.loads(capsys.readouterr().out)["moves"] < 400
