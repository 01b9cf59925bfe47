"""Relative links of an included file, as the page that holds it would write them."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Container
from urllib.parse import quote, unquote

from ingest.includes.marks import MarkedText

_TARGET = re.compile(
    r"(?:\]\([ \t]*<?|^[ ]{0,3}\[[^\]\n]{1,300}\]:[ \t]*<?)"
    r"(?P<target>[^\s<>()#?/][^\s<>()#?]{0,300}\.(?:mdx?|markdown))(?=[)>#?\s]|$)",
    re.MULTILINE,
)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


def move_links(text: str, source: str, page: str, paths: Container[str], *, is_beside: bool) -> str:
    """Return an included file with its links as from the page.

    Args:
        text: Markdown.
        source: the file that it is from.
        page: the page that holds it.
        paths: the documents of the source.
        is_beside: whether the maker reads links from the file; if not, only those that lead
            nowhere from the page change.

    Returns:
        the text; links in code stay.
    """
    old, new = posixpath.dirname(source), posixpath.dirname(page)
    if old == new or ("](" not in text and "]:" not in text):
        return text
    marked = MarkedText(source, text)

    def move(match: re.Match[str]) -> str:
        target = match["target"]
        if _SCHEME.match(target) or marked.find_place(match.start()):
            return match[0]
        path = posixpath.normpath(posixpath.join(old, unquote(target)))
        held = posixpath.normpath(posixpath.join(new, unquote(target)))
        if path not in paths or (held in paths and not is_beside):
            return match[0]
        moved = quote(posixpath.relpath(path, new or "."), safe="/~@+")
        return match[0][: match.start("target") - match.start()] + moved

    return _TARGET.sub(move, text)
