"""What a file of a source is before and after it is read: a page, and a document with headings."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from rag_core.types import content_hash

Kind = Literal["paragraph", "list", "item", "quote", "fence", "code", "table", "html"]


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a section, as a reader sees it.

    Attributes:
        kind: what it is.
        text: its original lines.
        parts: the blocks it consists of; a list of items, an item of paragraphs and fences.
        head: lines to repeat in front of each part when it must be divided: the opening line of a
            fence, the header of a table.
        tail: likewise behind: the closing line of a fence.
    """

    kind: Kind
    text: str
    parts: tuple[Block, ...] = ()
    head: str = ""
    tail: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """What stands under one heading; `headings` from the outermost, none before the first."""

    headings: tuple[str, ...]
    anchor: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A page, read. `content_hash` changes when anything of it does, its URL included."""

    source: str
    path: str
    url: str
    title: str
    sections: tuple[Section, ...]
    content_hash: str


@dataclass(frozen=True, slots=True)
class Page:
    """A file ready to be read: text is UTF-8, its variables are filled in."""

    source: str
    path: str
    url: str
    data: bytes

    @property
    def content_hash(self) -> str:
        """Tells whether the page changed since it was indexed."""
        return content_hash(self.path, self.url, hashlib.sha256(self.data).hexdigest())

    @property
    def text(self) -> str:
        """The page's text, lines ended by a newline alone."""
        return self.data.decode().replace("\r\n", "\n").replace("\r", "\n")

    @property
    def stem(self) -> str:
        """The file's name without its suffix: the title where there is no better one."""
        return PurePosixPath(self.path).stem


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages of one source; failures are readable lines `path: what`."""

    source: str
    pages: tuple[Page, ...]
    failures: tuple[str, ...]
