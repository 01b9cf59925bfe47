from __future__ import annotations

from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from ingest.documents import PageError
from ingest.formats.word import reader as docx_module
from tests.ingest.formats.reading import blocks, outline, read
from tests.ingest.formats.samples import docx, paragraph, table

BOOKMARK = '<w:bookmarkStart w:id="0" w:name="_Toc1"/><w:bookmarkEnd w:id="0"/>'


def test_headings_tables_and_code():
    document = read(
        docx(
            paragraph("The Acme handbook", "Title"),
            paragraph("Install", "Heading1", BOOKMARK),
            paragraph("Run <it> & wait for the_result."),
            paragraph("pip install acme", "Code"),
            paragraph("acme --now", "Code"),
            paragraph("Options", "Heading2"),
            table(("Name", "Default"), ("port", "8080")),
        ),
        "acme.docx",
    )
    assert document.title == "The Acme handbook"
    assert outline(document) == [("The Acme handbook", ""), ("Install", ""), ("Options", "")]
    assert document.sections[2].headings == ("Install", "Options")
    assert [block.text for block in blocks(document)] == [
        "Run <it> & wait for the_result.",
        "```\npip install acme\nacme --now\n```",
        "| Name | Default |\n| --- | --- |\n| port | 8080 |",
    ]


def test_a_document_without_headings_has_its_files_name():
    assert read(docx(paragraph("Text.")), "notes.docx").title == "notes"


def test_a_bomb_is_not_unpacked(monkeypatch):
    monkeypatch.setattr(docx_module, "MAX_XML_BYTES", 2**20)
    bomb = docx(paragraph("x" * 2**21))
    assert len(bomb) < 2**14
    with pytest.raises(PageError, match="unpacks to more than 1 MiB"):
        read(bomb, "a.docx")


def test_entities_are_not_expanded():
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha"}">' for n in range(12))
    file = BytesIO(docx(paragraph("x")))
    document = f'<!DOCTYPE d [{laughs}]><w:document xmlns:w="w">&l11;</w:document>'
    changed = BytesIO()
    with ZipFile(file) as old, ZipFile(changed, "w", ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, document if name == "word/document.xml" else old.read(name))
    with pytest.raises(PageError, match="Word document"):
        read(changed.getvalue(), "a.docx")


def empty_zip() -> bytes:
    file = BytesIO()
    ZipFile(file, "w").close()
    return file.getvalue()


@pytest.mark.parametrize("data", [b"", b"no zip", b"PK\x03\x04broken", empty_zip()])
def test_what_is_no_word_document(data: bytes):
    with pytest.raises(PageError, match="can't be read as a Word document"):
        read(data, "a.docx")


def test_a_bomb_under_another_name_is_not_unpacked(monkeypatch):
    monkeypatch.setattr(docx_module, "MAX_XML_BYTES", 2**20)
    file = BytesIO(docx(paragraph("Text.")))
    with ZipFile(file, "a", ZIP_DEFLATED) as archive:
        archive.writestr("word/more.bin", "x" * 2**21)
    with pytest.raises(PageError, match="unpacks to more than 1 MiB"):
        read(file.getvalue(), "a.docx")
