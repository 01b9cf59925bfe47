"""Links of pages to other pages of their source, as addresses."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from urllib.parse import unquote, urljoin

from ingest.documents import Page
from ingest.formats import detect_format
from ingest.sites.labels import Labels
from ingest.sites.makers.antora import find_module, find_target
from ingest.sites.site import Site

MAX_LINKS = 5_000
"""Links of a page that are looked up."""

MAX_BYTES = 2_000_000
"""Largest page whose links are looked up."""

_KINDS = {".md", ".markdown", ".mdx", ".rst", ".ipynb", ".adoc", ".asciidoc", ".asc"}
_MAX_TARGET = 500
_TARGETS = re.compile(
    r"\]\([ \t]*<?([^\s<>()\[\]]{1,500})"  # [text](target)
    r"|^[ \t>]{0,8}\[[^\]\n]{1,300}\]:[ \t]*\n?[ \t]*<?([^\s<>]{1,500})"  # [label]: target
    r"|\b(?:href|to|link|url|path)\s*[=:]\s*[\"']([^\"'\s<>]{1,500})[\"']"
    r"|(?:xref|link):([^\s\[\]]{1,500})\["  # AsciiDoc
    r"|<<([^\s,<>]{1,500})[,>]"
    r"|`[^`\n<>]{0,300}<([^\s<>`]{1,500})>`"  # `text <target>`_ and roles
    r"|^\.\.[ \t]+_[^:\n]{1,300}:[ \t]+(\S{1,500})"  # .. _name: target
    r"|[:}]`([^\s`<>]{1,500})`",  # a role, such as :doc:`target`
    re.MULTILINE,
)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
_SUFFIXES = ("", ".md", ".mdx", ".rst", ".markdown", ".ipynb", ".adoc", ".txt")
_INDEXES = ("index.md", "index.mdx", "README.md", "_index.md", "index.rst", "readme.md")
_HTML = re.compile(r"\.html?$")


def resolve_page_links(
    pages: Sequence[Page], sites: Mapping[str, Site], folder: str
) -> Iterator[Page]:
    """Yield the pages with the addresses that their links lead to.

    Args:
        pages: the pages of a source.
        sites: the sites that pages are on, by their paths.
        folder: folder of the repository that the paths are relative to.

    Yields:
        each page; links that lead to no page of the source stay.
    """
    resolver = _Resolver(pages, sites, folder)
    for page in pages:
        yield resolver.resolve(page)


class _Resolver:
    """The pages of a source by the ways that links name them."""

    def __init__(self, pages: Sequence[Page], sites: Mapping[str, Site], folder: str) -> None:
        self._sites = sites
        self._folder = folder
        self._labels = Labels(pages)
        self._addresses = {page.path: page.url for page in pages}
        self._routes = {_strip_end(page.url): page.url for page in pages}
        self._modules: dict[str, str] = {}
        for path, site in sites.items():
            if site.maker == "antora":
                self._modules.setdefault(
                    site.variables["page-component-name"], find_module(path)[0]
                )

    def resolve(self, page: Page) -> Page:
        """Return a page with the addresses and titles of its targets."""
        if page.size > MAX_BYTES or _find_kind(page) not in _KINDS:
            return page
        if not page.url.startswith(("http://", "https://")):
            return page
        links, titles = dict[str, str](), dict[str, str]()
        for target in _list_targets(page):
            name, address, title = self._search_target(page, target)
            if address.startswith(("http://", "https://")):
                links[name] = address
            if title:
                titles[name] = title
        return replace(page, links=links, link_titles=titles) if links or titles else page

    def _search_target(self, page: Page, target: str) -> tuple[str, str, str]:
        """Return the name that is looked up, its address and title."""
        site = self._sites.get(page.path)
        if label := self._labels.find(page, target):
            return target, self._join(label.path, label.anchor), label.title
        path = target.partition("#")[0].partition("?")[0]
        if not path:
            return target, "", ""
        found = self._find_path(page, path, site)
        if found:
            return path, self._addresses[found], self._labels.find_title(found)
        return path, self._find_address(page, path, site), ""

    def _join(self, path: str, anchor: str) -> str:
        address = self._addresses[path]
        return f"{address}#{anchor}" if anchor else address

    def _find_path(self, page: Page, path: str, site: Site | None) -> str:
        """Return the path of the page that a target names.

        Return an empty text if there is none.
        """
        if site and site.maker == "antora":
            found = find_target(page.path, path, self._modules)
            return found if found in self._addresses else ""
        if _SCHEME.match(path):
            return ""
        plain = unquote(path)
        if not plain.startswith("/"):
            beside = self._find_file(posixpath.join(posixpath.dirname(page.path), plain))
            # Some write a file's path from the top of the repository.
            return beside or (self._find_file(plain) if "/" in plain else "")
        for root in site.roots if site else ("",):
            below = root.removeprefix(self._folder)
            if found := self._find_file(below + plain.lstrip("/")):
                return found
        return ""

    def _find_file(self, path: str) -> str:
        plain = posixpath.normpath(path)
        if plain.startswith(".."):
            return ""
        names = [f"{plain}{suffix}" for suffix in _SUFFIXES]
        names += [f"{_HTML.sub('', plain)}{suffix}" for suffix in _SUFFIXES[1:]]
        names += [f"{plain}/{name}" if plain != "." else name for name in _INDEXES]
        return next((name for name in names if name in self._addresses), "")

    def _find_address(self, page: Page, path: str, site: Site | None) -> str:
        """Return the address of a target that is not a path.

        Return an empty text if there is no such page.
        """
        if _SCHEME.match(path) or site is None:
            return ""
        if path.startswith("/") and site.is_rooted and site.base:
            address = urljoin(site.base, path.lstrip("/"))
            return self._routes.get(_strip_end(address), address)
        return self._routes.get(_strip_end(urljoin(page.url, path)), "")


def _find_kind(page: Page) -> str:
    return detect_format(page.path, page.media_type)


def _strip_end(address: str) -> str:
    """Return an address without what servers add and drop."""
    return re.sub(r"(?:/index\.html?|\.html?|/)$", "", address)


def _list_targets(page: Page) -> Iterator[str]:
    """Yield the targets of a page's links, each once.

    Some may not be links.
    """
    seen = set[str]()
    for match in _TARGETS.finditer(page.text):
        target = match[match.lastindex or 0]
        if target not in seen and len(target) <= _MAX_TARGET:
            seen.add(target)
            yield target
            if len(seen) >= MAX_LINKS:
                return
