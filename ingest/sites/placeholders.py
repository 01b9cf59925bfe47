"""Placeholders that site makers fill in: variables of settings, and addresses of pages."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from ingest.formats.dialects.front_matter import split_front_matter
from ingest.sites.detection import Sites
from ingest.sites.settings.values import flatten_texts
from ingest.sites.site import Site
from ingest.sources.source import RawFile

MAX_ADDED = 1_000_000
"""Characters that placeholders add to a page; a small one could ask for many times as much."""

_NAME = r"[A-Za-z_][\w.-]{0,200}"
_BRACES = re.compile(rf"\{{\{{-?\s{{0,9}}({_NAME})\s{{0,9}}-?\}}\}}")
_RAW = re.compile(r"(\{%-?\s{0,9}(?:end)?raw\s{0,9}-?%\})")
_LIQUID = re.compile(
    r"(?:\{\{-?\s{0,9}site\.(?:base)?url\s{0,9}-?\}\}){0,2}"
    r"\{%-?\s{0,9}(?P<tag>link|post_url)\s{1,9}(?P<page>[^\s%{}]{1,300})\s{0,9}-?%\}"
    rf"|\{{\{{-?\s{{0,9}}(?P<name>{_NAME})\s{{0,9}}-?\}}\}}"
    r"|\{\{-?\s{0,9}[\"'](?P<path>[^\"'{}\n]{0,300})[\"']\s{0,9}\|\s{0,9}"
    r"(?P<filter>relative_url|absolute_url)\s{0,9}-?\}\}"
)
_SHORTCODE = re.compile(
    r"\{\{[<%]\s{0,9}(?P<tag>ref|relref|param)\s{1,9}(?:path=)?[\"'`]?(?P<page>[^\s\"'`<>%{}]{1,300})"
    r"[\"'`]?\s{0,9}[>%]\}\}"
)
_ATTRIBUTE = re.compile(rf"\{{({_NAME})\}}")
_MARKDOWN = frozenset({".md", ".markdown", ".mdx", ".html", ".txt"})
_SUFFIXES = ("", ".md", ".mdx", "/index.md", "/_index.md", ".markdown", ".html")


class Placeholders:
    """The placeholders of a source's pages.

    Args:
        sites: the sites of the source.
        files: all of its pages.
    """

    def __init__(self, sites: Sites, files: Sequence[RawFile]) -> None:
        self._sites = sites
        self._files = {file.path: file for file in files} if sites.found else {}
        self._names: dict[str, str] = {}
        for path in self._files:
            self._names.setdefault(PurePosixPath(path).stem, path)

    def fill(self, file: RawFile, site: Site | None, data: bytes) -> bytes:
        """Return a page with its placeholders filled in.

        Args:
            file: the page.
            site: the site that it is on; None without one.
            data: its text in UTF-8.

        Returns:
            the text; placeholders without a value stay.
        """
        if site is None or b"{" not in data:
            return data
        is_markdown = PurePosixPath(file.path).suffix.lower() in _MARKDOWN
        text = data.decode(errors="replace")
        if site.maker == "antora":
            filled = _set_attributes(text, site.variables)
        elif not is_markdown:
            return data
        elif site.maker == "jekyll":
            filled = self._fill_liquid(site, text)
        elif site.maker == "hugo":
            read = _Replacer(lambda match: self._read_shortcode(file, site, match))
            filled = _SHORTCODE.sub(read.replace, text)
        elif site.variables:
            read = _Replacer(lambda match: site.variables.get(match[1]))
            filled = _BRACES.sub(read.replace, text)
        else:
            return data
        return data if filled == text else filled.encode()

    def _fill_liquid(self, site: Site, text: str) -> str:
        """Return a page of Jekyll with its placeholders filled in.

        Raw parts stay.
        """
        values = {**site.variables, **flatten_texts(split_front_matter(text)[0].values, "page.")}
        parts = _RAW.split(text)
        replacer = _Replacer(lambda match: self._read_liquid(site, values, match))
        for number in range(0, len(parts), 2):
            if number == 0 or "end" in parts[number - 1]:
                parts[number] = _LIQUID.sub(replacer.replace, parts[number])
        return "".join(parts)

    def _read_liquid(
        self, site: Site, values: Mapping[str, str], match: re.Match[str]
    ) -> str | None:
        if match["name"]:
            return values.get(match["name"])
        if match["filter"]:
            base = site.base if match["filter"] == "absolute_url" else urlsplit(site.base).path
            return base.rstrip("/") + "/" + match["path"].lstrip("/") if base else None
        if match["tag"]:
            root = self._strip_root(site.roots[-1]) if site.roots else ""
            path = root + match["page"].lstrip("/")
            return self._find_address([path, self._names.get(match["page"], "")])
        return None

    def _read_shortcode(self, file: RawFile, site: Site, match: re.Match[str]) -> str | None:
        target, mark, anchor = match["page"].partition("#")
        if match["tag"] == "param":
            return site.variables.get(f".Site.Params.{match['page']}")
        if not target:
            return f"{mark}{anchor}"
        folders = [] if target.startswith("/") else [posixpath.dirname(file.path)]
        folders += [self._strip_root(root) for root in site.roots]
        plain = target.strip("/")
        paths = [posixpath.normpath(posixpath.join(folder, plain)) for folder in folders]
        named = [self._names.get(PurePosixPath(plain).stem, "")] if "/" not in plain else []
        address = self._find_address([*paths, *named])
        return f"{address}{mark}{anchor}" if address else None

    def _strip_root(self, root: str) -> str:
        return root.removeprefix(self._sites.folder)

    def _find_address(self, paths: Sequence[str]) -> str | None:
        """Return the address of the first page; else None."""
        names = (f"{path}{suffix}" for path in paths if path for suffix in _SUFFIXES)
        found = next((name for name in names if name in self._files), None)
        return self._sites.find_traits(self._files[found]).url if found else None


class _Replacer:
    """Replaces the placeholders of a page, as far as they may add to it."""

    def __init__(self, read: Callable[[re.Match[str]], str | None]) -> None:
        self._read = read
        self._left = MAX_ADDED

    def replace(self, match: re.Match[str]) -> str:
        """Return the value of a placeholder; without one, the placeholder."""
        value = self._read(match)
        if value is None or len(value) > self._left:
            return match[0]
        self._left -= len(value)
        return value


def _set_attributes(text: str, attributes: Mapping[str, str]) -> str:
    """Return AsciiDoc below the attributes that it uses."""
    used = {match[1] for match in _ATTRIBUTE.finditer(text)} & attributes.keys()
    lines = [f":{name}: {' '.join(attributes[name].split())}" for name in sorted(used)]
    return "\n".join([*lines, text]) if lines else text
