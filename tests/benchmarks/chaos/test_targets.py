from __future__ import annotations

from typing import Any

import pytest

from benchmarks.chaos.targets import GROUPS, NEVER, TERMINATE_SECONDS, list_misses

NONE = dict.fromkeys(NEVER, 0)


def report(**changes: Any) -> dict[str, Any]:
    good = {
        "answered": 4,
        **NONE,
        **dict.fromkeys(GROUPS, NONE),
        "unreached": [],
        "sigterm_seconds": TERMINATE_SECONDS,
        "refused_by_slack": [],
        "tracebacks": 0,
    }
    return {"one": good | changes}


def test_a_report_without_losses_misses_nothing():
    assert list_misses(report() | {"postgres": "skipped: it can't be installed here"}) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"doubled": 1}, "one: 1 doubled (killed)"),
        ({"silent": 2}, "one: 2 silent (killed)"),
        ({"down": NONE | {"half": 3}}, "one: 3 half (down)"),
        ({"beside": NONE | {"processing": 1}}, "one: 1 processing (beside)"),
        ({"unreached": ["waiting: no line"]}, "one: a point was not reached: waiting: no line"),
        ({"sigterm_seconds": 61.0}, "one: 61.0 s until SIGTERM had ended the process"),
        ({"refused_by_slack": ["ack: twice"]}, "one: Slack refused a call: ack: twice"),
        ({"tracebacks": 1}, "one: 1 tracebacks in the logs"),
    ],
)
def test_each_loss_is_a_miss(changes, said):
    assert list_misses(report(**changes)) == [said]
