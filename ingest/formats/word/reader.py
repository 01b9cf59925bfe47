"""Word documents (.docx): headings, lists, tables and links, by mammoth."""

from __future__ import annotations

import re
from xml.etree.ElementTree import ParseError
from xml.parsers.expat import ExpatError
from zipfile import BadZipFile

import mammoth

from ingest.documents import Document, Page, translate_parser_errors
from ingest.formats.html import convert_html_page
from ingest.formats.office.package import MAX_TAGS, MAX_XML_BYTES, check_package
from ingest.formats.structure import build_converted_document
from ingest.formats.word.body import prepare_word

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
        check_package(page.data, max_bytes=MAX_XML_BYTES, max_tags=MAX_TAGS)
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
