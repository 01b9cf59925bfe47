from __future__ import annotations

import pytest

from ingest.report import IngestReport, limit_lines


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, []),
        (2, ["0", "1"]),
        (3, ["0", "1", "and 1 more"]),
        (5_002, ["0", "1", "and 5,000 more"]),
    ],
)
def test_lines_beyond_the_limit_are_counted(count: int, shown: list[str]):
    assert limit_lines([str(number) for number in range(count)], 2) == shown


def test_a_report_keeps_the_rest():
    report = IngestReport(
        1, 2, 3, 4, 5, 6, 7, 8.0, "r", failures=("a: b", "c: d", "e: f"), notes=("g",)
    )
    limited = report.limit_failures(1)
    assert limited.failures == ("a: b", "and 2 more")
    assert limited.revision == "r"
    assert limited.notes == ("g",)
    assert report.as_json()["notes"] == ["g"]
    assert report.as_json()["failures"] == ["a: b", "c: d", "e: f"]
