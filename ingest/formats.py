"""The readers: one for each kind of file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import PurePosixPath

from ingest.documents import Document, Page
from ingest.markdown import read_markdown, read_mdx, read_text

Reader = Callable[[Page], Document]

READERS: Mapping[str, Reader] = {
    ".md": read_markdown,
    ".markdown": read_markdown,
    ".mdx": read_mdx,
    ".txt": read_text,
}
"""The reader of each suffix. A new format is one more line here."""

VARIABLES_FILE = "Variables.json"
"""Values for `{{name}}` and `{{var.name}}` in the pages beside and below it."""


def is_wanted(path: str) -> bool:
    """Whether a file of a source is a document or belongs to one."""
    return is_document(path) or PurePosixPath(path).name == VARIABLES_FILE


def is_document(path: str) -> bool:
    """Whether there is a reader for the file."""
    return PurePosixPath(path).suffix.lower() in READERS


def read_document(page: Page) -> Document:
    """Read a page with the reader of its suffix."""
    return READERS[PurePosixPath(page.path).suffix.lower()](page)
