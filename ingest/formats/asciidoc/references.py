"""Anchors of AsciiDoc, by the rule of Asciidoctor, and the titles that references show."""

from __future__ import annotations

import re

from ingest.formats.asciidoc.attributes import Attributes

# As Asciidoctor's InvalidSectionIdCharsRx; titles have become HTML before.
_NOT_IN_ID = re.compile(
    r"<[^>]{1,2000}>|&(?:[a-z][a-z]+\d{0,2}|#\d\d\d{0,4}|#x[\da-f][\da-f][\da-f]{0,3});|[^ \w\-.]"
)
_MARK = re.compile("\ue002([^\ue002\ue003]*)\ue003")


class References:
    """The ids of a page, and the titles of what they stand for."""

    def __init__(self, attributes: Attributes) -> None:
        self._attributes = attributes
        self._titles: dict[str, str] = {}
        self._numbers: dict[str, int] = {}

    def add(self, name: str, title: str = "") -> None:
        """Add an id that the page gives."""
        if name and (title or name not in self._titles):
            self._titles[name] = title

    def build_id(self, title: str) -> str:
        """Return the id of a section, from its title as HTML.

        Return an empty string if the page switched such ids off.
        """
        if self._attributes.get("sectids") is None:
            return ""
        prefix, separator = self._attributes.get("idprefix"), self._attributes.get("idseparator")
        prefix = "_" if prefix is None else prefix
        separator = "_" if separator is None else separator[:1]
        name = prefix + _NOT_IN_ID.sub("", title.lower())
        if separator:
            squeezed = re.escape(f" .-{separator}")
            name = re.sub(f"[{squeezed}]+", separator.replace("\\", "\\\\"), name)
            name = name.removesuffix(separator)
            if not prefix:
                name = name.removeprefix(separator)
        else:
            name = name.replace(" ", "")
        return self._make_unique(name, separator)

    def _make_unique(self, name: str, separator: str) -> str:
        if name not in self._titles:
            return name
        number = self._numbers.get(name, 2)
        while f"{name}{separator}{number}" in self._titles:
            number += 1
        self._numbers[name] = number + 1
        return f"{name}{separator}{number}"

    def mark(self, target: str) -> str:
        """Return a mark that becomes the title of an id later."""
        return f"\ue002{target}\ue003"

    def resolve(self, html: str) -> str:
        """Replace all marks by titles."""
        return _MARK.sub(lambda match: self._find_title(match[1]), html)

    def _find_title(self, target: str) -> str:
        if target in self._titles:
            # A title may refer to a title, though not to its own without end.
            return _MARK.sub(r"\1", self._titles[target]) or f"[{target}]"
        return target if " " in target or target[:1].isupper() else f"[{target}]"
