"""Pages in Markdown that are twins of pages for people, which are what answers cite."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

_MARKDOWN = re.compile(r"\.(?:md|mdx|markdown)$", re.IGNORECASE)
_HTML = re.compile(r"\.x?html?$", re.IGNORECASE)
_INDEX = re.compile(r"(?<=/)(?:index|readme)(?:\.x?html?)?$", re.IGNORECASE)
_ENDINGS = ("", "/", ".html")
MOST_PROBES = 2
"""Pages whose twins are looked for before those of all are known."""

IsPage = Callable[[str], str]
"""Returns the address of the HTML page that an address leads to; empty for none."""


def is_twin(address: str) -> bool:
    """Return whether an address is that of a page in Markdown."""
    return bool(_MARKDOWN.search(urlsplit(address).path))


class TwinFinder:
    """Knows how a site writes the addresses of the pages that it also has in Markdown."""

    def __init__(self) -> None:
        self._ending: str | None = None

    def probe(self, addresses: list[str], find_page: IsPage) -> None:
        """Learn the rule of a site from a few of its addresses.

        All of them must have a twin by the same rule.
        """
        probed = [each for each in addresses if is_twin(each) and not _INDEX.search(_strip(each))]
        endings = {self._find_ending(each, find_page) for each in probed[:MOST_PROBES]}
        if len(endings) == 1:
            self._ending = endings.pop()

    def find(self, address: str) -> str:
        """Return the address of a page's twin; empty if unknown."""
        if self._ending is None or not is_twin(address):
            return ""
        path = _strip(address)
        if _INDEX.search(path):
            path = _INDEX.sub("", path)
        elif not _HTML.search(path):
            path += self._ending
        return urlsplit(address)._replace(path=path, query="").geturl()

    def _find_ending(self, address: str, find_page: IsPage) -> str | None:
        path = _strip(address)
        for ending in ("",) if _HTML.search(path) else _ENDINGS:
            twin = urlsplit(address)._replace(path=path + ending, query="").geturl()
            found = find_page(twin)
            if found:
                return next(
                    (each for each in _ENDINGS if found == _append(twin, ending, each)), None
                )
        return None


def _strip(address: str) -> str:
    return _MARKDOWN.sub("", urlsplit(address).path)


def _append(twin: str, ending: str, other: str) -> str:
    return twin.removesuffix(ending) + other if ending else twin + other
