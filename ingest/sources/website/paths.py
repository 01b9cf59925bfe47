"""Addresses of web pages: one spelling for each, and a readable path for the index."""

from __future__ import annotations

import mimetypes
import re
from pathlib import PurePosixPath
from urllib.parse import quote, unquote, urljoin, urlsplit, urlunsplit

from rag_core.types import hash_content

HTML = "text/html"
MARKDOWN = "text/markdown"
TEXT = "text/plain"
SUFFIXES = {
    HTML: (".html", ".htm", ".xhtml"),
    MARKDOWN: (".md", ".markdown", ".mdx"),
    TEXT: (".txt", ".md", ".markdown", ".mdx", ".rst"),
}
"""Suffixes that may stay, by the media types that are read; the first is added if none does."""

_ALIASES = {"application/xhtml+xml": HTML, "text/x-markdown": MARKDOWN}
_PORTS = {"http": 80, "https": 443}
_MAX_PATH = 300
MAX_ADDRESS = 2_000
"""Longest address that is read; servers and browsers go about as far."""

_PATH_SAFE = "/:@!$&'()*+,;=~%"
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\\]")


def parse_media_type(content_type: str) -> str:
    """Return the media type of a Content-Type header; empty if unsupported."""
    media_type = content_type.partition(";")[0].strip().lower()
    media_type = _ALIASES.get(media_type, media_type)
    return media_type if media_type in SUFFIXES else ""


def resolve_link(base: str, link: str) -> str:
    """Return a link as an absolute address without fragment.

    Return an empty string if the link is broken, very long or leads to no web page. Host and scheme
    are in lower case, the default port is left out, and the path has one spelling.
    """
    if len(link) > MAX_ADDRESS:
        return ""
    try:
        parts = urlsplit(urljoin(base, link.strip()))
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    if parts.scheme not in _PORTS or not host:
        return ""
    host = f"[{host}]" if ":" in host else host
    netloc = host if port in {None, _PORTS[parts.scheme]} else f"{host}:{port}"
    path = quote(parts.path, safe=_PATH_SAFE, errors="replace")
    query = quote(parts.query, safe=_PATH_SAFE + "?", errors="replace")
    return urlunsplit((parts.scheme, netloc, path or "/", query, ""))


def extract_host(address: str) -> str:
    """Return host and port of an address.

    Default ports are left out: `http` and `https` of one host are one site.
    """
    parts = urlsplit(address)
    port = parts.port or _PORTS.get(parts.scheme, 0)
    return (parts.hostname or "") + ("" if port in _PORTS.values() else f":{port}")


def can_be_page(address: str) -> bool:
    """Return whether a link may lead to a page.

    The suffix decides: images and archives are no pages.
    """
    media_type, encoding = mimetypes.guess_type(urlsplit(address).path)
    return encoding is None and (media_type is None or bool(parse_media_type(media_type)))


def build_page_path(address: str, media_type: str) -> str:
    """Return the path of a page inside its source.

    The path of the HTML page `docs/install` is `docs/install.html`.
    """
    parts = urlsplit(address)
    path = _UNSAFE.sub("_", unquote(parts.path, errors="replace"))
    names = [name for name in path.split("/") if name not in {"", ".", ".."}]
    if path.endswith("/") or not names:
        names.append("index")
    if parts.query:
        names[-1] += "_" + re.sub(r"[^\w.=-]+", "_", unquote(parts.query, errors="replace"))
    suffixes = SUFFIXES[media_type]
    if PurePosixPath(names[-1]).suffix.lower() not in suffixes:
        names[-1] += suffixes[0]
    joined = "/".join(names)
    if len(joined) > _MAX_PATH:
        suffix = PurePosixPath(joined).suffix
        joined = f"{joined[: _MAX_PATH - 40]}-{hash_content(joined)[:8]}{suffix}"
    return joined
