"""Tags in an answer: those that lead nowhere stay, all others become text."""

from __future__ import annotations

from collections.abc import Callable

import regex

_NAME = r"[a-zA-Z][a-zA-Z0-9-]{0,40}"
_VALUE = r"(?:[^\s\"'=<>`]{1,1000}|\"[^\"]{0,1000}\"|'[^']{0,1000}')"
_ATTRIBUTE = rf"[\s/]+(?P<key>[a-zA-Z_:@][\w.:-]{{0,60}})(?:\s*=\s*(?P<value>{_VALUE}))?"
_ATTRIBUTES = regex.compile(_ATTRIBUTE)
_TAG = regex.compile(rf"<(?P<close>/?)(?P<name>{_NAME})(?:{_ATTRIBUTE}){{0,40}}\s*/?>")
_BEGINNING = regex.compile(r"<(?=[a-zA-Z/])")
_DECLARED = frozenset(("script", "style", "xmp", "plaintext", "noembed", "noframes", "iframe"))
"""Their content is not text, even if they have no attributes."""

_INERT = frozenset(
    [
        *("align", "alt", "class", "cols", "colspan", "dir", "height", "id", "lang", "name"),
        *("open", "role", "rows", "rowspan", "scope", "span", "start", "target", "title", "type"),
        *("valign", "value", "width"),
    ]
)
_INERT_VALUE = regex.compile(r"[^:/\\&%]*")
_NO_LINK = frozenset(("meta", "base", "link", "object", "embed", "applet", "svg", "param"))


def neutralise_tags(html: str, is_known: Callable[[str], bool]) -> str:
    """Return HTML without tags that do something.

    A link becomes its text, an image its alternative text; other tags become text.

    Args:
        html: a tag or a block.
        is_known: takes an address.
    """
    parts, at, dropped = "", 0, 0
    while begun := _BEGINNING.search(html, at):
        parts += html[at : begun.start()]
        at = begun.start()
        tag = _TAG.match(html, at)
        if tag and _is_inert(tag, is_known) and not (dropped and _is_end_of_link(tag)):
            parts += tag[0]
            at = tag.end()
        elif tag and tag["name"].lower() in {"a", "img"}:
            dropped += 1 if tag["name"].lower() == "a" and not tag["close"] else 0
            dropped -= 1 if dropped and _is_end_of_link(tag) else 0
            parts += _read_attributes(tag).get("alt", "") if tag["name"].lower() == "img" else ""
            at = tag.end()
        else:
            parts += "&lt;"
            at += 1
    return parts + html[at:]


def is_link_tag(html: str, *, closing: bool) -> bool:
    """Return True for a tag that opens or closes a link."""
    tag = _TAG.fullmatch(html)
    return tag is not None and tag["name"].lower() == "a" and bool(tag["close"]) == closing


def _is_end_of_link(tag: regex.Match[str]) -> bool:
    return bool(tag["close"]) and tag["name"].lower() == "a"


def _read_attributes(tag: regex.Match[str]) -> dict[str, str]:
    """Return the attributes of a tag, empty without a value."""
    attributes = {}
    for match in _ATTRIBUTES.finditer(tag[0]):
        attributes[match["key"].lower()] = (match["value"] or "").strip("\"'")
    return attributes


def _is_inert(tag: regex.Match[str], is_known: Callable[[str], bool]) -> bool:
    """Return True for a tag that leads nowhere unknown."""
    name = tag["name"].lower()
    if name in _DECLARED:
        return False
    if tag["close"]:
        return True
    for key, value in _read_attributes(tag).items():
        is_link = (name, key) in {("a", "href"), ("img", "src")}
        if is_link and is_known(value):
            continue
        is_bare = not value and not key.startswith("on") and not is_link
        is_value = key in _INERT and name not in _NO_LINK and _INERT_VALUE.fullmatch(value)
        if not (is_bare or is_value):
            return False
    return True
