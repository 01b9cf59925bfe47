"""Markup that html.parser reads in one pass: it would try some tags again from each letter."""

from __future__ import annotations

import re
from collections.abc import Iterator

MAX_WASTED = 5_000_000
"""Characters read in vain for the end of a tag; after that, no more tags are searched for."""

MAX_ATTRIBUTES = 100
MAX_VALUE = 4_000
"""Characters of an attribute; a longer one, such as a picture, is dropped."""

# Groups are possessive: each letter is read once, except in the search for a closing quote.
_OPENING = re.compile(
    r"<([A-Za-z][^\s/>]*+)((?:[^>\"'=]++|=\s*+(?:\"[^\"]*+\"|'[^']*+')|[\"'=])*+)>"
)
_PLAIN = re.compile(r"(?:\s++[A-Za-z][\w-]*+(?:=(?:\"[^\"<>]*+\"|[\w./:#-]++))?+)*+\s*+/?")
_ATTRIBUTE = re.compile(
    r"([^\s/=>\"'<]++)(?:\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s>\"'][^\s>]*+)))?+"
)
_CLOSING = re.compile(r"</([A-Za-z][^\s/>]*+)")
_ENDS = (
    ("<!--", "-->", 2),
    ("<![CDATA[", "]]>", 9),
    ("<!", ">", 2),
    ("<?", ">", 2),
    ("</", ">", 2),
)
"""Beginnings and ends of markup that is not shown, and the letters before its end can begin."""

_RAW = {name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE) for name in ("script", "style")}
"""Ends of elements whose content is not markup, and which no reader sees."""


def shorten_markup(html: str) -> str:
    """Return HTML whose tags are short and whole.

    Comments, declarations, scripts and styles are left out, since no reader sees them. A `<` that
    begins no tag is escaped.
    """
    return "".join(_MarkupReader(html).read()) if "<" in html else html


class _MarkupReader:
    """Divides HTML into text and tags."""

    def __init__(self, html: str) -> None:
        self._html = html
        self._wasted = 0
        self._missing: set[str] = set()  # ends that do not come any more

    def read(self) -> Iterator[str]:
        """Yield the texts and tags in their order."""
        html, position = self._html, 0
        while (start := html.find("<", position)) >= 0:
            yield html[position:start]
            tag, position = self._read_tag(start)
            yield tag
        yield html[position:]

    def _read_tag(self, start: int) -> tuple[str, int]:
        """Return the tag, or the escaped letter, and the position after it."""
        escaped = "&lt;", start + 1
        following = self._html[start + 1 : start + 2]
        if following in {"!", "?", "/"}:
            return self._read_unseen(start) or escaped
        if not (following.isascii() and following.isalpha()) or self._wasted > MAX_WASTED:
            return escaped
        match = _OPENING.match(self._html, start)
        if match is None:
            self._wasted += len(self._html) - start
            return escaped
        name = match[1].lower()
        if name in _RAW and not match[2].endswith("/"):
            return "", self._find_raw_end(name, match.end())
        return _render_tag(match), match.end()

    def _read_unseen(self, start: int) -> tuple[str, int] | None:
        for beginning, end, skipped in _ENDS:
            if self._html.startswith(beginning, start):
                stop = self._find(end, start + skipped)
                if stop < 0:
                    return None
                closing = _CLOSING.match(self._html, start)
                return f"</{closing[1][:MAX_VALUE]}>" if closing else "", stop + len(end)
        return None

    def _find_raw_end(self, name: str, start: int) -> int:
        """Return the end of a script; its start if none comes."""
        if name in self._missing:
            return start
        closing = _RAW[name].search(self._html, start)
        end = self._find(">", closing.end()) if closing else -1
        if end < 0:
            self._missing.add(name)
            return start
        return end + 1

    def _find(self, end: str, start: int) -> int:
        if end in self._missing:
            return -1
        position = self._html.find(end, start)
        if position < 0:
            self._missing.add(end)
        return position


def _render_tag(match: re.Match[str]) -> str:
    name, attributes = match.groups()
    if len(attributes) <= MAX_VALUE and _PLAIN.fullmatch(attributes):
        return match[0]
    rendered = []
    for number, attribute in enumerate(_ATTRIBUTE.finditer(attributes)):
        if number == MAX_ATTRIBUTES:
            break
        key = attribute[1]
        value = next(filter(None, attribute.groups()[1:]), "")
        if len(key) <= MAX_VALUE and len(value) <= MAX_VALUE:
            rendered.append(f' {key}="{value.replace(chr(34), "&quot;")}"')
    slash = "/" if attributes.endswith("/") else ""
    return f"<{name[:MAX_VALUE]}{''.join(rendered)}{slash}>"
