from __future__ import annotations

from datetime import datetime, timedelta
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.documents import Document, PageError
from ingest.formats.office import package, workbook
from tests.ingest.formats import reading
from tests.ingest.formats.office.samples import replace_part, xlsx
from tests.ingest.formats.reading import blocks, outline, text

SHEET = "xl/worksheets/sheet1.xml"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRINGS = (
    '<Override PartName="/xl/sharedStrings.xml" ContentType="application/vnd.openxmlformats-'
    'officedocument.spreadsheetml.sharedStrings+xml"/>'
)


def read(data: bytes) -> Document:
    return reading.read(data, "a.xlsx")


def sheet(rows: str) -> str:
    return f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'


def test_each_sheet_is_a_section_with_a_table():
    document = read(xlsx({"Plans": [("Plan", "Mails"), ("Free", 100)], "Codes": [("A",), (1,)]}))
    assert document.title == "a"
    assert outline(document) == [("Plans", ""), ("Codes", "")]
    assert [block.text for block in blocks(document)] == [
        "| Plan | Mails |\n| --- | --- |\n| Free | 100 |",
        "| A |\n| --- |\n| 1 |",
    ]
    assert blocks(document)[0].head == "| Plan | Mails |\n| --- | --- |"


def test_values_read_as_excel_shows_them():
    values = [
        (datetime.fromisoformat("2026-01-02"), "2026-01-02"),
        (datetime.fromisoformat("2026-01-02T03:04"), "2026-01-02 03:04"),
        (timedelta(hours=30), "1 day, 6:00:00"),
        (True, "TRUE"),
        (0.1 + 0.2, "0.3"),
        (2.0, "2"),
        ("a|b\nc", "a\\|b c"),
        ("#N/A", "#N/A"),
    ]
    rows = [("Name", "Value"), *(("x", value) for value, _ in values)]
    lines = text(read(xlsx({"S": rows}))).split("\n")[2:]
    assert lines == [f"| x | {shown} |" for _, shown in values]


@pytest.mark.parametrize(
    ("number_format", "shown"), [("0%", "26%"), ("0.00%", "25.60%"), ("0.0", "0.256")]
)
def test_percent(number_format: str, shown: str):
    def change(book: Any) -> None:
        book["S"]["B2"].number_format = number_format

    assert f"| a | {shown} |" in text(read(xlsx({"S": [("k", "v"), ("a", 0.256)]}, change=change)))


def test_empty_rows_and_columns_are_left_out():
    rows = [(), ("", "", "A", "", "B"), (), ("", "", 1, "", 2), ()]
    assert text(read(xlsx({"S": rows}))) == "| A | B |\n| --- | --- |\n| 1 | 2 |"


def test_lines_above_a_table_are_no_head():
    rows = [("Prices of 2026",), ("in euros",), (), ("Plan", "Price"), ("Free", 0), ("note",)]
    assert [block.text for block in blocks(read(xlsx({"S": rows})))] == [
        "Prices of 2026",
        "in euros",
        "| Plan | Price |\n| --- | --- |\n| Free | 0 |\n| note |  |",
    ]


def test_a_formula_reads_as_the_value_that_excel_saw():
    cells = '<row r="1"><c r="A1"><f>1+1</f><v>2</v></c><c r="B1"><f>NOW()</f></c></row>'
    data = replace_part(xlsx({"S": [(1,)]}), SHEET, sheet(cells))
    assert text(read(data)) == "| 2 |\n| --- |"


def test_hidden_and_empty_sheets_are_left_out():
    def change(book: Any) -> None:
        book["Lists"].sheet_state = "hidden"

    data = xlsx({"A": [("x",)], "Lists": [("secret",)], "Empty": []}, change=change)
    assert outline(read(data)) == [("A", "")]


def test_merged_cells_have_their_text_in_each_row():
    rows = [
        ("Plan", "Region", "Mails"),
        ("Free", "EU", 100),
        ("", "US", 200),
        ("Pro", "EU", 900),
    ]

    def change(book: Any) -> None:
        book["S"].merge_cells("A2:A3")

    assert "| Free | US | 200 |\n| Pro | EU | 900 |" in text(read(xlsx({"S": rows}, change=change)))


