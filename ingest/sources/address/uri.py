"""The address of a source: what kind it names, how it is shown, what it is called."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath
from typing import Literal
from urllib.parse import unquote, urlsplit

SourceKind = Literal["path", "archive", "git", "website"]

ARCHIVE_SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.zst", ".tzst")
_GIT = "git+"
_SCHEMES = {"https", "http", "git+https", "git+http", "git+ssh", "git+file"}


def normalise_uri(uri: str) -> str:
    """One spelling for one place, whatever the working directory: an absolute path, or a URL."""
    if uri.startswith("file://"):
        uri = unquote(urlsplit(uri).path)
    if "://" in uri:
        return uri
    # Not `resolve`: a link such as `current -> v2` is one source whatever it points at.
    return os.path.abspath(Path(uri).expanduser())  # noqa: PTH100


def detect_kind(uri: str) -> SourceKind:
    """What a canonical URI names; an address that says nothing else is a website."""
    if "://" not in uri:
        return "path"
    if uri.startswith(_GIT):
        return "git"
    return "archive" if extract_path(uri).lower().endswith(ARCHIVE_SUFFIXES) else "website"


def extract_path(uri: str) -> str:
    """The path of an address; empty where it can't be taken apart."""
    try:
        return unquote(urlsplit(uri).path)
    except ValueError:
        return ""


def redact_uri(uri: str) -> str:
    """The URI without user, password and query, fit for reports and links."""
    if "://" not in uri:
        return uri
    try:
        parts = urlsplit(uri)
    except ValueError:
        return uri.partition("://")[0] + "://…"
    fragment = parts.fragment if parts.scheme.startswith(_GIT) else ""
    host = parts.netloc.rpartition("@")[2]
    # Not `urlunsplit`: it takes the slashes away where there is no host.
    return f"{parts.scheme}://{host}{parts.path}" + (f"#{fragment}" if fragment else "")


def is_supported_uri(uri: str) -> bool:
    """Whether docent can read what a URL names, as far as the URL itself tells."""
    try:
        parts = urlsplit(uri)
        host, _ = parts.hostname, parts.port  # a port that is no number raises
    except ValueError:
        return False
    if parts.scheme == "git+file":
        return bool(parts.path.strip("/"))
    return parts.scheme in _SCHEMES and bool(host)


def derive_name(uri: str) -> str:
    """A readable name derived from a canonical URI.

    The file's or folder's name without the archive's suffix, a repository's without `.git`, and
    the host of a website.
    """
    kind = detect_kind(uri)
    if kind == "website":
        return urlsplit(redact_uri(uri)).hostname or "docs"
    path = extract_path(uri) if "://" in uri else str(Path(uri).absolute())
    if kind == "git":
        path = path.rpartition("@")[0] or path
        return PurePosixPath(path).name.removesuffix(".git") or "docs"
    return _strip_archive_suffix(PurePosixPath(path).name) or "docs"


def _strip_archive_suffix(name: str) -> str:
    # The longest one: `docs.tar.gz` is `docs`.
    for suffix in sorted(ARCHIVE_SUFFIXES, key=len, reverse=True):
        if name.lower().endswith(suffix):
            return name[: -len(suffix)]
    return name
