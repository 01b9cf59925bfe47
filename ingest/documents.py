"""What a file of a source is before and after it is read: a page, and a document with headings."""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Literal

from rag_core.types import hash_content

BlockKind = Literal["paragraph", "list", "item", "quote", "fence", "code", "table", "html"]

MAX_HEADINGS = 12
"""Headings above a text; deeper ones, as bookmarks of a PDF may be, are left out."""

MAX_TITLE = 300
"""Characters of a title or heading; a longer one is text that happens to look like one."""

# What parsers raise over broken files, beside errors of their own.
_BROKEN = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)


class PageError(ValueError):
    """A page can't be read; the text goes on where the report has named the page."""


@contextmanager
def translate_parser_errors(what: str, *errors: type[Exception]) -> Iterator[None]:
    """Say in one sentence that a page is not `what` its name says, whatever its parser raises.

    Raises:
        PageError: the parser raised one of `errors`, or what parsers raise over broken files.
    """
    broken: tuple[type[Exception], ...] = (*_BROKEN, *errors)
    try:
        yield
    except PageError:
        raise
    except RecursionError as error:
        raise PageError("is nested too deeply") from error
    except broken as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise PageError(f"can't be read as {what} ({reason})") from error


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

    kind: BlockKind
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
    version: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """A file ready to be read.

    Attributes:
        source: name of the source it came from.
        path: inside the source.
        url: where a reader finds it.
        data: UTF-8 with its variables filled in; of a binary format, the file as it was.
        media_type: what a web server says it is; else empty, and the suffix tells.
        version: of the product it is about, as its source says.
        language: likewise, as a BCP 47 tag.
        anchors: how the site makes an anchor of a heading, see `ingest.sources.Source`.
    """

    source: str
    path: str
    url: str
    data: bytes
    media_type: str = ""
    version: str = ""
    language: str = ""
    anchors: str = "github"

    @property
    def content_hash(self) -> str:
        """Tells whether the page changed since it was indexed."""
        anchors = () if self.anchors == "github" else (self.anchors,)
        labels = (self.media_type, self.version, self.language, *anchors)
        data = hashlib.sha256(self.data).hexdigest()
        return hash_content(self.path, self.url, data, *(labels if any(labels) else ()))

    @property
    def text(self) -> str:
        """The page's text, lines ended by a newline alone."""
        return self.data.decode().replace("\r\n", "\n").replace("\r", "\n")

    @property
    def stem(self) -> str:
        """The file's name without its suffix: the title where there is no better one."""
        return PurePosixPath(self.path).stem


@dataclass(frozen=True, slots=True)
class SourcePages:
    """The pages of one source.

    Attributes:
        source: its name.
        pages: those that were read.
        failures: readable lines `path: what`.
        unread: paths of pages that are there and could not be read.
    """

    source: str
    pages: tuple[Page, ...]
    failures: tuple[str, ...]
    unread: tuple[str, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        """Of all pages that are there, read or not."""
        return tuple(page.path for page in self.pages) + self.unread


def build_document(page: Page, title: str, sections: Sequence[Section]) -> Document:
    """The document of a page that was read."""
    return Document(
        source=page.source,
        path=page.path,
        url=page.url,
        title=title[:MAX_TITLE],
        sections=tuple(replace(one, headings=one.headings[:MAX_HEADINGS]) for one in sections),
        content_hash=page.content_hash,
        version=page.version,
        language=page.language,
    )
