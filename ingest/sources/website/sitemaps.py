"""Lists of pages, taken apart: a sitemap, an llms.txt, the links of a page."""

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
"""The sitemap protocol allows 50 MB, unpacked."""

_GZIP = b"\x1f\x8b"
_TYPE_OF_ITS_OWN = re.compile(rb"<!\s*(doctype|entity)", re.IGNORECASE)
_LINK = re.compile(r"\[(?:[^\[\]\n]|\[[^\[\]\n]*\])*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"\n]*\")?\s*\)")


@dataclass(frozen=True, slots=True)
class Sitemap:
    """What a sitemap lists: addresses of pages, and of further sitemaps."""

    pages: tuple[str, ...]
    sitemaps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PageLinks:
    """What an HTML page says about addresses: its own, and those it leads to."""

    canonical: str
    links: tuple[str, ...]


def parse_sitemap(data: bytes, base: str) -> Sitemap:
    """Take a sitemap apart, packed or not.

    Raises:
        ValueError: it is no sitemap.
    """
    data = _decompress(data)
    if _TYPE_OF_ITS_OWN.search(data):
        raise ValueError("it declares a document type of its own")
    try:
        root = ET.fromstring(data)  # noqa: S314  (entities were refused above)
    except (ET.ParseError, LookupError, ValueError) as error:
        raise ValueError(str(error)) from error
    kind = _strip_namespace(root.tag)
    if kind not in {"urlset", "sitemapindex"}:
        raise ValueError(f"its first element is {kind}")
    places = [
        resolve_link(base, part.text or "")
        for item in root
        for part in item
        if _strip_namespace(part.tag) == "loc"
    ]
    found = tuple(dict.fromkeys(filter(None, places)))
    return Sitemap(found, ()) if kind == "urlset" else Sitemap((), found)


def parse_llms(text: str, base: str) -> tuple[str, ...]:
    """The links of an llms.txt, in their order. Format: https://llmstxt.org."""
    places = (resolve_link(base, link) for link in _LINK.findall(text))
    return tuple(dict.fromkeys(filter(None, places)))


def parse_links(html: str, base: str) -> PageLinks:
    """Canonical address and links of an HTML page, broken ones left out."""
    reader = _LinkReader()
    # What the parser can't make sense of, such as `<![x[`, ends the links and not the page.
    with suppress(AssertionError, ValueError):
        reader.feed(html)
        reader.close()
    base = resolve_link(base, reader.base) or base
    places = (resolve_link(base, link) for link in reader.links)
    canonical = resolve_link(base, reader.canonical) if reader.canonical else ""
    return PageLinks(canonical, tuple(dict.fromkeys(filter(None, places))))


class _LinkReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.base = ""
        self.canonical = ""
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        place = given.get("href") or ""
        if tag == "a" and place:
            self.links.append(place)
        elif tag == "base":
            self.base = self.base or place
        elif tag == "link" and "canonical" in (given.get("rel") or "").lower().split():
            self.canonical = self.canonical or place

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
