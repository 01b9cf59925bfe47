"""Attribute lists such as `{#id .class key="value"}`, in the spellings of all site makers."""

from __future__ import annotations

import re

# Possessive: a line may be very long, and each part is read once.
_ATTRIBUTE = (
    r"(?:[#.][^\s{}\"'=.#]+(?:[.#:][^\s{}\"'=.#]+)*+|"
    r"[A-Za-z_][\w:.-]*+=(?:\"[^\"\n{}]*+\"|'[^'\n{}]*+'|[^\s{}\"']++))"
)
_LIST = rf"\{{(?:[:%][ \t]*+|[ \t]*+){_ATTRIBUTE}(?:[ \t]++{_ATTRIBUTE})*+[ \t]*+%?\}}"
_BEHIND_MARK = re.compile(rf"(?<=[\])*_:>\x03])[ \t]?(?:{_LIST}|\{{:[^{{}}\n]*+\}})")
_WHOLE_LINE = re.compile(rf"{_LIST}[ \t]*")
_MAX_LISTS = 20  # behind one heading
_KRAMDOWN_LINE = re.compile(r"\{:(?![:/])[^{}\n]*+\}[ \t]*")
_ID = re.compile(r"(?:^|[\s{:%])(?:#([^\s{}\"']+)|id=(?:\"([^\"]*)\"|'([^']*)'|([^\s{}\"']+)))")


def split_attribute_lists(heading: str) -> tuple[str, str]:
    """Return a heading without its attribute lists, and its id.

    The id is empty if they give none.
    """
    anchor = ""
    for _ in range(_MAX_LISTS):
        start = heading.rfind("{")
        if start < 0 or not _WHOLE_LINE.fullmatch(heading, start):
            break
        anchor = find_id(heading[start:]) or anchor
        heading = heading[:start].rstrip()
    return heading, anchor


def drop_attribute_lists(text: str) -> str:
    """Drop the attribute lists behind links, images, icons and code."""
    return _BEHIND_MARK.sub("", text) if "{" in text else text


def is_attribute_line(line: str) -> bool:
    """Return whether a line holds only the attributes of a block."""
    return bool(_WHOLE_LINE.fullmatch(line) or _KRAMDOWN_LINE.fullmatch(line))


def find_id(attributes: str) -> str:
    """Return the id of an attribute list; empty for none."""
    match = _ID.search(attributes.strip())
    anchor = next(filter(None, match.groups()), "") if match else ""
    return "" if re.search(r"[\s{}]", anchor) else anchor
