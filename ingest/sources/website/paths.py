"""Addresses of web pages: one spelling for each, and a readable path for the index."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from urllib.parse import quote, unquote, urljoin, urlsplit, urlunsplit

from ingest.sources.website.media_types import SUFFIXES
from rag_core.types import hash_content

_PORTS = {"http": 80, "https": 443}
_MAX_PATH = 300
MAX_ADDRESS = 2_000
"""Longest address that is read; servers and browsers go about as far."""

_TRACKING = re.compile(
    r"(?:utm_\w+|oly_\w+|_ga|_gl|_hs(?:enc|mi)|hsCtaTracking|mkt_tok|mc_[ce]id|ref_src|igshid|vero_id"
    r"|(?:dc|fb|g|ms|tw|y)clid|[gw]braid)(?:=.*)?|",
    re.IGNORECASE,
)
_PAGE_ENDING = re.compile(
    r"(?:/(?:index|default)\.(?:html?|xhtml|php|aspx?|mdx?)|\.(?:x?html?|mdx?|markdown))$",
    re.IGNORECASE,
)
_PATH_SAFE = "/:@!$&'()*+,;=~%"
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\\]")


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


def strip_tracking(address: str) -> str:
    """Return an address without the parameters that only count visitors."""
    parts = urlsplit(address)
    if not parts.query:
        return address
    kept = (pair for pair in parts.query.split("&") if not _TRACKING.fullmatch(pair))
    return urlunsplit(parts._replace(query="&".join(kept)))


def build_kin_key(address: str) -> str:
    """Return what the usual addresses of one page have in common.

    Those are `/a`, `/a/`, `/a.html` and `/a/index.html`.
    """
    parts = urlsplit(strip_tracking(address))
    path = _PAGE_ENDING.sub("", parts.path).rstrip("/")
    return f"{extract_host(address)}{path}?{parts.query}"


def extract_page_name(address: str) -> str:
    """Return the last part of an address, without suffix."""
    return _PAGE_ENDING.sub("", urlsplit(address).path).rstrip("/").rpartition("/")[2].lower()


def is_home(address: str) -> bool:
    """Return whether an address is the root of its host."""
    return not _PAGE_ENDING.sub("", urlsplit(address).path).strip("/")


def extract_folder(address: str) -> str:
    """Return the folder of a page, with a slash at its end."""
    return urlsplit(address).path.rpartition("/")[0] + "/"


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
