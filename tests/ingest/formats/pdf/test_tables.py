from __future__ import annotations

from tests.ingest.formats.pdf.samples import put, put_lines, write_pdf
from tests.ingest.formats.reading import blocks, read

LIMITS = """| Plan | Region | Mails |
| --- | --- | --- |
| Free | EU | 100 |
| | US | 200 |
| Pro | EU | |"""


def read_blocks(*pieces: bytes) -> list[tuple[str, str]]:
    return [(block.kind, block.text) for block in blocks(read(write_pdf(pieces), "a.pdf"))]


def place(rows: list[list[str]], *, top: float = 700, step: float = 14) -> bytes:
    return put(
        [
            (72 + 150 * column, top - step * row, text)
            for row, cells in enumerate(rows)
            for column, text in enumerate(cells)
            if text
        ]
    )


def test_cells_below_each_other_are_a_table():
    rows = [
        ["Plan", "Region", "Mails"],
        ["Free", "EU", "100"],
        ["", "US", "200"],
        ["Pro", "EU", ""],
    ]
    found = read_blocks(
        put([(72, 730, "The limits of each plan:")]), place(rows), put([(72, 600, "Behind it.")])
    )
    assert found == [
        ("paragraph", "The limits of each plan:"),
        (
            "table",
            LIMITS,
        ),
        ("paragraph", "Behind it."),
    ]


def test_the_second_line_of_a_cell_stays_in_it():
    rows = [["Option", "Meaning"], ["--all", "Shows all of them,"], ["", "hidden ones too."],
            ["--none", "Shows nothing."]]  # fmt: skip
    ((_, text),) = read_blocks(place(rows, step=11))
    assert "| --all | Shows all of them, hidden ones too. |" in text


def test_a_list_with_marks_is_no_table():
    places = [(x, 700 - 12 * n, text) for n in range(5)
              for x, text in ((72, f"{n}."), (110, f"Step {n} is done."))]  # fmt: skip
    assert {kind for kind, _ in read_blocks(put(places))} == {"paragraph"}


def test_a_list_of_contents_is_no_table():
    lines = [f"Chapter {n} . . . . . . . . . . . . . . . . {n}" for n in range(5)]
    found = read_blocks(put_lines(lines))
    assert {kind for kind, _ in found} == {"paragraph"}
    assert ". ." not in found[0][1]


def test_code_with_gaps_is_code():
    lines = ["def read(path):", "    return None    # nothing", "", "x = read(1)       # some"]
    found = read_blocks(put_lines(lines, font="C"))
    assert found == [("fence", "```\n" + "\n".join(lines) + "\n```")]
