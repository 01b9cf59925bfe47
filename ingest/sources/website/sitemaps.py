"""Lists of pages: sitemaps, llms.txt files, and the links of a page."""

from __future__ import annotations

import gzip
import re
import zlib
from contextlib import suppress
from dataclasses import dataclass
from html.parser import HTMLParser
from io import BytesIO
from xml.etree import ElementTree as ET

from ingest.sources.website.paths import resolve_link

MAX_SITEMAP_BYTES = 64 * 2**20
"""Largest sitemap that is read, unpacked; the protocol allows 50 MB."""

_GZIP = b"\x1f\x8b"
_DOCTYPE = re.compile(rb"<!\s*(doctype|entity)", re.IGNORECASE)
_LINK = re.compile(r"\[(?:[^\[\]\n]|\[[^\[\]\n]*\])*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"\n]*\")?\s*\)")


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
    """Parse a sitemap, gzipped or not.

    Raises:
        ValueError: the data is no sitemap.
    """
    data = _decompress(data)
    if _DOCTYPE.search(data):
        raise ValueError("it declares a document type of its own")
    try:
        root = ET.fromstring(data)  # noqa: S314  (entities were refused above)
    except (ET.ParseError, LookupError, ValueError) as error:
        raise ValueError(str(error)) from error
    kind = _strip_namespace(root.tag)
    if kind not in {"urlset", "sitemapindex"}:
        raise ValueError(f"its first element is {kind}")
    links = [
        resolve_link(base, child.text or "")
        for item in root
        for child in item
        if _strip_namespace(child.tag) == "loc"
    ]
    addresses = tuple(dict.fromkeys(filter(None, links)))
    return Sitemap(addresses, ()) if kind == "urlset" else Sitemap((), addresses)


def parse_llms(text: str, base: str) -> tuple[str, ...]:
    """Return the links of an llms.txt in their order.

    The format is described at https://llmstxt.org.
    """
    links = (resolve_link(base, link) for link in _LINK.findall(text))
    return tuple(dict.fromkeys(filter(None, links)))


def parse_links(html: str, base: str) -> PageLinks:
    """Return the canonical address and the links of an HTML page.

    Broken links are left out.
    """
    reader = _LinkReader()
    # Markup that the parser can't read, such as `<![x[`, ends the links and not the page.
    with suppress(AssertionError, ValueError):
        reader.feed(html)
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
        if tag == "a" and address:
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
