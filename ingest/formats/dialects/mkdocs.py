"""Blocks of MkDocs and its extensions: admonitions, tabs, `///` blocks, mkdocstrings."""

from __future__ import annotations

import re

from ingest.formats.dialects.lines import BlockLines, Expansion

# Possessive: several parts match spaces, and would be tried in all ways on other lines.
_TITLE = r"(?:\"((?:[^\"\\]|\\.)*+)\"|'((?:[^'\\]|\\.)*+)')?"
_ESCAPED = re.compile(r"\\(.)")
_ADMONITION = re.compile(rf"(?:!!!|\?\?\?\+?)[ \t]++([\w-]++)[^\"'\n]*+{_TITLE}\s*$")
_TAB = re.compile(rf"===[+!]?[ \t]++()(?=[\"']){_TITLE}\s*$")
_DEFINITION = re.compile(r":[ ]{1,3}(?=\S)")
_SLASHES = re.compile(r"/{3,}+[ \t]*+(?:([\w-]++)[ \t]*+(?:\|[ \t]*+(.*))?)?$")
_UNTITLED = {"html", "define", "caption", "figure-caption", "table-caption", "admonition"}
_OPTION = re.compile(r"[\w-]+:(?: |$)")
_OBJECT = re.compile(r":::[ \t]+([A-Za-z_]\w*(?:\.\w+)*)[ \t]*$")
_OBJECT_OPTION = re.compile(r"(?:options|handler|selection|rendering|inventories|extra)\s*:")


def match_indented(block: BlockLines) -> Expansion | None:
    """Return an admonition or a tab: title in bold, body without indent."""
    match = _ADMONITION.match(block.first) or _TAB.match(block.first)
    if not match:
        return None
    stop = block.find_body_end()
    body = block.get_body(stop).strip("\n")
    titles = [title for title in match.groups()[1:] if title is not None]
    title = titles[0] if titles else match[1].replace("-", " ").capitalize()
    title = _ESCAPED.sub(r"\1", title).strip()
    heading = f"**{title}**" if title else ""
    return Expansion(stop, f"{heading}\n\n{body}", is_markdown=True)


def match_definition(block: BlockLines) -> Expansion | None:
    """Return the definition of a term without its colon and indent."""
    match = _DEFINITION.match(block.first)
    if not match or not block.has_text_above():
        return None
    stop = block.find_body_end()
    first = block.first[match.end() :]
    return Expansion(stop, f"{first}\n{block.get_body(stop)}", is_markdown=True)


def match_slashes(block: BlockLines) -> Expansion | None:
    """Return the title of a `/// name | Title` block."""
    match = _SLASHES.match(block.first)
    if not match:
        return None
    stop = block.start + 1
    while match[1] and stop < block.end and block.is_indented(stop):
        if not _OPTION.match(block.get_line(stop).lstrip()):
            break
        stop += 1
    name = (match[1] or "").lower()
    title = match[2] or ("" if name in _UNTITLED else name.replace("-", " ").capitalize())
    if name == "html":
        title = ""
    return Expansion(stop, f"**{title.strip()}**" if title.strip() else "")


def match_object(block: BlockLines) -> Expansion | None:
    """Return the name of an object that mkdocstrings describes, without its options."""
    match = _OBJECT.match(block.first)
    if not match:
        return None
    stop = block.find_body_end()
    options = block.get_body(stop).strip()
    if "." in match[1] or _OBJECT_OPTION.match(options):
        return Expansion(stop, f"`{match[1]}`")
    return None
