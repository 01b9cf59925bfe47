from __future__ import annotations

from io import BytesIO

from ingest.formats.office import merged_cells
from ingest.formats.office.merged_cells import MergedCells


def merged(*ranges: str) -> MergedCells:
    cells = "".join(f'<mergeCell ref="{each}"/>' for each in ranges)
    return MergedCells(BytesIO(f"<mergeCells>{cells}</mergeCells>".encode()))


def fill(cells: MergedCells, rows: list[list[str]]) -> list[list[str]]:
    for number, row in enumerate(rows, 1):
        cells.fill(number, row)
    return rows


def test_the_text_reaches_over_its_rows_and_no_further():
    rows = fill(merged("A1:A2", "B2:B3"), [["a", "1"], ["", "2"], ["", ""], ["", ""]])
    assert rows == [["a", "1"], ["a", "2"], ["", "2"], ["", ""]]


def test_columns_beside_the_first_stay_empty():
    assert fill(merged("A1:B2"), [["a", ""], ["", ""]]) == [["a", ""], ["a", ""]]


def test_an_own_text_stays():
    assert fill(merged("A1:A2"), [["a"], ["b"]]) == [["a"], ["b"]]


def test_a_range_that_lies_across_two_reads(monkeypatch):
    monkeypatch.setattr(merged_cells, "_BLOCK", 7)
    assert fill(merged("A1:A2", "A4:A5"), [["a"], [""], [""], ["b"], [""]])[-1] == ["b"]


def test_the_limit(monkeypatch):
    monkeypatch.setattr(merged_cells, "MAX_MERGED", 1)
    assert fill(merged("A1:A2", "B1:B2"), [["a", "b"], ["", ""]])[1] == ["a", ""]


def test_what_is_looked_at_is_counted():
    cells = merged("A1:A9", "B1:B9")
    assert [cells.fill(number, ["a", "b"]) for number in (1, 2, 10)] == [2, 2, 0]
