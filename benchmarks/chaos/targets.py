"""The targets of the benchmark: what no kill, outage or end may leave behind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

TERMINATE_SECONDS = 25.0
GROUPS = ("beside", "down", "disconnected", "terminated")
NEVER = ("doubled", "half", "told", "silent", "processing")


def list_misses(found: dict[str, Any]) -> list[str]:
    """Return a sentence for each target that a report of all settings misses."""
    return [
        f"{setting}: {miss}"
        for setting, report in found.items()
        if isinstance(report, dict)  # else it was skipped
        for miss in _list_misses_of_setting(report)
    ]


def _list_misses_of_setting(report: dict[str, Any]) -> Iterator[str]:
    for group in ("killed", *GROUPS):
        counts = report if group == "killed" else report[group]
        for kind in NEVER:
            if counts[kind]:
                yield f"{counts[kind]} {kind} ({group})"
    for reason in report["unreached"]:
        yield f"a point was not reached: {reason}"
    if report["sigterm_seconds"] > TERMINATE_SECONDS:
        yield f"{report['sigterm_seconds']} s until SIGTERM had ended the process"
    for refusal in report["refused_by_slack"]:
        yield f"Slack refused a call: {refusal}"
    if report["tracebacks"]:
        yield f"{report['tracebacks']} tracebacks in the logs"
