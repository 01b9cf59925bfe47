from __future__ import annotations

import re
from html import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.formats import tables
from ingest.formats.html import convert_html_page
from ingest.formats.tables import Cell, flatten_cell, flatten_rows, render_table, shorten_spans
from tests.ingest.formats.reading import read, text


def read_rows(markdown: str) -> list[list[str]]:
    """The cells of a Markdown table, without the line of dashes."""
    lines = [line for line in markdown.split("\n") if line.startswith("|")]
    rows = [re.split(r"(?<!\\)\|", line[1:-1]) for line in lines[:1] + lines[2:]]
    return [[cell.strip().replace("\\|", "|") for cell in row] for row in rows]


def test_a_value_stands_in_each_row_that_it_spans():
    rows = [
        [Cell("Plan"), Cell("Region"), Cell("Mails")],
        [Cell("Free", rows=2), Cell("EU"), Cell("100")],
        [Cell("US"), Cell("200")],
        [Cell("Pro"), Cell(""), Cell("900")],
    ]
    assert read_rows(render_table(rows)) == [
        ["Plan", "Region", "Mails"],
        ["Free", "EU", "100"],
        ["Free", "US", "200"],
        ["Pro", "", "900"],
    ]


def test_a_value_stands_in_each_column_that_it_spans_unless_it_is_the_whole_row():
    rows = [
        [Cell("Key"), Cell("EU"), Cell("US")],
        [Cell("Paid plans", columns=3)],
        [Cell("mails"), Cell("9|0", columns=2)],
    ]
    assert render_table(rows) == (
        "| Key | EU | US |\n| --- | --- | --- |\n| Paid plans | | |\n| mails | 9\\|0 | 9\\|0 |"
    )


def test_rows_of_a_head_become_one():
    rows = [
        [Cell("All limits", columns=999)],
        [Cell("Plan", rows=2), Cell("Mails", columns=2)],
        [Cell("EU"), Cell("US")],
        [Cell("Free"), Cell("1"), Cell("2")],
    ]
    assert render_table(rows) == (
        "All limits\n\n| Plan | Mails / EU | Mails / US |\n| --- | --- | --- |\n| Free | 1 | 2 |"
    )
    assert render_table(rows, heads=3) == render_table(rows)


def test_a_table_whose_rows_have_names_has_an_empty_head():
    assert (
        render_table([[Cell("Host"), Cell("a")]], heads=0) == "| | |\n| --- | --- |\n| Host | a |"
    )


@pytest.mark.parametrize("rows", [[], [[]], [[Cell("")]], [[Cell("")], [Cell("", 2, 3)]]])
def test_a_table_without_text_is_nothing(rows: list[list[Cell]]):
    assert render_table(rows) == ""


def test_spans_are_bounded(monkeypatch):
    wide = [[Cell("a", columns=9_999), Cell("b")], [Cell(str(n)) for n in range(30)]]
    assert read_rows(render_table(wide))[0] == ["a"] * tables.MAX_SPAN + ["b"] + [""] * 9
    monkeypatch.setattr(tables, "MAX_REPEATED", 10)
    tall = [[Cell("a long value", rows=3), Cell("1")], [Cell("2")], [Cell("3")]]
    assert render_table(tall).count("a long value") == 1


def test_a_row_of_thousands_of_cells_widens_no_other():
    rows = [[Cell("a")] * 5_000, *[[Cell("b")]] * 100]
    assert len(render_table(rows)) < 100_000


def test_a_span_ends_with_its_group():
    assert shorten_spans([[Cell("a", rows=0)], [Cell("b", rows=9)]]) == [
        [Cell("a", rows=2)],
        [Cell("b", rows=1)],
    ]


@pytest.mark.parametrize(
    ("markdown", "line"),
    [
        ("a\n\n- b\n- c", "a b; c"),
        ("1. a\n2. b", "1. a; 2. b"),
        ("a  b `c  d`", "a b `c  d`"),
        ("- [ ] a", "[ ] a"),
        ("", ""),
    ],
)
def test_a_cell_is_one_line(markdown: str, line: str):
    assert flatten_cell(markdown) == line


