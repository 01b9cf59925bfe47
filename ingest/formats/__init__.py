"""Readers, one for each format; what a format needs is imported when it is first read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath

from ingest.documents import Document, Page, PageError
from ingest.formats.markdown import read_markdown, read_text
from ingest.formats.navigation import drop_navigation
from ingest.formats.page_links import resolve_links
from ingest.formats.settings_files import is_settings_file

Reader = Callable[[Page], Document]


def _read_markdown(page: Page) -> Document:
    from ingest.formats.mdx.reader import is_mdx

    is_docusaurus = page.maker == "docusaurus"  # where `.md` is MDX, too
    return _read_mdx(page) if is_docusaurus or is_mdx(page.text) else read_markdown(page)


def _read_mdx(page: Page) -> Document:
    from ingest.formats.mdx.reader import read_mdx

    return read_mdx(page)


def _read_html(page: Page) -> Document:
    from ingest.formats.html import read_html

    return read_html(page)


def _read_rst(page: Page) -> Document:
    from ingest.formats.rst import read_rst

    return read_rst(page)


def _read_notebook(page: Page) -> Document:
    from ingest.formats.notebook import read_notebook

    return read_notebook(page)


def _read_pdf(page: Page) -> Document:
    from ingest.formats.pdf.reader import read_pdf

    return read_pdf(page)


def _read_docx(page: Page) -> Document:
    from ingest.formats.word.reader import read_docx

    return read_docx(page)


def _read_asciidoc(page: Page) -> Document:
    from ingest.formats.asciidoc.reader import read_asciidoc

    return read_asciidoc(page)


def _read_pptx(page: Page) -> Document:
    from ingest.formats.office.presentation import read_pptx

    return read_pptx(page)


def _read_xlsx(page: Page) -> Document:
    from ingest.formats.office.workbook import read_xlsx

    return read_xlsx(page)


def _read_openapi(page: Page) -> Document:
    from ingest.formats.openapi.reader import read_openapi

    return read_openapi(page)


READERS: Mapping[str, Reader] = {
    ".md": _read_markdown,
    ".markdown": _read_markdown,
    ".mdx": _read_mdx,
    ".txt": read_text,
    ".rst": _read_rst,
    ".adoc": _read_asciidoc,
    ".asciidoc": _read_asciidoc,
    ".asc": _read_asciidoc,
    ".html": _read_html,
    ".htm": _read_html,
    ".xhtml": _read_html,
    ".ipynb": _read_notebook,
    ".pdf": _read_pdf,
    ".docx": _read_docx,
    ".pptx": _read_pptx,
    ".xlsx": _read_xlsx,
    ".openapi": _read_openapi,
}
"""The reader of each suffix. A new format is one more line here."""

LINKED = {".md", ".markdown", ".mdx", ".rst", ".adoc", ".asciidoc", ".asc", ".ipynb"}
"""Formats whose pages name each other by their files."""

BINARY = {".pdf", ".docx", ".pptx", ".xlsx"}
"""Formats that are not text."""

TEMPLATES = {".md", ".markdown", ".mdx", ".txt"}
"""Formats that people write, where site generators fill in variables and includes."""

PART_TYPE = "application/vnd.docent.openapi-part+json"
"""Media type of a part of an API's description, which docent itself makes."""

_SPECIFICATION_SUFFIXES = {".yaml", ".yml", ".json"}
_SPECIFICATION_TYPES = re.compile(
    r"(?:application|text)/(?:(?:[\w.-]+\+)?(?:json|yaml)|x-yaml|vnd\.oai\.openapi)", re.IGNORECASE
)
_SPECIFICATION_WORDS = re.compile(
    r"(?:open-?api|swagger|oas)|(?<![a-z])(?:apis?|rest|specs?|specifications?|references?|"
    r"endpoints?|webhooks?|schemas?|petstore|components|paths|parameters|responses|"
    r"definitions)(?![a-z])",
    re.IGNORECASE,
)
"""Words in the path of a file that may describe an API, or be a part of such a description."""

_LINKING = {".md", ".markdown", ".mdx", ".rst", ".adoc", ".html", ".htm", ".xhtml"}
"""Formats of pages that may only lead to others."""

VARIABLES_FILE = "Variables.json"
"""Values for `{{name}}` and `{{var.name}}` in the pages beside and below it."""

MAX_BYTES = 20 * 10**6
"""Largest text that is read; no page for people is larger."""

MAX_FILE_BYTES = 64 * 2**20
"""Largest file of a binary format."""

_MEDIA_TYPES: Mapping[str, str] = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "text/markdown": ".md",
    "text/x-rst": ".rst",
    "text/prs.fallenstein.rst": ".rst",
    "application/x-ipynb+json": ".ipynb",
    "text/asciidoc": ".adoc",
    "application/pdf": ".pdf",
    PART_TYPE: ".openapi",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": ".pptx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
}


def detect_format(path: str, media_type: str = "") -> str:
    """Return the format of a file, as its suffix in READERS.

    The Content-Type of a web server goes before the name: a website's page `faq.md` is HTML.
    Return an empty string if there is no reader.
    """
    plain_type = media_type.partition(";")[0].strip().lower()
    suffix = PurePosixPath(path).suffix.lower()
    if plain_type in _MEDIA_TYPES:
        return _MEDIA_TYPES[plain_type]
    if suffix in READERS:
        return suffix
    return ".txt" if plain_type == "text/plain" else ""


def is_wanted(path: str) -> bool:
    """Return whether a file is a document or belongs to one."""
    name = PurePosixPath(path).name
    return (
        is_document(path)
        or name == VARIABLES_FILE
        or is_settings_file(path)
        or is_possible_specification(path)
    )


def is_possible_specification(path: str, media_type: str = "") -> bool:
    """Return whether a file may describe an API or a part."""
    plain_type = media_type.partition(";")[0].strip()
    if plain_type and plain_type != PART_TYPE and _SPECIFICATION_TYPES.fullmatch(plain_type):
        return True
    suffix = PurePosixPath(path).suffix.lower()
    is_known = not plain_type or plain_type in {"text/plain", "application/octet-stream"}
    if suffix not in _SPECIFICATION_SUFFIXES or not is_known:
        return False
    return bool(_SPECIFICATION_WORDS.search(path))


def is_document(path: str, media_type: str = "") -> bool:
    """Return whether there is a reader for the file."""
    return bool(detect_format(path, media_type))


def read_document(page: Page) -> Document:
    """Read a page with the reader of its format.

    Raises:
        PageError: the page is broken, too large or not of its format.
    """
    suffix = detect_format(page.path, page.media_type)
    if suffix not in BINARY and len(page.data) > MAX_BYTES:
        raise PageError(f"is larger than {MAX_BYTES // 10**6} MB")
    document = READERS[suffix](page)
    if suffix in LINKED:
        document = resolve_links(document, page)
    return drop_navigation(page, document) if suffix in _LINKING else document
