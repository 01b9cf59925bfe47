"""Lists of pages: sitemaps, llms.txt files, and the links of a page."""

from __future__ import annotations

import gzip
import re
import zlib
from contextlib import suppress
from dataclasses import dataclass
from html.parser import HTMLParser
from io import BytesIO
from itertools import islice
from xml.parsers import expat

from ingest.formats.html_markup import shorten_markup
from ingest.sources.website.paths import MAX_ADDRESS, resolve_link

MAX_SITEMAP_BYTES = 64 * 2**20
"""Largest sitemap that is read, unpacked; the protocol allows 50 MB."""

MAX_ADDRESSES = 50_000
"""Most addresses of a sitemap or llms.txt; the protocol of sitemaps has the same limit."""

MAX_LINKS = 10_000
"""Most links of a page that are followed."""

MAX_LLMS_CHARACTERS = 2 * 2**20
"""Characters of an llms.txt that are read."""

_GZIP = b"\x1f\x8b"
_MAX_XML_DEPTH = 50
_LOC_DEPTH = 3  # of `loc` in `url` in `urlset`
# Groups are possessive and short: the text may be one line of millions of brackets.
_LINK = re.compile(
    r"\[(?:[^\[\]\n]|\[[^\[\]\n]{0,1000}+\]){0,1000}+\]"
    r"\(\s{0,100}+<?([^()\s<>\[\]]{1,2000}+(?:\([^()\s<>]{0,200}+\)[^()\s<>]{0,200}+)?+)>?"
    r"(?:\s{1,100}+\"[^\"\n]{0,1000}+\")?+\s{0,100}+\)"
)


@dataclass(frozen=True, slots=True)
class Sitemap:
    """The addresses of pages and of further sitemaps that a sitemap lists."""

    pages: tuple[str, ...]
    sitemaps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PageLinks:
    """The canonical address of an HTML page, empty for none, and those of its links."""

    canonical: str
    links: tuple[str, ...]


def parse_sitemap(data: bytes, base: str) -> Sitemap:
    """Parse a sitemap, gzipped or not; addresses beyond `MAX_ADDRESSES` are left out.

    Raises:
        ValueError: the data is no sitemap.
    """
    reader = _SitemapReader()
    try:
        reader.feed(_decompress(data))
    except (expat.ExpatError, LookupError) as error:
        raise ValueError(str(error)) from error
    if reader.kind not in {"urlset", "sitemapindex"}:
        raise ValueError(f"its first element is {reader.kind[:100]}")
    links = (resolve_link(base, address) for address in reader.addresses)
    addresses = tuple(dict.fromkeys(filter(None, links)))
    return Sitemap(addresses, ()) if reader.kind == "urlset" else Sitemap((), addresses)


class _EnoughError(Exception):
    """Ends the reading of a sitemap."""


class _SitemapReader:
    """Reads the addresses of a sitemap without building a tree."""

    def __init__(self) -> None:
        self.kind = ""
        self.addresses: list[str] = []
        self._depth = 0
        self._text: list[str] | None = None
        self._length = 0
        self._parser = expat.ParserCreate(namespace_separator="}")
        self._parser.StartElementHandler = self._on_start
        self._parser.EndElementHandler = self._on_end
        self._parser.CharacterDataHandler = self._on_text
        # Called in any encoding of the sitemap; a search in its bytes would know one.
        self._parser.StartDoctypeDeclHandler = self._refuse_doctype

    def feed(self, data: bytes) -> None:
        # At once: of a long token, expat reads each block anew from its beginning.
        with suppress(_EnoughError):
            self._parser.Parse(data, True)  # noqa: FBT003  (the library's argument)

    def _on_start(self, name: str, _: object) -> None:
        self._depth += 1
        if self._depth == 1:
            self.kind = _strip_namespace(name)
        elif self._depth > _MAX_XML_DEPTH:
            raise ValueError("it is nested too deeply")
        elif self._depth == _LOC_DEPTH and _strip_namespace(name) == "loc":
            self._text, self._length = [], 0

    def _on_end(self, _: str) -> None:
        if self._depth == _LOC_DEPTH and self._text is not None:
            if self._length <= MAX_ADDRESS:
                self.addresses.append("".join(self._text))
            self._text = None
            if len(self.addresses) == MAX_ADDRESSES:
                raise _EnoughError
        self._depth -= 1

    def _on_text(self, text: str) -> None:
        if self._text is not None and self._length <= MAX_ADDRESS:
            self._length += len(text)
            self._text.append(text)

    def _refuse_doctype(self, *_: object) -> None:
        raise ValueError("it declares a document type of its own")


def parse_llms(text: str, base: str) -> tuple[str, ...]:
    """Return the links of an llms.txt in their order.

    The format is described at https://llmstxt.org.
    """
    found = islice(_LINK.finditer(text[:MAX_LLMS_CHARACTERS]), MAX_ADDRESSES)
    links = (resolve_link(base, match[1]) for match in found)
    return tuple(dict.fromkeys(filter(None, links)))


def parse_links(html: str, base: str) -> PageLinks:
    """Return the canonical address and the links of an HTML page.

    Broken links are left out, and those beyond `MAX_LINKS`.
    """
    reader = _LinkReader()
    # Markup that the parser can't read, such as `<![x[`, ends the links and not the page.
    with suppress(AssertionError, ValueError):
        reader.feed(shorten_markup(html))
        reader.close()
    base = resolve_link(base, reader.base) or base
    links = (resolve_link(base, link) for link in reader.links)
    canonical = resolve_link(base, reader.canonical) if reader.canonical else ""
    return PageLinks(canonical, tuple(dict.fromkeys(filter(None, links))))


class _LinkReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.base = ""
        self.canonical = ""
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        address = values.get("href") or ""
        if tag == "a" and address and len(self.links) < MAX_LINKS:
            self.links.append(address)
        elif tag == "base":
            self.base = self.base or address
        elif tag == "link" and "canonical" in (values.get("rel") or "").lower().split():
            self.canonical = self.canonical or address

    # `<a/>` is `<a>` to a browser.
    handle_startendtag = handle_starttag


def _decompress(data: bytes) -> bytes:
    if not data.startswith(_GZIP):
        return data
    try:
        with gzip.GzipFile(fileobj=BytesIO(data)) as file:
            unpacked = file.read(MAX_SITEMAP_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"it can't be unpacked ({error})") from error
    if len(unpacked) > MAX_SITEMAP_BYTES:
        raise ValueError("it is too large")
    return unpacked


def _strip_namespace(tag: object) -> str:
    return str(tag).rpartition("}")[2].lower()