def test_a_table_in_a_cell_is_one_line():
    assert flatten_rows([[Cell("a"), Cell("1")], [Cell(""), Cell("2")]]) == "a, 1; 2"


@st.composite
def layouts(draw: st.DrawFn) -> tuple[list[list[str]], list[list[Cell]]]:
    """A grid, divided into rectangles: its texts by place, and its cells by row."""
    height, width = draw(st.integers(2, 5)), draw(st.integers(2, 5))
    grid = [["" for _ in range(width)] for _ in range(height)]
    rows: list[list[Cell]] = [[Cell(f"h{n}") for n in range(width)]]
    taken: set[tuple[int, int]] = set()
    for top in range(height):
        row: list[Cell] = []
        for left in range(width):
            if (top, left) in taken:
                continue
            most = next((n for n in range(left, width) if (top, n) in taken), width) - left
            # A row of one cell, or of none, is another case.
            columns = draw(st.integers(1, min(most, width - 1)))
            rows_below = draw(st.integers(1, height - top)) if left else 1
            value = draw(st.text(st.sampled_from("ab1|\\<&*"), max_size=4))
            for line in range(top, top + rows_below):
                for place in range(left, left + columns):
                    grid[line][place] = value
                    taken.add((line, place))
            row.append(Cell(value, rows_below, columns))
        rows.append(row)
    return [[f"h{n}" for n in range(width)], *grid], rows


@settings(deadline=None)
@given(layouts())
def test_every_place_has_its_value(layout: tuple[list[list[str]], list[list[Cell]]]):
    grid, rows = layout
    filled = [row for row in grid if any(row)]
    assert read_rows(render_table(rows)) == filled


@settings(deadline=None)
@given(layouts())
def test_html_gives_the_same_table(layout: tuple[list[list[str]], list[list[Cell]]]):
    grid, rows = layout
    html = "".join(
        "<tr>"
        + "".join(
            f"<td rowspan={cell.rows} colspan={cell.columns}>{escape(cell.text)}</td>"
            for cell in row
        )
        for row in rows
    )
    found = read_rows(convert_html_page(f"<table>{html}</table>")[1])
    assert found == [row for row in grid if any(row)]


def draw_grid_table(grid: list[list[str]], rows: list[list[Cell]]) -> str:
    """A grid table of reStructuredText: each cell is a box of its places."""
    owners = [[0] * len(grid[0]) for _ in grid]
    number = 0
    for top, row in enumerate(rows):
        for cell in row:
            number += 1
            left = owners[top].index(0)
            for line in range(top, top + cell.rows):
                owners[line][left : left + cell.columns] = [number] * cell.columns
    wide, lines = 6, list[str]()
    for top in range(len(grid) + 1):
        border, content = "", ""
        for left in range(len(grid[0]) + 1):
            inside = left < len(grid[0])
            here = owners[top][left] if inside and top < len(grid) else 0
            over = owners[top - 1][left] if inside and top else 0
            before = owners[top][left - 1] if left and top < len(grid) else 0
            before_over = owners[top - 1][left - 1] if left and top else 0
            flat, tall = (
                here != over or before != before_over,
                here != before or over != before_over,
            )
            border += "+" if flat and tall else "-" if flat else "|" if tall else " "
            border += (" " if here == over else "=" if top == 1 else "-") * wide if inside else ""
            content += "|" if here != before else " "
            is_first = here not in {before, over}
            content += (f" {grid[top][left]}" if is_first else "").ljust(wide) if here else ""
        lines += [border, *([content] if top < len(grid) else [])]
    return "\n".join(lines)


@settings(deadline=None, max_examples=50)
@given(layouts())
def test_rst_gives_the_same_table(layout: tuple[list[list[str]], list[list[Cell]]]):
    # docutils reads the text of a cell as markup, so each cell has a letter.
    grid, rows = layout
    plain = [[re.sub(r"\W", "x", value) for value in row] for row in grid]
    cells = [[Cell(re.sub(r"\W", "x", c.text), c.rows, c.columns) for c in row] for row in rows]
    assert read_rows(text(read(draw_grid_table(plain, cells), "a.rst"))) == [
        row for row in plain if any(row)
    ]
