"""Numbers of Word's lists, which go on over the paragraphs between their items."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from xml.etree.ElementTree import Element

_Level = tuple[str, int]
_MAX_LEVEL = 8


class Numbering:
    """The numbering of a document.

    Args:
        numbering: the part that defines lists; None if there is none.
        styles: the part that defines styles, which may belong to a list.
    """

    def __init__(self, numbering: Element | None, styles: Element | None) -> None:
        self._lists: dict[str, str] = {}  # the definition of each list
        self._starts: dict[_Level, int] = {}  # of the levels that have numbers
        self._own_starts: dict[_Level, int] = {}  # of single lists
        self._styles: dict[str, tuple[str, int]] = {}
        self._counts: defaultdict[str, dict[int, int]] = defaultdict(dict)
        self._begun: set[_Level] = set()
        for child in numbering if numbering is not None else ():
            if _get_name(child) == "abstractNum":
                self._read_definition(child)
            elif _get_name(child) == "num":
                self._read_list(child)
        for style in styles if styles is not None else ():
            properties = _find(style, "pPr", "numPr")
            if properties is not None and _get_value(_find(properties, "numId")):
                self._styles[_get(style, "styleId")] = _read_properties(properties)

    def _read_definition(self, definition: Element) -> None:
        name = _get(definition, "abstractNumId")
        for level in _list_named(definition, "lvl"):
            kind = _get_value(_find(level, "numFmt")) or "decimal"
            if kind not in {"bullet", "none"}:
                start = _to_number(_get_value(_find(level, "start")), 1)
                self._starts[name, _to_number(_get(level, "ilvl"), 0)] = start

    def _read_list(self, element: Element) -> None:
        name = _get(element, "numId")
        self._lists[name] = _get_value(_find(element, "abstractNumId"))
        for override in _list_named(element, "lvlOverride"):
            start = _find(override, "startOverride")
            if start is not None:
                level = _to_number(_get(override, "ilvl"), 0)
                self._own_starts[name, level] = _to_number(_get_value(start), 1)

    def count_paragraph(self, paragraph: Element) -> int:
        """Return the number of the next paragraph, 0 if it has none."""
        properties = _find(paragraph, "pPr", "numPr")
        style = _get_value(_find(paragraph, "pPr", "pStyle"))
        name, level = self._styles.get(style, ("", 0))
        if properties is not None:
            own_name, level = _read_properties(properties)
            name = own_name or name
        definition = self._lists.get(name, "")
        if level > _MAX_LEVEL or (definition, level) not in self._starts:
            return 0
        counts = self._counts[definition]
        if (name, level) in self._own_starts and (name, level) not in self._begun:
            counts[level] = self._own_starts[name, level]
        else:
            counts[level] = counts.get(level, self._starts[definition, level] - 1) + 1
        self._begun.add((name, level))
        for deeper in [each for each in counts if each > level]:
            del counts[deeper]
        return counts[level]


def _read_properties(properties: Element) -> tuple[str, int]:
    level = _to_number(_get_value(_find(properties, "ilvl")), 0)
    return _get_value(_find(properties, "numId")), level


def _get_name(element: Element) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _list_named(element: Element, name: str) -> Iterator[Element]:
    return (child for child in element if _get_name(child) == name)


def _find(element: Element, *names: str) -> Element | None:
    found: Element | None = element
    for name in names:
        found = next(_list_named(found, name), None) if found is not None else None
    return found


def _get(element: Element, name: str) -> str:
    """Return an attribute, in the namespace of either standard."""
    values = (value for key, value in element.attrib.items() if key.rpartition("}")[2] == name)
    return next(values, "")


def _get_value(element: Element | None) -> str:
    return _get(element, "val") if element is not None else ""


def _to_number(text: str, default: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else default
