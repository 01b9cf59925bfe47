"""Pages and documents: a file of a source before and after its format is read."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Literal

from ingest.spool import Content, hash_data, measure_content, read_content
from rag_core.types import hash_content

BlockKind = Literal["paragraph", "list", "item", "quote", "fence", "code", "table", "html"]

MAX_HEADINGS = 12
"""Headings above a text; deeper ones, which a PDF's bookmarks may have, are left out."""

MAX_TITLE = 300
"""Characters of a title or heading; a longer one is text that only looks like one."""

# Errors that parsers raise over broken files, beside their own.
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
    """A page can't be read; its text continues a line of the report that names the page."""


class HardPageError(PageError):
    """A page took too long or too much memory; docent tries it again when it has changed."""


class WaitingPageError(PageError):
    """A page had no full turn; the next sync reads it before the others."""


@contextmanager
def translate_parser_errors(what: str, *errors: type[Exception]) -> Iterator[None]:
    """Translate the errors of a parser into a PageError of one sentence.

    Args:
        what: the kind of file, for the sentence.
        errors: the parser's own errors, beside those that all parsers raise.

    Raises:
        PageError: the parser raised one of these errors.
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
    """A piece of a section, such as a paragraph or a table.

    Attributes:
        kind: the kind of block.
        text: its original lines.
        parts: the blocks inside it: the items of a list, the paragraphs and fences of an item.
        head: lines to repeat before each part if the block is divided: the opening line of a
            fence, the header of a table.
        tail: lines to repeat after each part: the closing line of a fence.
    """

    kind: BlockKind
    text: str
    parts: tuple[Block, ...] = ()
    head: str = ""
    tail: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """The blocks under one heading.

    Attributes:
        headings: the heading and those above it, from the outermost; none before the first.
        anchor: of the heading, for a link to it.
        blocks: the text.
    """

    headings: tuple[str, ...]
    anchor: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A page that was read.

    Attributes:
        source: name of its source.
        path: its path inside the source.
        url: its address for people.
        title: its title.
        sections: its text.
        content_hash: hash that changes with its content and its URL.
        version: version of the product that it describes.
        language: its language as a BCP 47 tag.
        notes: what its reader left out, and why; each continues a line of the report that names
            the page.
    """

    source: str
    path: str
    url: str
    title: str
    sections: tuple[Section, ...]
    content_hash: str
    version: str = ""
    language: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """A file ready to be read.

    Attributes:
        source: name of its source.
        path: its path inside the source.
        url: its address for people.
        content: its text in UTF-8 with variables filled in, or the unchanged file of a binary
            format; in memory or in a spool.
        media_type: the type that a web server names; empty where the suffix decides.
        version: version of the product that it describes, as its source says.
        language: its language as a BCP 47 tag, as its source says.
        anchors: the site's rule for anchors of headings, see `ingest.sources.Source`.
        title: its title, if that is known; None to take it from the text.
        maker: name of the site maker that builds it; empty if unknown.
        links: addresses of other pages by the targets of its links, as they are written.
        link_titles: titles of pages and sections likewise, for references that name none.
    """

    source: str
    path: str
    url: str
    content: Content
    media_type: str = ""
    version: str = ""
    language: str = ""
    anchors: str = "github"
    title: str | None = None
    maker: str = ""
    links: Mapping[str, str] = field(default_factory=dict, hash=False)
    link_titles: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def data(self) -> bytes:
        """The bytes of `content`; read anew each time if they are in a spool."""
        return read_content(self.content)

    @property
    def size(self) -> int:
        """Number of bytes."""
        return measure_content(self.content)

    @property
    def content_hash(self) -> str:
        """Hash that changes when the page has to be indexed again."""
        more = [] if self.anchors == "github" else [self.anchors]
        if self.maker or self.links or self.link_titles:
            pairs = [sorted(self.links.items()), sorted(self.link_titles.items())]
            more = [self.anchors, self.maker, json.dumps(pairs)]
        labels = (self.media_type, self.version, self.language, *more)
        data = hash_data(self.content)
        return hash_content(self.path, self.url, data, *(labels if any(labels) else ()))

    @property
    def text(self) -> str:
        """The page's text; its lines end with a newline alone."""
        return self.data.decode().replace("\r\n", "\n").replace("\r", "\n")

    @property
    def stem(self) -> str:
        """The file's name without its suffix: the title if there is no better one."""
        return PurePosixPath(self.path).stem


@dataclass(frozen=True, slots=True)
class SourcePages:
    """The pages of one source.

    Attributes:
        source: its name.
        pages: the pages that were read.
        failures: readable lines `path: problem`.
        unread: paths of existing pages that could not be read; a folder ends in a slash.
        sites: one line on the sites that are made of the pages; empty if none was found.
        notes: readable lines about what was read all the same.
    """

    source: str
    pages: tuple[Page, ...]
    failures: tuple[str, ...]
    unread: tuple[str, ...] = ()
    sites: str = ""
    notes: tuple[str, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        """Paths of all existing pages, read or not."""
        return tuple(page.path for page in self.pages) + self.unread


def build_document(
    page: Page, title: str, sections: Sequence[Section], *, notes: Sequence[str] = ()
) -> Document:
    """Build the document of a page that was read.

    Args:
        page: the page.
        title: the title that its text has; one that the page has goes before it. It is cut at
            `MAX_TITLE` characters.
        sections: its sections; of each, the outermost `MAX_HEADINGS` headings stay.
        notes: what was left out, and why, for the report.

    Returns:
        The document, with the labels of the page.
    """
    return Document(
        source=page.source,
        path=page.path,
        url=page.url,
        title=(title if page.title is None else page.title)[:MAX_TITLE],
        sections=tuple(
            replace(section, headings=section.headings[:MAX_HEADINGS]) for section in sections
        ),
        content_hash=page.content_hash,
        version=page.version,
        language=page.language,
        notes=tuple(notes),
    )
