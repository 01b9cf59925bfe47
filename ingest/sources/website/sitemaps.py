"""Sitemaps, and what can be read of broken ones."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from xml.parsers import expat

from ingest.sources.website.paths import MAX_ADDRESS, resolve_link

MAX_SITEMAP_BYTES = 64 * 2**20
"""Largest sitemap that is read, unpacked; the protocol allows 50 MB."""

MAX_ADDRESSES = 50_000
"""Most addresses of a sitemap or llms.txt; the protocol of sitemaps has the same limit."""

_GZIP = b"\x1f\x8b"
_BLOCK = 2**16
_MAX_XML_DEPTH = 50
_LOC_DEPTH = 3  # of `loc` in `url` in `urlset`
_KINDS = {"urlset", "sitemapindex"}
_BEGINNING = 10_000  # bytes that may stand before the first element: warnings, comments
_ROOT = re.compile(rb"<(?:([A-Za-z][\w.-]{0,50}):)?(urlset|sitemapindex)[\s/>]")
_HTML = re.compile(rb"<(?:html|head|body)[\s>]|<!doctype", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:(amp|lt|gt|quot|apos)|#(\d{1,7})|#[xX]([0-9A-Fa-f]{1,6}));")
_CHARACTERS = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_UNICODE_END = 0x110000


@dataclass(frozen=True, slots=True)
class Sitemap:
    """The addresses that a sitemap lists.

    Attributes:
        pages: addresses of pages.
        sitemaps: addresses of further sitemaps.
        fault: why it is not sound XML; empty if it is.
    """

    pages: tuple[str, ...]
    sitemaps: tuple[str, ...]
    fault: str = ""


def parse_sitemap(data: bytes, base: str) -> Sitemap:
    """Parse a sitemap, gzipped or not; addresses beyond `MAX_ADDRESSES` are left out.

    Of one that is cut off or is not sound XML, all addresses are read that are whole.

    Raises:
        ValueError: the data is not a sitemap.
    """
    unpacked, fault = _decompress(data)
    reader = _SitemapReader()
    try:
        reader.feed(unpacked)
        kind, addresses = reader.kind, reader.addresses
    except (expat.ExpatError, LookupError) as error:
        fault = fault or str(error)
        kind, addresses = _search_addresses(unpacked, fault)
    if kind not in _KINDS:
        raise ValueError(f"its first element is {kind[:100]}")
    found = _resolve(base, addresses)
    return Sitemap(found, (), fault) if kind == "urlset" else Sitemap((), found, fault)


def _resolve(base: str, addresses: Iterable[str]) -> tuple[str, ...]:
    links = (resolve_link(base, each) for each in addresses if each)
    return tuple(dict.fromkeys(filter(None, links)))


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
            if self._length <= MAX_ADDRESS and (address := "".join(self._text).strip()):
                self.addresses.append(address)
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


def _search_addresses(data: bytes, fault: str) -> tuple[str, list[str]]:
    """Return the kind of a broken sitemap and its whole addresses.

    Raises:
        ValueError: the data is not a sitemap.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        data = data.decode("utf-16", errors="replace").encode(errors="replace")
    root = _ROOT.search(data, 0, _BEGINNING)
    if root is None or _HTML.search(data, 0, root.start()):
        raise ValueError(fault)
    prefix = root[1].decode(errors="replace") if root[1] else ""
    text = _drop_comments(data[root.end() :].decode(errors="replace"))
    return root[2].decode(), list(islice(_iterate_addresses(text, prefix), MAX_ADDRESSES))


def _drop_comments(text: str) -> str:
    """Return a text without its comments; one that never ends is none."""
    kept, place = [], 0
    while (start := text.find("<!--", place)) >= 0 and (end := text.find("-->", start)) >= 0:
        kept.append(text[place:start])
        place = end + len("-->")
    return "".join([*kept, text[place:]])


def _iterate_addresses(text: str, prefix: str) -> Iterator[str]:
    """Yield the texts of the elements `loc` of a prefix.

    Others are of pictures and videos.
    """
    name = re.escape(f"{prefix}:loc" if prefix else "loc")
    for match in re.finditer(
        rf"<{name}(?:\s[^<>]{{0,200}}+)?>([^<]{{0,{10 * MAX_ADDRESS}}}+|\s{{0,100}}+<!\[CDATA\["
        rf"[^\]<]{{0,{MAX_ADDRESS}}}+\]\]>\s{{0,100}}+)</{name}\s{{0,100}}+>",
        text,
    ):
        content = match[1].strip()
        marked = content.removeprefix("<![CDATA[").removesuffix("]]>")
        yield marked.strip() if marked != content else _ENTITY.sub(_decode_entity, content)


def _decode_entity(match: re.Match[str]) -> str:
    if match[1]:
        return _CHARACTERS[match[1]]
    number = int(match[2]) if match[2] else int(match[3], 16)
    return chr(number) if 0 < number < _UNICODE_END else "\ufffd"


def _decompress(data: bytes) -> tuple[bytes, str]:
    """Return the data unpacked, and why its end is missing.

    Raises:
        ValueError: it can't be unpacked, or is too large.
    """
    if not data.startswith(_GZIP):
        return data, ""
    unpacked = bytearray()
    try:
        with gzip.GzipFile(fileobj=BytesIO(data)) as file:
            while len(unpacked) <= MAX_SITEMAP_BYTES and (block := file.read1(_BLOCK)):
                unpacked += block
    except (OSError, EOFError, zlib.error) as error:
        if not unpacked:
            raise ValueError(f"it can't be unpacked ({error})") from error
        return bytes(unpacked), f"it can't be unpacked to its end ({error})"
    if len(unpacked) > MAX_SITEMAP_BYTES:
        raise ValueError("it is too large")
    return bytes(unpacked), ""


def _strip_namespace(tag: object) -> str:
    return str(tag).rpartition("}")[2].lower()
