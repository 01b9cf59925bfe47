"""The data of a site: its maker, its base address, and the routes of its pages."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote, urlsplit

from ingest.sites.settings.values import find_text

_PAGES = re.compile(
    r"\.(?:mdx?|markdown|mkdn?|rst|txt|ipynb|html?|adoc|asciidoc|asc)$", re.IGNORECASE
)
_VERSION = re.compile(r"[\w][\w .+-]{0,63}")
_LANGUAGE = re.compile(r"([A-Za-z]{2,3})((?:[-_][A-Za-z0-9]{2,8})*)")
_MAX_ROUTE = 1_000


@dataclass(frozen=True, slots=True)
class PageHead:
    """The part of a page that its address depends on.

    Attributes:
        path: its path in the repository, or in the source.
        front: the values of its front matter.
        body: the beginning of its text below that.
    """

    path: str
    front: Mapping[str, Any] = field(default_factory=dict)
    body: str = ""


@dataclass(frozen=True, slots=True)
class Route:
    """The place of a page on its site.

    Attributes:
        path: what follows the base address, without a leading slash.
        language: language of the page, if its place says so.
        version: version of the product, if its place says so.
    """

    path: str
    language: str = ""
    version: str = ""


RouteFinder = Callable[[PageHead], Route | None]
"""Returns the place of a page; None if the page is not part of the site."""


@dataclass(frozen=True, slots=True)
class Site:
    """A site that is made of pages of a source.

    Attributes:
        maker: name of the site maker, in small letters.
        find_route: returns the place of a page.
        base: its address, with a slash at the end; empty if its settings do not say it.
        anchors: the maker's rule for anchors; empty for that of its format.
        language: language of all pages; empty if unknown.
        version: version of the product; empty if unknown.
        variables: texts by the names that pages write in braces.
        roots: folders that links with a leading slash may be relative to; the last is the site's.
        is_rooted: whether the base is put before links with a leading slash.
        snippet_folders: folders that the snippets of pages are relative to.
        appended: paths of files that the maker appends to each page.
        definitions: reStructuredText that it adds to each page.
    """

    maker: str
    find_route: RouteFinder
    base: str = ""
    anchors: str = ""
    language: str = ""
    version: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    roots: tuple[str, ...] = ()
    is_rooted: bool = False
    snippet_folders: tuple[str, ...] = ()
    appended: tuple[str, ...] = ()
    definitions: str = ""

    def build_address(self, route: Route) -> str:
        """Return the address of a place.

        Return an empty text if the site has no base.
        """
        return f"{self.base}{quote(route.path, safe='/~@+')}" if self.base else ""


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """A settings file of a site maker.

    Attributes:
        path: its path in the repository, or in the source.
        text: its content.
        values: its values, as far as they are written out.
    """

    path: str
    text: str
    values: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The file's name."""
        return PurePosixPath(self.path).name

    @property
    def folder(self) -> str:
        """The folder that the file is in, with a slash at its end; empty for the root."""
        return name_folder(posixpath.dirname(self.path))


@dataclass(frozen=True, slots=True)
class SourceTree:
    """The settings and the paths of a source, for makers that need more than one file.

    Attributes:
        settings: all settings files by their paths.
        paths: the paths of all pages.
    """

    settings: Mapping[str, SettingsFile]
    paths: frozenset[str]

    def find_settings(self, folder: str, *names: str) -> SettingsFile | None:
        """Return the first of these settings files; else None."""
        found = (self.settings.get(f"{folder}{name}") for name in names)
        return next(filter(None, found), None)

    def has_pages_in(self, folder: str) -> bool:
        """Return whether there are pages below a folder."""
        return any(path.startswith(folder) for path in self.paths)


def name_folder(path: str) -> str:
    """Return a folder's path with a slash at its end.

    That of the root is empty.
    """
    normal = posixpath.normpath(path).strip("/")
    return "" if normal in {".", ""} else f"{normal}/"


def join_folder(folder: str, path: str) -> str:
    """Return a folder below another one, with a slash at its end."""
    return name_folder(posixpath.join(folder or ".", path.lstrip("/")))


def build_base(address: str, path: str = "") -> str:
    """Return the base address of a site, ending in a slash.

    Args:
        address: the address of its host, or of the site.
        path: the path of the site on its host.

    Returns:
        the address; empty if it is none of the web.
    """
    try:
        parts = urlsplit(address.strip())
        is_web = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return ""
    if not is_web or re.search(r"[\s{}<>\"\\]", address + path):
        return ""
    whole = "/".join(part.strip("/") for part in (parts.path, path) if part.strip("/"))
    return (
        f"{parts.scheme}://{parts.netloc}/{whole}/"
        if whole
        else (f"{parts.scheme}://{parts.netloc}/")
    )


def split_page(path: str) -> tuple[str, str]:
    """Return the folder and the name of a page.

    The folder ends in a slash, the name has no suffix.
    """
    plain = _PAGES.sub("", path)
    folder, slash, name = plain.rpartition("/")
    return folder + slash, name


def strip_folder(path: str, folder: str) -> str | None:
    """Return a path below a folder; None if it lies elsewhere."""
    return path.removeprefix(folder) if path.startswith(folder) else None


def find_slug(head: PageHead, *names: str) -> str:
    """Return the first value of front matter that is a path."""
    texts = (find_text(head.front, name) for name in names)
    usable = (text for text in texts if text and len(text) <= _MAX_ROUTE and "\n" not in text)
    return next((text for text in usable if "://" not in text), "")


def clean_version(text: str) -> str:
    """Return a version as sources have it; empty if it is none."""
    return text if _VERSION.fullmatch(text) else ""


def clean_language(text: str) -> str:
    """Return a language as a BCP 47 tag, such as `pt-BR`.

    Return an empty text if it is none.
    """
    match = _LANGUAGE.fullmatch(text)
    return f"{match[1].lower()}{match[2].replace('_', '-')}" if match else ""
