"""Addresses of sources: their canonical form, their kind, and names for people."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path, PurePosixPath
from typing import Literal
from urllib.parse import unquote, urlsplit

SourceKind = Literal["path", "archive", "git", "website"]

ARCHIVE_SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.zst", ".tzst")
_GIT = "git+"
_SCHEMES = {"https", "http", "git+https", "git+http", "git+ssh", "git+file"}


def normalise_uri(uri: str) -> str:
    """Return the canonical address: an absolute path or a URL.

    Two spellings of one place have one canonical address.
    """
    if uri.startswith("file://"):
        uri = extract_path(uri) or uri
    if "://" in uri:
        return uri
    # `expanduser` of os.path keeps a `~name` that is not a user.
    with contextlib.suppress(ValueError):  # a sign that no name has, such as NUL
        uri = os.path.expanduser(uri)  # noqa: PTH111
    # Not `resolve`: a link such as `current -> v2` stays one source when its target moves.
    return os.path.abspath(Path(uri))  # noqa: PTH100


def detect_kind(uri: str) -> SourceKind:
    """Return the kind of source that a canonical URI names.

    A URL is a website unless its scheme or suffix says otherwise.
    """
    if "://" not in uri:
        return "path"
    if uri.startswith(_GIT):
        return "git"
    return "archive" if extract_path(uri).lower().endswith(ARCHIVE_SUFFIXES) else "website"


def extract_path(uri: str) -> str:
    """Return the path of a URL; empty if it can't be parsed."""
    try:
        return unquote(urlsplit(uri).path)
    except ValueError:
        return ""


def redact_uri(uri: str) -> str:
    """Return the URI without user, password and query, for reports and links."""
    if "://" not in uri:
        return uri
    try:
        parts = urlsplit(uri)
    except ValueError:
        return uri.partition("://")[0] + "://…"
    fragment = parts.fragment if parts.scheme.startswith(_GIT) else ""
    host = parts.netloc.rpartition("@")[2]
    # Not `urlunsplit`: it drops the slashes of a URL without host.
    return f"{parts.scheme}://{host}{parts.path}" + (f"#{fragment}" if fragment else "")


def is_supported_uri(uri: str) -> bool:
    """Return whether docent can read a URL, judged by the URL alone."""
    try:
        parts = urlsplit(uri)
        host, _ = parts.hostname, parts.port  # raises if the port is not a number
    except ValueError:
        return False
    if parts.scheme == "git+file":
        return bool(parts.path.strip("/"))
    return parts.scheme in _SCHEMES and bool(host)


def derive_name(uri: str) -> str:
    """Return a readable name for a source from its canonical URI.

    The name is that of the file or folder without the archive's suffix, that of a repository
    without `.git`, or the host of a website.
    """
    kind = detect_kind(uri)
    if kind == "website":
        try:
            return urlsplit(redact_uri(uri)).hostname or "docs"
        except ValueError:
            return "docs"
    path = extract_path(uri) if "://" in uri else str(Path(uri).absolute())
    if kind == "git":
        path = path.rpartition("@")[0] or path
        return PurePosixPath(path).name.removesuffix(".git") or "docs"
    return _strip_archive_suffix(PurePosixPath(path).name) or "docs"


def _strip_archive_suffix(name: str) -> str:
    # Longest suffix first: `docs.tar.gz` becomes `docs`.
    for suffix in sorted(ARCHIVE_SUFFIXES, key=len, reverse=True):
        if name.lower().endswith(suffix):
            return name[: -len(suffix)]
    return name
