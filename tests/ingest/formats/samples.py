"""Small files of binary formats, written by hand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships'
    '+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName='
    '"/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.'
    'wordprocessingml.document.main+xml"/></Types>'
)
_RELS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="r1" Target="word/document.xml" Type="http://schemas.openxmlformats.org/'
    'officeDocument/2006/relationships/officeDocument"/></Relationships>'
)


def paragraph(text: str, style: str = "", more: str = "") -> str:
    properties = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    run = f'<w:r><w:t xml:space="preserve">{escape(text)}</w:t></w:r>'
    return f"<w:p>{properties}{more}{run}</w:p>"


def table(*rows: Sequence[str]) -> str:
    cells = ("".join(f"<w:tc>{paragraph(cell)}</w:tc>" for cell in row) for row in rows)
    return f"<w:tbl>{''.join(f'<w:tr>{row}</w:tr>' for row in cells)}</w:tbl>"


def docx(
    *body: str,
    styles: Sequence[str] = ("Heading 1", "Heading 2", "Title", "Code"),
    **more: str,
) -> bytes:
    """A Word document of these paragraphs and tables; a style's id is its name without spaces.

    Further parts, such as `footnotes`, are given by name.
    """
    defined = "".join(
        f'<w:style w:type="paragraph" w:styleId="{name.replace(" ", "")}"><w:name w:val="{name}"/>'
        "</w:style>"
        for name in styles
    )
    file = BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as parts:
        parts.writestr("[Content_Types].xml", _TYPES)
        parts.writestr("_rels/.rels", _RELS)
        document = f'<w:document xmlns:w="{_W}"><w:body>{"".join(body)}</w:body></w:document>'
        parts.writestr("word/document.xml", document)
        for name, content in more.items():
            part = f'<w:{name} xmlns:w="{_W}">{content}</w:{name}>'
            parts.writestr(f"word/{name}.xml", part)
        if more:
            parts.writestr("word/_rels/document.xml.rels", _relate(more))
        parts.writestr("word/styles.xml", f'<w:styles xmlns:w="{_W}">{defined}</w:styles>')
    return file.getvalue()


def _relate(names: Iterable[str]) -> str:
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    related = "".join(
        f'<Relationship Id="p-{name}" Target="{name}.xml" Type="{kind}/{name}"/>' for name in names
    )
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    return f'<Relationships xmlns="{package}">{related}</Relationships>'


def pdf(
    *pages: Sequence[str],
    bookmarks: Sequence[tuple[str, int, int]] = (),
    title: str = "",
    password: str | None = None,
) -> bytes:
    """A PDF with a line of text a line; bookmarks are (title, page from 0, level from 0)."""
    writer = PdfWriter()
    for lines in pages:
        _add_page(writer, lines)
    parents: list[object] = []
    for name, number, level in bookmarks:
        parent = parents[level - 1] if level else None
        parents[level:] = [writer.add_outline_item(title=name, page_number=number, parent=parent)]
    if title:
        writer.add_metadata({"/Title": title})
    if password is not None:
        writer.encrypt(password, owner_password="owner", algorithm="RC4-128")
    file = BytesIO()
    writer.write(file)
    return file.getvalue()


def _add_page(writer: PdfWriter, lines: Sequence[str]) -> None:
    page = writer.add_blank_page(width=595, height=842)
    font = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Font"),
            NameObject("/Subtype"): NameObject("/Type1"),
            NameObject("/BaseFont"): NameObject("/Helvetica"),
        }
    )
    fonts = DictionaryObject({NameObject("/F1"): writer._add_object(font)})
    page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
    shown = "".join(f"({line}) Tj 0 -16 Td " for line in lines)
    content = DecodedStreamObject()
    content.set_data(f"BT /F1 12 Tf 72 770 Td {shown}ET".encode("latin-1"))
    page[NameObject("/Contents")] = writer._add_object(content)
