"""All marks of a page: each finder runs only where a text has its signs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import PurePosixPath

from ingest.includes.asciidoc import find_asciidoc_includes
from ingest.includes.directives import find_myst_includes, find_rst_includes
from ingest.includes.imports import find_imports
from ingest.includes.marks import MAX_MARKS, Mark, MarkedText, order_marks
from ingest.includes.snippets import (
    find_book_includes,
    find_braced,
    find_snippets,
    find_starred,
)
from ingest.includes.templates import find_fragments, find_template_includes
from ingest.includes.vitepress import find_code_lines, find_comments

Finder = Callable[[MarkedText], Iterator[Mark]]

_Signs = tuple[bytes, ...]

_IMPORT_SIGNS = (b'mdx"', b"mdx'", b'.md"', b".md'", b"raw-loader", b"?raw", b"<Snippet")
_TAG_SIGNS = (b"include", b"readfile", b"data", b"render", b"code", b"snippet")
_FINDERS: tuple[tuple[Finder, _Signs] | tuple[Finder, _Signs, _Signs], ...] = (
    (find_imports, (b"import", b"<Snippet"), _IMPORT_SIGNS),
    (find_snippets, (b"8<-",)),
    (find_braced, (b"{!",)),
    (find_starred, (b"{*",)),
    (find_book_includes, (b"{{#",)),
    (find_code_lines, (b"<<<",)),
    (find_comments, (b"@include:",)),
    (find_template_includes, (b"{%", b"{{<"), _TAG_SIGNS),
    (find_fragments, (b"{{",), (b".md",)),
    (find_myst_includes, (b"include}", b"{eval-rst}")),
)
"""The finders, with signs of which a text must have one, and of which it must have one, too."""

_MARKDOWN = {".md", ".markdown", ".mdx"}
_RST = {".rst", ".rest", ".inc"}
_ASCIIDOC = {".adoc", ".asciidoc", ".asc"}


def has_signs(path: str, data: bytes) -> bool:
    """Return whether a file may have marks; most have none."""
    return bool(_choose_finders(path, data))


def find_marks(path: str, text: str) -> list[Mark]:
    """Return the marks of a page or a partial in their order.

    Args:
        path: the file; its suffix says which marks it may have.
        text: its text, whose lines end with a newline alone.
    """
    finders = _choose_finders(path, text.encode(errors="replace"))
    page = MarkedText(path, text)
    return order_marks(mark for finder in finders for mark in islice(finder(page), MAX_MARKS))


def _choose_finders(path: str, data: bytes) -> list[Finder]:
    suffix = PurePosixPath(path).suffix.lower()
    if suffix in _RST | _ASCIIDOC:
        finder = _find_rst if suffix in _RST else _find_asciidoc
        return [finder] if b"include::" in data else []
    if suffix == ".txt":
        return [find_fragments] if b"{{" in data else []
    if suffix not in _MARKDOWN:
        return []
    return [
        finder
        for finder, *groups in _FINDERS
        if all(any(sign in data for sign in signs) for signs in groups)
    ]


def _find_rst(page: MarkedText) -> Iterator[Mark]:
    return find_rst_includes(page.path, page.text)


def _find_asciidoc(page: MarkedText) -> Iterator[Mark]:
    return find_asciidoc_includes(page.path, page.text)
