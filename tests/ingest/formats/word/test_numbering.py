from __future__ import annotations

from xml.etree.ElementTree import Element, fromstring

from ingest.formats.word.numbering import Numbering

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def level(number: int, kind: str = "decimal", start: int = 1) -> str:
    return f'<w:lvl w:ilvl="{number}"><w:start w:val="{start}"/><w:numFmt w:val="{kind}"/></w:lvl>'


def part(*content: str) -> Element:
    return fromstring(f"<w:part {W}>{''.join(content)}</w:part>")


def item(name: str, depth: int = 0) -> Element:
    properties = f'<w:numPr><w:ilvl w:val="{depth}"/><w:numId w:val="{name}"/></w:numPr>'
    return fromstring(f"<w:p {W}><w:pPr>{properties}</w:pPr></w:p>")


LISTS = part(
    f'<w:abstractNum w:abstractNumId="7">{level(0)}{level(1, start=3)}</w:abstractNum>',
    f'<w:abstractNum w:abstractNumId="8">{level(0, "bullet")}</w:abstractNum>',
    '<w:num w:numId="1"><w:abstractNumId w:val="7"/></w:num>',
    '<w:num w:numId="2"><w:abstractNumId w:val="7"/><w:lvlOverride w:ilvl="0">'
    '<w:startOverride w:val="1"/></w:lvlOverride></w:num>',
    '<w:num w:numId="3"><w:abstractNumId w:val="8"/></w:num>',
)


def test_numbers_go_on_and_deeper_levels_begin_again():
    numbering = Numbering(LISTS, None)
    items = [item("1"), item("1", 1), item("1", 1), item("1"), item("1", 1)]
    assert [numbering.count_paragraph(each) for each in items] == [1, 3, 4, 2, 3]


def test_a_list_may_begin_again():
    numbering = Numbering(LISTS, None)
    items = [item("1"), item("1"), item("2"), item("2")]
    assert [numbering.count_paragraph(each) for each in items] == [1, 2, 1, 2]


def test_bullets_and_unknown_lists_have_no_numbers():
    numbering = Numbering(LISTS, None)
    items = [item("3"), item("9"), item("1", 12), fromstring(f"<w:p {W}/>")]
    assert [numbering.count_paragraph(each) for each in items] == [0, 0, 0, 0]
    assert Numbering(None, None).count_paragraph(item("1")) == 0


def test_a_style_may_belong_to_a_list():
    styles = part(
        '<w:style w:styleId="Step"><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style>'
    )
    paragraph = fromstring(f'<w:p {W}><w:pPr><w:pStyle w:val="Step"/></w:pPr></w:p>')
    numbering = Numbering(LISTS, styles)
    assert [numbering.count_paragraph(paragraph) for _ in range(2)] == [1, 2]
