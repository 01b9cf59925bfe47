"""Word documents (.docx): headings, lists, tables and links, by mammoth."""

from __future__ import annotations

import re
from io import BytesIO
from xml.etree.ElementTree import ParseError
from xml.parsers.expat import ExpatError
from zipfile import BadZipFile, ZipFile, ZipInfo

import mammoth

from ingest.documents import Document, Page, PageError, translate_parser_errors
from ingest.formats.html import convert_html_page
from ingest.formats.structure import build_converted_document
from ingest.formats.word.body import prepare_word
from ingest.formats.zip_directory import has_too_many_entries

MAX_XML_BYTES = 64 * 2**20
"""Most XML of a document, unpacked: a bomb packs gigabytes into a few kilobytes."""

MAX_TAGS = 1_000_000
"""Most XML tags: mammoth keeps an object for each, and a book has some hundred thousand."""

_MAX_ENTRIES = 10_000
_STYLES = """
p[style-name='Title'] => h1:fresh
p[style-name='Subtitle'] => p:fresh
p[style-name='Source Code'] => pre:separator('\\n')
p[style-name='Code'] => pre:separator('\\n')
p[style-name='HTML Preformatted'] => pre:separator('\\n')
r[style-name='Verbatim Char'] => code
r[style-name='HTML Code'] => code
"""


_NUMBERED_LIST = re.compile(r"<ol><li>\ue000(\d+)\ue001")
_NUMBER = re.compile(r"\ue000\d+\ue001")
_CHECK_BOX = re.compile(r'<input [^<>]*type="checkbox"[^<>]*>')
_BOXES = {ord("☐"): "[ ]", ord("☑"): "[x]", ord("☒"): "[x]"}


def read_docx(page: Page) -> Document:
    """Read a Word document.

    Its title is the first heading or title, else the file's name. Its sections have no anchors,
    since no link can lead into it.

    Raises:
        PageError: the page is not a Word document, or unpacks to more than docent reads.
    """
    with translate_parser_errors("a Word document", BadZipFile, ExpatError, ParseError):
        _check_size(page.data)
        html = mammoth.convert_to_html(
            prepare_word(page.data),
            style_map=_STYLES,
            id_prefix="",
            convert_image=mammoth.images.img_element(lambda _image: {}),
        ).value
    return build_converted_document(page, convert_html_page(_finish_html(html), anchors=False)[1])


def _finish_html(html: str) -> str:
    """Return mammoth's HTML with numbers and check boxes."""
    html = _NUMBERED_LIST.sub(r'<ol start="\1"><li>', html)
    html = _NUMBER.sub("", html)
    html = _CHECK_BOX.sub(lambda box: "[x]" if "checked" in box[0] else "[ ]", html)
    return html.translate(_BOXES)


def _check_size(data: bytes) -> None:
    if has_too_many_entries(BytesIO(data), _MAX_ENTRIES):
        raise PageError(f"holds more than {_MAX_ENTRIES:,} files")
    with ZipFile(BytesIO(data)) as archive:
        entries = archive.infolist()
        tags = sum(_count_tags(archive, entry) for entry in entries if _is_xml(entry))
    # Pictures hardly shrink: an entry that does is text under any name.
    text_bytes = sum(
        entry.file_size for entry in entries if entry.file_size > 2 * entry.compress_size
    )
    if text_bytes > MAX_XML_BYTES:
        raise PageError(f"unpacks to more than {MAX_XML_BYTES // 2**20} MiB of text")
    if tags > MAX_TAGS:
        raise PageError(f"has more than {MAX_TAGS:,} XML tags")


def _is_xml(entry: ZipInfo) -> bool:
    return entry.filename.lower().endswith((".xml", ".rels"))


def _count_tags(archive: ZipFile, entry: ZipInfo) -> int:
    """Count the tags of a file, in every encoding of XML."""
    if entry.file_size > MAX_XML_BYTES:
        raise PageError(f"unpacks to more than {MAX_XML_BYTES // 2**20} MiB of text")
    with archive.open(entry) as file:
        return sum(block.count(b"<") for block in iter(lambda: file.read(2**16), b""))
