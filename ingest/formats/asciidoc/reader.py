"""A page of AsciiDoc becomes a document, through the HTML that it stands for."""

from __future__ import annotations

from ingest.documents import Document, Page, PageError, translate_parser_errors
from ingest.formats.asciidoc.attributes import Attributes
from ingest.formats.asciidoc.blocks import BlockRenderer
from ingest.formats.asciidoc.preprocessor import read_lines
from ingest.formats.html import convert_html_page
from ingest.formats.structure import build_converted_document

MAX_CHARS = 1_000_000
"""Longest page of AsciiDoc."""


def read_asciidoc(page: Page) -> Document:
    """Read AsciiDoc.

    Its title is the first heading, else the file's name. Sections have the anchors of Asciidoctor.

    Raises:
        PageError: the page is too large, or nested too deeply.
    """
    text = page.text
    if len(text) > MAX_CHARS:
        raise PageError(f"is larger than {MAX_CHARS // 1_000_000} million characters")
    with translate_parser_errors("AsciiDoc"):
        # A key or a signature may end in `.asc`, too; there is nothing to read in it.
        html = "" if text.startswith("-----BEGIN PGP") else render_asciidoc(text)
    return build_converted_document(page, convert_html_page(html)[1])


def render_asciidoc(text: str) -> str:
    """Return a page of AsciiDoc as HTML."""
    return BlockRenderer(Attributes()).render_page(read_lines(text))
