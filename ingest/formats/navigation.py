"""Pages that only lead to other pages: they are read, and have no text of their own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from ingest.documents import Block, Document, Page

# Groups are possessive and short: the text may be one line of millions of brackets.
_LINK = re.compile(
    r"(?<!!)\[((?:[^\[\]\n]|\[[^\[\]\n]{0,500}+\]){0,500}+)\]"
    r"\(<?([^()\s<>]{1,2000}+(?:\([^()\s<>]{0,200}+\)[^()\s<>]{0,200}+)?+)>?(?:\s[^()\n]{0,500}+)?\)"
)
_WORD = re.compile(r"\w+")
_LISTS = re.compile(
    r"summary|_?sidebar|_?navbar|_?toc|_?nav|table[-_]of[-_]contents|site-?map|contents",
    re.IGNORECASE,
)
"""Names of files in which a maker or an author keeps the order of pages."""

_INDICES = re.compile(
    r"genindex(?:-.{1,10})?|py-modindex|modindex|http-routingtable", re.IGNORECASE
)
_LISTINGS = re.compile(
    r"(?:^|/)(?:tags?|categor(?:y|ies)|archives?|authors?)(?:/|\.\w+$|$)", re.IGNORECASE
)
_SEARCH = re.compile(r'id="?search-results|searchtools\.js', re.IGNORECASE)
_ERRORS = re.compile(r"error|status|code|http|response|problem|troubleshoot", re.IGNORECASE)
"""Folders in which a page of that name explains the error."""

_PAGES = {
    "",
    ".html",
    ".htm",
    ".xhtml",
    ".md",
    ".mdx",
    ".markdown",
    ".rst",
    ".adoc",
    ".php",
    ".ipynb",
}
_MOST_WORDS_OF_404 = 80
_LEAST_LINKS = 2
_LEAST_SHARE = 0.9
"""Share of the words that are links, on a page that nothing else marks."""

_LEAST_MARKED_SHARE = 0.6
_LEAST_INDEX_SHARE = 0.3  # an index says of many names what they are
_LEAST_NAMED = 0.7


@dataclass(frozen=True, slots=True)
class _Links:
    """The links of a page to pages of its site, and how much of its text they are."""

    share: float
    count: int
    named: float


def drop_navigation(page: Page, document: Document) -> Document:
    """Return the document, without text if it only leads elsewhere.

    Such a page is known by the share of its words that are links to pages of its site, and by a
    mark of its maker, or since each link is called as its target. A list of links to other sites or
    files, or one that says more than the names of pages, stays.
    """
    return replace(document, sections=()) if _is_navigation(page, document) else document


def _is_navigation(page: Page, document: Document) -> bool:
    path = PurePosixPath(page.path)
    if path.stem == "404" and not _ERRORS.search(str(path.parent)):
        return sum(map(_count_words, _list_texts(document))) <= _MOST_WORDS_OF_404
    if path.stem == "search" and _SEARCH.search(page.text):
        return True
    links = _measure_links(page, document)
    if links.count < _LEAST_LINKS:
        return False
    if _INDICES.fullmatch(path.stem):
        return links.share >= _LEAST_INDEX_SHARE
    if _LISTS.fullmatch(path.stem) or _LISTINGS.search(page.path):
        return links.share >= _LEAST_MARKED_SHARE
    return links.share >= _LEAST_SHARE and links.named >= _LEAST_NAMED


def _list_texts(document: Document) -> list[str]:
    return [text for section in document.sections for text in _iterate_texts(section.blocks)]


def _iterate_texts(blocks: Iterable[Block]) -> Iterator[str]:
    for block in blocks:
        yield block.text


def _measure_links(page: Page, document: Document) -> _Links:
    words = linked = count = named = 0
    host = urlsplit(page.url).netloc
    for text in _list_texts(document):
        words += _count_words(_LINK.sub(r"\1", text))
        for match in _LINK.finditer(text):
            if _is_own_page(match[2], host):
                linked += _count_words(match[1])
                count += 1
                named += _is_named_after(match[1], match[2])
    return _Links(linked / max(words, 1), count, named / max(count, 1))


def _is_own_page(target: str, host: str) -> bool:
    try:
        parts = urlsplit(target)
    except ValueError:
        return False
    is_own = parts.netloc == host if parts.netloc else not parts.scheme
    suffix = PurePosixPath(parts.path).suffix.lower()
    # What follows a point in `v1.2` is not a suffix.
    return is_own and (suffix in _PAGES or suffix[1:].isdigit())


def _is_named_after(text: str, target: str) -> bool:
    """Return whether a link's text says no more than its target's name."""
    parts = urlsplit(target)
    name = unquote(f"{parts.path} {parts.fragment}").lower()
    words = {word for word in _WORD.findall(text.lower().replace("_", " ")) if len(word) > 2}
    return bool(words) and sum(word in name for word in words) >= len(words) / 2


def _count_words(text: str) -> int:
    return len(_WORD.findall(text))
