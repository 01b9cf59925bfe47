from __future__ import annotations

import json

import pytest

from benchmarks import page_means


def test_both_ways_give_the_same_cosines(capsys: pytest.CaptureFixture[str]):
    page_means.main(["--json", "--chunks", "200", "--questions", "1"])
    [found] = json.loads(capsys.readouterr().out)
    assert (found["chunks"], found["rows_by_mean"], found["rows_by_chunk"]) == (200, 20, 200)
    assert found["largest_difference"] < 1e-6
