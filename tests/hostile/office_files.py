"""Presentations and workbooks that ask for too much work."""

from __future__ import annotations

from io import BytesIO
from zipfile import ZipFile

from tests.ingest.formats.office.samples import pptx, replace_part, xlsx

Files = dict[str, bytes]
SHEET = "xl/worksheets/sheet{}.xml"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRINGS = (
    '<Override PartName="/xl/sharedStrings.xml" ContentType="application/vnd.openxmlformats-'
    'officedocument.spreadsheetml.sharedStrings+xml"/>'
)
ENTITIES = '<!DOCTYPE a [<!ENTITY a0 "aaaaaaaaaa">{}]>'.format(
    "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
)
TEXT = '<c r="A1" t="inlineStr"><is><t>there is text</t></is></c>'


def build_workbook(rows: str, *, before: str = "", after: str = "", sheets: int = 1) -> Files:
    data = xlsx({f"S{number}": [(1,)] for number in range(sheets)})
    content = f'<worksheet xmlns="{MAIN}">{before}<sheetData>{rows}</sheetData>{after}</worksheet>'
    for number in range(1, sheets + 1):
        data = replace_part(data, SHEET.format(number), content)
    return {"": data}


def xlsx_large() -> Files:
    return {"": replace_part(xlsx({"S": [(1,)]}), SHEET.format(1), b" " * 70 * 2**20)}


def xlsx_entities() -> Files:
    row = '<row r="1"><c r="A1" t="inlineStr"><is><t>&a11;</t></is></c></row>'
    content = f'{ENTITIES}<worksheet xmlns="{MAIN}"><sheetData>{row}</sheetData></worksheet>'
    return {"": replace_part(xlsx({"S": [(1,)]}), SHEET.format(1), content)}


def xlsx_wide() -> Files:
    return build_workbook(
        "".join(f'<row r="{n}"><c r="XFD{n}"><v>1</v></c></row>' for n in range(1, 1_000))
    )


def xlsx_far() -> Files:
    return build_workbook('<row r="1048576"><c r="A1048576"><v>1</v></c></row>', sheets=3)


def xlsx_shared_string() -> Files:
    rows = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(1, 9_000))
    data = build_workbook(rows)[""]
    types = ZipFile(BytesIO(data)).read("[Content_Types].xml").decode()
    types = types.replace("</Types>", f"{STRINGS}</Types>")
    strings = f'<sst xmlns="{MAIN}"><si><t>{"x" * 1_000}</t></si></sst>'
    data = replace_part(data, "xl/sharedStrings.xml", strings)
    return {"": replace_part(data, "[Content_Types].xml", types)}


def xlsx_false_size() -> Files:
    return build_workbook(f'<row r="1">{TEXT}</row>', before='<dimension ref="A1:XFD1048576"/>')


def xlsx_formula() -> Files:
    formula = '<c r="B1"><f>WEBSERVICE("http://169.254.169.254/")</f><v>1</v></c>'
    return build_workbook(f'<row r="1">{TEXT}{formula}</row>')


def xlsx_merged() -> Files:
    rows = "".join(f'<row r="{n}"><c r="A{n}"><v>1</v></c></row>' for n in range(1, 3_000))
    ranges = "".join(f'<mergeCell ref="A1:A{1_048_576 - n}"/>' for n in range(9_000))
    return build_workbook(rows, after=f"<mergeCells>{ranges}</mergeCells>")


def pptx_large() -> Files:
    return {"": replace_part(pptx(("a", "b")), "ppt/slides/slide1.xml", b" " * 70 * 2**20)}


def pptx_entities() -> Files:
    content = f"{ENTITIES}<a>&a11;</a>"
    return {"": replace_part(pptx(("a", "b")), "ppt/slides/slide1.xml", content)}


def pptx_nested() -> Files:
    def change(deck) -> None:
        group = deck.slides[0].shapes.add_group_shape()
        for _ in range(60):
            group = group.shapes.add_group_shape()

    return {"": pptx(("a", "b"), change=change)}


BUILDERS = {
    build.__name__: build
    for build in (
        pptx_entities,
        pptx_large,
        pptx_nested,
        xlsx_entities,
        xlsx_false_size,
        xlsx_far,
        xlsx_formula,
        xlsx_large,
        xlsx_merged,
        xlsx_shared_string,
        xlsx_wide,
    )
}
