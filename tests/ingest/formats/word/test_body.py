from __future__ import annotations

from collections import Counter

import pytest

from ingest.documents import PageError
from ingest.formats.word.body import prepare_word
from tests.ingest.formats.reading import blocks, read
from tests.ingest.formats.samples import docx, paragraph

NAMESPACES = (
    'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:w14="http://schemas.microsoft.com/office/word/2010/wordml" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" '
    'xmlns:v="urn:schemas-microsoft-com:vml"'
)
NUMBERED = (
    '<w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:start w:val="1"/>'
    '<w:numFmt w:val="decimal"/></w:lvl></w:abstractNum><w:num w:numId="1">'
    '<w:abstractNumId w:val="0"/></w:num>'
)


def render(*body: str, **parts: str) -> list[str]:
    wrapped = f"<w:customXml {NAMESPACES}>{''.join(body)}</w:customXml>"
    return [block.text for block in blocks(read(docx(wrapped, **parts), "a.docx"))]


def run(text: str, properties: str = "") -> str:
    return f"<w:r><w:rPr>{properties}</w:rPr><w:t>{text}</w:t></w:r>"


def cell(text: str, properties: str = "") -> str:
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{paragraph(text)}</w:tc>"


def item(text: str) -> str:
    properties = '<w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr>'
    return f"<w:p><w:pPr>{properties}</w:pPr>{run(text)}</w:p>"


def test_formulas_are_latex():
    formula = "<m:oMath><m:sSup><m:e><m:r><m:t>x</m:t></m:r></m:e><m:sup><m:r><m:t>2</m:t></m:r>"
    formula += "</m:sup></m:sSup></m:oMath>"
    assert render(
        f"<w:p>{run('Take ')}{formula}{run('.')}</w:p>",
        f"<w:p><m:oMathPara>{formula}</m:oMathPara></w:p>",
    ) == ["Take $x^{2}$.", "$$x^{2}$$"]


def test_numbers_go_on_over_paragraphs_between():
    assert render(item("a"), item("b"), paragraph("Then:"), item("c"), numbering=NUMBERED) == [
        "1. a\n2. b",
        "Then:",
        "3. c",
    ]


def test_merged_cells_do_not_shift_others():
    rows = (
        cell("Plan") + cell("Region") + cell("Mails"),
        cell("Free", '<w:vMerge w:val="restart"/>') + cell("EU") + cell("100"),
        cell("", "<w:vMerge/>") + cell("US") + cell("200"),
        cell("Pro") + cell("many", '<w:gridSpan w:val="2"/>'),
        '<w:trPr><w:gridBefore w:val="1"/></w:trPr>' + cell("x") + cell("y"),
    )
    table = "".join(f"<w:tr>{row}</w:tr>" for row in rows)
    assert render(f"<w:tbl>{table}</w:tbl>") == [
        (
            "| Plan | Region | Mails |\n| --- | --- | --- |\n| Free | EU | 100 |\n"
            "| Free | US | 200 |\n| Pro | many | many |\n| | x | y |"
        )
    ]


def test_check_boxes():
    box = (
        '<w:sdt><w:sdtPr><w14:checkbox><w14:checked w14:val="{}"/></w14:checkbox></w:sdtPr>'
        "<w:sdtContent><w:r><w:t>?</w:t></w:r></w:sdtContent></w:sdt>"
    )
    assert render(
        f"<w:p>{box.format(1)}{run(' done')}</w:p>",
        f"<w:p>{box.format(0)}{run(' open')}</w:p>",
        paragraph("☐ a ☒ b ☑ c"),
    ) == ["[x] done", "[ ] open", "[ ] a [x] b [x] c"]


def test_tracked_changes_read_as_if_accepted_and_hidden_text_is_left_out():
    assert render(
        f"<w:p>{run('Keep ')}<w:del><w:r><w:delText>old</w:delText></w:r></w:del>"
        f"<w:ins>{run('new')}</w:ins>{run(' secret', '<w:vanish/>')}"
        f"{run(' seen', '<w:vanish w:val=&quot;0&quot;/>'.replace('&quot;', chr(34)))}</w:p>"
    ) == ["Keep new seen"]


def test_comments_are_left_out_and_footnotes_stay():
    namespace = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    found = render(
        f'<w:p>{run("Backups")}<w:r><w:footnoteReference w:id="2"/></w:r>'
        '<w:commentRangeStart w:id="1"/><w:r><w:commentReference w:id="1"/></w:r></w:p>',
        comments=f'<w:comment w:id="1" {namespace}>{paragraph("Really?")}</w:comment>',
        footnotes=f'<w:footnote w:id="2" {namespace}>{paragraph("Every night.")}</w:footnote>',
    )
    assert "Really" not in str(found)
    assert found == ["Backups[1]", "[1] Every night."]


@pytest.mark.parametrize(
    "fallback", ["", "<v:textbox><w:txbxContent>{}</w:txbxContent></v:textbox>"]
)
def test_a_text_box_is_read_once(fallback: str):
    box = paragraph("In a box.")
    older = f"<w:pict><v:shape>{fallback.format(box)}</v:shape></w:pict>"
    assert render(
        f"<w:p>{run('Before.')}<w:r><mc:AlternateContent><mc:Choice><w:drawing><wps:txbx>"
        f"<w:txbxContent>{box}</w:txbxContent></wps:txbx></w:drawing></mc:Choice>"
        f"<mc:Fallback>{older}</mc:Fallback></mc:AlternateContent></w:r></w:p>"
    ) == ["Before.", "In a box."]


def test_a_declaration_of_entities_is_refused():
    with pytest.raises(PageError, match="declares entities"):
        prepare_word(docx(paragraph("x"), numbering="<!DOCTYPE a>"))


def test_no_word_is_lost_and_none_is_added():
    table = f"<w:tbl><w:tr>{cell('Port')}{cell('8080')}</w:tr></w:tbl>"
    words = Counter(["Install", "the", "server", "then", "open", "it", "Port", "8080", "Done"])
    found = render(
        paragraph("Install the server"),
        item("then"),
        item("open it"),
        table,
        paragraph("Done"),
        numbering=NUMBERED,
    )
    seen = Counter(word for block in found for word in block.replace("|", " ").split())
    assert words - seen == Counter()
    assert set(seen - words) == {"1.", "2.", "---"}
