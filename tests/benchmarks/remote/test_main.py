from __future__ import annotations

import os

from benchmarks.remote import __main__ as remote


def test_this_process_is_measured():
    assert 10 < remote._peak_mb(remote._proc(os.getpid(), "status")) < 100_000
    assert 0 < remote._cpu(remote._proc(os.getpid(), "stat")) <= sum(os.times()[:2]) + 0.1


def test_medians_of_what_was_measured():
    starts = [remote.Start(seconds, 1, 100, 200) for seconds in (9, 2, 4)]
    assert remote._median(starts) == {
        "seconds": 4,
        "cpu_seconds": 1,
        "connected_mb": 100,
        "answered_mb": 200,
        "fastest_seconds": 2,
    }
