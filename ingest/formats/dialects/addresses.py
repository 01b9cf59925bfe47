"""Relative links of a page, as addresses of its site."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from pathlib import PurePosixPath
from urllib.parse import quote, unquote, urldefrag, urljoin

from ingest.documents import Page

Resolver = Callable[[str], str]
"""Returns the address of a file by its path inside the source; empty if it knows none."""

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//|\\|\x02")
_PAGES = {".md", ".mdx", ".markdown", ".mdown", ".rst", ".ipynb", ".adoc", ".qmd", ".rmd"}
_INDEXES = {"index", "readme", "_index"}
_ENDINGS = ("", "/", ".html", ".htm")
_UNSAFE = re.compile(r"[\s<>]")


def resolve_link(page: Page, target: str, resolve: Resolver | None = None) -> str:
    """Return the address that a link of a page leads to.

    Args:
        page: the page, whose own address shows how the site writes addresses.
        target: the link as it is written.
        resolve: knows addresses of the site's other files; None to derive all.

    Returns:
        the address; the target unchanged if it is absolute or the page has no address.
    """
    if known := _find_known(page, target):
        return known
    is_web = page.url.startswith(("http://", "https://"))
    if not is_web or not target or _SCHEME.match(target) or _UNSAFE.search(target):
        return target
    base = urldefrag(page.url).url
    try:
        path, mark, anchor = target.partition("#")
        if not path:
            return f"{base}{mark}{anchor}"
        path, query_mark, query = path.partition("?")
        address = _resolve_path(page, base, path, resolve)
    except ValueError:  # an address that Python can't parse
        return target
    return f"{address}{query_mark}{query}{mark}{anchor}"


def _find_known(page: Page, target: str) -> str:
    """Return the address of a link to another page.

    Return an empty text if it leads to no page of the source.
    """
    if not page.links:
        return ""
    if known := page.links.get(target):
        return known
    path, mark, anchor = target.partition("#")
    path, query_mark, query = path.partition("?")
    known = page.links.get(path) if path else None
    return f"{known}{query_mark}{query}{mark}{anchor}" if known else ""


def _resolve_path(page: Page, base: str, path: str, resolve: Resolver | None) -> str:
    is_page = PurePosixPath(path).suffix.lower() in _PAGES
    folder = "/" if path.startswith("/") else posixpath.dirname(page.path)
    file = posixpath.normpath(posixpath.join(folder, unquote(path))).lstrip("/")
    known = resolve(file) if resolve and is_page else ""
    if known:
        return known
    if path.startswith("/") or not PurePosixPath(path).suffix:
        return urljoin(base, _drop_suffix(path, base) if is_page else path)
    pattern = _find_pattern(page, base)
    if pattern is None or file.startswith(".."):
        return urljoin(base, _drop_suffix(path, base) if is_page else path)
    root, dropped, ending = pattern
    if not file.startswith(dropped):
        return urljoin(base, _drop_suffix(path, base) if is_page else path)
    file = file.removeprefix(dropped)
    if not is_page:
        return root + quote(file)
    return root + _name_page(file, ending)


def _find_pattern(page: Page, base: str) -> tuple[str, str, str] | None:
    """Return how a page's path becomes its address.

    The parts are the address of the root, the folder that is left out of addresses, and the
    ending, which is the page's own suffix if addresses keep it.
    """
    path = PurePosixPath(page.path)
    stem = path.stem
    named = [(str(path), path.suffix), (str(path.with_suffix("")), "")]
    if stem.lower() in _INDEXES:
        named.append((str(path.parent) if str(path.parent) != "." else "", ""))
    for whole, suffix in named:
        parts = whole.split("/") if whole else [""]
        for first in range(len(parts)):
            shown = quote("/".join(parts[first:]))
            for ending in _ENDINGS:
                tail = f"/{shown}{ending}" if shown else ending
                if base.endswith(tail) and (shown or ending == "/"):
                    root = base[: len(base) - len(tail)] + "/"
                    dropped = "".join(f"{part}/" for part in parts[:first])
                    return root, dropped, suffix or ending
    return None


def _name_page(file: str, ending: str) -> str:
    """Return the end of a page's address."""
    path = PurePosixPath(file)
    if ending in _PAGES or ending == path.suffix:
        return quote(file)
    if path.stem.lower() in _INDEXES and ending in {"", "/"}:
        folder = "" if str(path.parent) == "." else f"{path.parent}"
        return quote(folder) + (ending if folder else "")
    return quote(str(path.with_suffix(""))) + ending


def _drop_suffix(path: str, base: str) -> str:
    """Drop the suffix of a page unless the site's addresses keep theirs."""
    suffix = PurePosixPath(path).suffix
    return path if base.endswith(suffix) else path.removesuffix(suffix)
