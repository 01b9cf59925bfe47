"""Media types of web pages: which docent reads, by header, suffix or signature."""

from __future__ import annotations

import mimetypes
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from ingest.formats import is_possible_specification

HTML = "text/html"
MARKDOWN = "text/markdown"
MDX = "text/mdx"
TEXT = "text/plain"
RST = "text/x-rst"
ASCIIDOC = "text/asciidoc"
NOTEBOOK = "application/x-ipynb+json"
PDF = "application/pdf"
JSON = "application/json"
YAML = "application/yaml"
_OFFICE = "application/vnd.openxmlformats-officedocument"
DOCX = f"{_OFFICE}.wordprocessingml.document"
PPTX = f"{_OFFICE}.presentationml.presentation"
XLSX = f"{_OFFICE}.spreadsheetml.sheet"

SUFFIXES = {
    HTML: (".html", ".htm", ".xhtml"),
    MARKDOWN: (".md", ".markdown", ".mdx", ".txt"),
    MDX: (".mdx", ".md", ".markdown"),
    TEXT: (".txt", ".md", ".markdown", ".mdx", ".rst"),
    RST: (".rst",),
    ASCIIDOC: (".adoc", ".asciidoc", ".asc"),
    NOTEBOOK: (".ipynb",),
    PDF: (".pdf",),
    DOCX: (".docx",),
    PPTX: (".pptx",),
    XLSX: (".xlsx",),
    JSON: (".json",),
    YAML: (".yaml", ".yml"),
}
"""Suffixes that may stay, by the media types that are read; the first is added if none does."""

SNIFFED_BYTES = 1_024
"""Bytes of a body after which its kind is known."""

_ALIASES = {
    "application/xhtml+xml": HTML,
    "text/x-markdown": MARKDOWN,
    "text/vnd.markdown": MARKDOWN,
    "application/markdown": MARKDOWN,
    "application/x-markdown": MARKDOWN,
    "text/x-mdx": MDX,
    "application/mdx": MDX,
    "application/x-mdx": MDX,
    "text/prs.fallenstein.rst": RST,
    "text/rst": RST,
    "text/x-asciidoc": ASCIIDOC,
    "application/x-pdf": PDF,
    "text/json": JSON,
    "application/vnd.oai.openapi": YAML,
    "application/vnd.oai.openapi+json": JSON,
    "application/vnd.oai.openapi+yaml": YAML,
    "application/x-yaml": YAML,
    "text/yaml": YAML,
    "text/x-yaml": YAML,
}
_UNKNOWN = {
    "",
    "application/binary",
    "application/download",
    "application/force-download",
    "application/octet-stream",
    "application/unknown",
    "application/x-download",
    "application/x-octet-stream",
    "application/x-zip",
    "application/x-zip-compressed",
    "application/zip",
    "binary/octet-stream",
}
"""Types that say nothing, or only how a file is packed."""

_BY_SUFFIX = {suffix: media_type for media_type in SUFFIXES for suffix in SUFFIXES[media_type]} | {
    ".txt": TEXT,
    ".md": MARKDOWN,
    ".markdown": MARKDOWN,
    ".mdx": MDX,
    ".rst": RST,
}
_OFFICE_PARTS = {b"word/document": DOCX, b"ppt/presentation": PPTX, b"xl/workbook": XLSX}
_ZIP = b"PK\x03\x04"
_PDF = b"%PDF-"
_HTML = (b"<!doctype html", b"<html")


def parse_media_type(content_type: str) -> str:
    """Return the media type of a Content-Type header; empty if unsupported."""
    media_type = _strip_parameters(content_type)
    media_type = _ALIASES.get(media_type, media_type)
    return media_type if media_type in SUFFIXES else ""


def detect_media_type(content_type: str, address: str, data: bytes) -> str:
    """Return the media type of a page; empty if not read.

    The signature of a PDF or an Office file goes before the header, and the suffix of the address
    decides where the header says nothing or only that the page is text.

    Args:
        content_type: the Content-Type header.
        address: address of the page.
        data: its body, or the beginning of it.

    Returns:
        the media type, one of `SUFFIXES`; empty if docent does not read it.
    """
    if not data:
        return ""
    declared, by_suffix = parse_media_type(content_type), _BY_SUFFIX.get(_get_suffix(address), "")
    if signature := _find_signature(data):
        return signature
    if declared == TEXT:
        is_data = by_suffix in {JSON, YAML} and _is_specification(address)
        return by_suffix if is_data or by_suffix in {MARKDOWN, MDX, RST, ASCIIDOC} else TEXT
    if declared == JSON and by_suffix == NOTEBOOK:
        declared = NOTEBOOK
    if JSON in {declared, by_suffix} or YAML in {declared, by_suffix}:
        return (declared or by_suffix) if _is_specification(address) else ""
    if declared or _strip_parameters(content_type) not in _UNKNOWN:
        return declared
    return by_suffix or (HTML if data[:SNIFFED_BYTES].lstrip().lower().startswith(_HTML) else "")


def describe_content(content_type: str, media_type: str) -> str:
    """Return the Content-Type header that a page should have had."""
    if parse_media_type(content_type) == media_type:
        return content_type
    _, semicolon, parameters = content_type.partition(";")
    return f"{media_type}{semicolon}{parameters}"


def should_download(content_type: str, address: str, beginning: bytes) -> bool:
    """Return whether a body is worth its download.

    Args:
        content_type: the Content-Type header.
        address: address of the page.
        beginning: the beginning of its body; empty if nothing is known of it yet.

    Returns:
        true if docent reads the kind, or may read it once more is known.
    """
    declared = parse_media_type(content_type)
    if declared:
        is_notebook = _BY_SUFFIX.get(_get_suffix(address)) == NOTEBOOK
        return declared not in {JSON, YAML} or is_notebook or _is_specification(address)
    if _strip_parameters(content_type) not in _UNKNOWN:
        return False
    if not beginning:
        return can_be_page(address)
    return beginning.startswith(_ZIP) or bool(detect_media_type(content_type, address, beginning))


def can_be_page(address: str) -> bool:
    """Return whether a link may lead to a page.

    The suffix decides: images and archives are not pages.
    """
    if media_type := _BY_SUFFIX.get(_get_suffix(address)):
        return media_type not in {JSON, YAML} or _is_specification(address)
    media_type, encoding = mimetypes.guess_type(urlsplit(address).path)
    return encoding is None and (media_type is None or bool(parse_media_type(media_type)))


def _is_specification(address: str) -> bool:
    """Return whether an address may describe an API.

    Other files of data are none for people.
    """
    path = unquote(urlsplit(address).path, errors="replace")
    return is_possible_specification(path if _get_suffix(address) else f"{path}.json")


def _strip_parameters(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _get_suffix(address: str) -> str:
    return PurePosixPath(unquote(urlsplit(address).path, errors="replace")).suffix.lower()


def _find_signature(data: bytes) -> str:
    if data.startswith(_PDF):
        return PDF
    if not data.startswith(_ZIP):
        return ""
    # The names of a zip's entries are not packed; a list of them could be very long.
    return next((kind for part, kind in _OFFICE_PARTS.items() if part in data), "")
