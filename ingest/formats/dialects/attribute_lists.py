"""Attribute lists such as `{#id .class key="value"}`, in the spellings of all site makers."""

from __future__ import annotations

import re

from ingest.formats.code_spans import CodeSpans

# Possessive: a line may be very long, and each part is read once.
_ATTRIBUTE = (
    r"(?:[#.][^\s{}\"'=.#]+(?:[.#:][^\s{}\"'=.#]+)*+|"
    r"[A-Za-z_][\w:.-]*+=(?:\"[^\"\n{}]*+\"|'[^'\n{}]*+'|[^\s{}\"']++))"
)
_BARE = r"data-[A-Za-z][\w-]*+(?=[\s}])"  # as Python-Markdown has it; it is its own value
_MORE = rf"{_ATTRIBUTE}|[A-Za-z][\w-]*+(?=[\s}}])"
_LIST = rf"\{{(?:[:%][ \t]*+|[ \t]*+)(?:{_ATTRIBUTE}|{_BARE})(?:[ \t]++(?:{_MORE}))*+[ \t]*+%?\}}"
_BEHIND_MARK = re.compile(rf"(?<=[\])*_:>\x03])[ \t]?(?:{_LIST}|\{{:[^{{}}\n]*+\}})")
_WHOLE_LINE = re.compile(rf"{_LIST}[ \t]*")
_HEADING = re.compile(r"^([ \t>]*#{1,6}[ \t][^\n]*?)(?:[ \t]*\{#[^\s{}]*\})?[ \t]*$", re.MULTILINE)
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


UNNAMED = "{#}"
"""Stands behind a heading that the site gives no anchor."""

AS_HTML = "{#=html}"
"""Stands behind a heading that is HTML, which few makers give an anchor."""


def mark_unnamed(text: str) -> str:
    """Mark the headings of a text as ones without anchors."""
    if "#" not in text:
        return text
    spans = CodeSpans(text)
    return _HEADING.sub(
        lambda match: match[0] if spans.is_code(match.start(1)) else f"{match[1]} {UNNAMED}", text
    )