def test_the_title_of_the_properties():
    def change(book: Any) -> None:
        book.properties.title = " The\nplans "

    assert read(xlsx({"S": [(1,)]}, change=change)).title == "The plans"


@given(
    rows=st.lists(
        st.lists(st.text(st.sampled_from("ab |\n#-\\`é字"), max_size=8), min_size=2, max_size=4),
        min_size=2,
        max_size=6,
    )
)
def test_no_letter_is_lost(rows: list[list[str]]):
    shown = text(read(xlsx({"S": [("k", "v"), *rows]}))).split("\n")
    table = "".join(shown[:1] + shown[2:]).replace("\\|", "\0").replace("|", "")
    written = "kv" + "".join(cell for row in rows for cell in row)
    letters = {each for each in written if not each.isspace() and each not in "|\\"}
    assert all(table.count(each) == written.count(each) for each in letters)


@pytest.mark.parametrize("data", [b"", b"no zip", b"PK\x03\x04broken"])
def test_what_is_no_workbook(data: bytes):
    with pytest.raises(PageError, match="can't be read as an Excel workbook"):
        read(data)


def test_a_false_size_costs_nothing():
    cells = '<dimension ref="A1:XFD1048576"/>'
    content = sheet('<row r="1"><c r="A1"><v>7</v></c></row>').replace(
        "<sheetData>", f"{cells}<sheetData>"
    )
    assert text(read(replace_part(xlsx({"S": [(1,)]}), SHEET, content))) == "| 7 |\n| --- |"


def test_wide_rows_end_at_the_limit(monkeypatch):
    monkeypatch.setattr(workbook, "MAX_CELLS", 50_000)
    rows = "".join(f'<row r="{n}"><c r="XFD{n}"><v>1</v></c></row>' for n in range(1, 10))
    with pytest.raises(PageError, match="has more than 50,000 cells"):
        read(replace_part(xlsx({"S": [(1,)]}), SHEET, sheet(rows)))


def test_far_rows_end_at_the_limit(monkeypatch):
    monkeypatch.setattr(workbook, "MAX_ROWS", 1_000)
    rows = '<row r="1048576"><c r="A1048576"><v>1</v></c></row>'
    with pytest.raises(PageError, match="or 1,000 rows"):
        read(replace_part(xlsx({"S": [(1,)]}), SHEET, sheet(rows)))


def test_a_string_that_all_cells_share_ends_at_the_limit(monkeypatch):
    monkeypatch.setattr(workbook, "MAX_CHARS", 1_000_000)
    data = xlsx({"S": [("x",)]})
    rows = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(1, 30))
    strings = f'<sst xmlns="{MAIN}"><si><t>{"x" * 40_000}</t></si></sst>'
    types = ZipFile(BytesIO(data)).read("[Content_Types].xml").decode()
    types = types.replace("</Types>", f"{STRINGS}</Types>")
    for name, content in [
        (SHEET, sheet(rows)),
        ("xl/sharedStrings.xml", strings),
        ("[Content_Types].xml", types),
    ]:
        data = replace_part(data, name, content)
    with pytest.raises(PageError, match="more than 1 million characters"):
        read(data)


def test_entities_are_not_expanded():
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha"}">' for n in range(12))
    row = '<row r="1"><c r="A1" t="inlineStr"><is><t>&l11;</t></is></c></row>'
    content = f"<!DOCTYPE d [{laughs}]>{sheet(row)}"
    with pytest.raises(PageError, match="can't be read as an Excel workbook"):
        read(replace_part(xlsx({"S": [(1,)]}), SHEET, content))


def test_a_bomb_is_not_unpacked():
    data = replace_part(xlsx({"S": [(1,)]}), "xl/more.xml", b" " * (package.MAX_XML_BYTES + 1))
    with pytest.raises(PageError, match="unpacks to more than 64 MiB"):
        read(data)
