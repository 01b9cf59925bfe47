"""Lines that show nothing themselves: labels, attributes, notes, and code between tags."""

from __future__ import annotations

import re

from ingest.formats.dialects.attribute_lists import find_id, is_attribute_line
from ingest.formats.dialects.directives import DIRECTIVE
from ingest.formats.dialects.lines import BlockLines, Expansion
from ingest.formats.dialects.tags import Tag, find_tags
from ingest.formats.structure import fence_code

_LABEL = re.compile(r"\(([\w.:/ -]+)\)=$")
_NOT_IN_ID = re.compile(r"[^a-z0-9]+")
_CONTENTS = re.compile(r"\[{1,2}_?toc_?\]{1,2}$|\{:toc\b[^{}]*\}$", re.IGNORECASE)
_KRAMDOWN = re.compile(r"\{:(?::|[\w-]+:|/)[^{}\n]*\}$")
_FOOTNOTE = re.compile(r"\[\^([^\]\s]{1,100})\]:[ \t]*")
_ABBREVIATION = re.compile(r"\*\[([^\]]{1,80})\]:[ \t]*(.*)$")
_COMMENT = re.compile(r"%(?:[ \t]|$)")
_CARD_LINE = re.compile(r"(?:\^{3,}|\+{3,})(?:[ \t].*)?$")
_MYST = re.compile(
    r"^[ \t>]*(?:`{3,}|:{3,}|~{3,})\{[A-Za-z]|^\([\w.:/ -]+\)=[ \t]*$|\{(?:ref|doc|term|py:\w+)\}`",
    re.MULTILINE,
)
_BLOCK_START = re.compile(r"[ \t]*(?:\[\^|\[[^\]]+\]:|#|>|```|~~~|\||[-*+] |\d+[.)] |<|:::|!!!|\{)")
_TAGS_ONLY = re.compile(r"[ \t]*(?:\n|$)")

_VERBATIM = {
    "highlight",
    "code-toggle",
    "codeblock",
    "code-block",
    "prism",
    "terminal",
    "command",
    "code",
    "mermaid",
    "console",
    "shell",
    "math",
    "katex",
    "codeblocks",
}
_COLON_FENCE = re.compile(r"(:{3,})[ \t]*(\{[A-Za-z][^\n]*)$")


def is_myst(text: str) -> bool:
    """Return whether a text has marks that only MyST uses."""
    return bool(_MYST.search(text))


def match_label(block: BlockLines) -> Expansion | None:
    """Return the label of MyST as the id of the heading below."""
    match = _LABEL.match(block.first)
    if not match:
        return None
    anchor = _NOT_IN_ID.sub("-", match[1].lower()).strip("-").lstrip("0123456789-")
    return Expansion(block.start + 1, notes={"below": (anchor, match[1])})


def match_attributes(block: BlockLines) -> Expansion | None:
    """Return the attributes of a block: the id of the heading beside."""
    if block.first.startswith(("{::comment", "{::nomarkdown", "{::options")):
        stop = block.start + 1
        while "comment" in block.first and stop < block.end:
            stop += 1
            if block.get_line(stop - 1).strip() in {"{:/comment}", "{:/}"}:
                break
        return Expansion(stop)
    if _CONTENTS.match(block.first):
        return Expansion(block.start + 1, notes={"contents": ("", "")})
    if is_attribute_line(block.first):
        return Expansion(block.start + 1, notes={"beside": (find_id(block.first), "")})
    return Expansion(block.start + 1) if _KRAMDOWN.match(block.first) else None


def match_note(block: BlockLines) -> Expansion | None:
    """Return the definition of a footnote or an abbreviation."""
    abbreviation = _ABBREVIATION.match(block.first)
    if abbreviation:
        notes = {"abbreviation": (abbreviation[1], abbreviation[2].strip())}
        return Expansion(block.start + 1, notes=notes)
    if _CONTENTS.match(block.first):
        return Expansion(block.start + 1)
    match = _FOOTNOTE.match(block.first)
    if not match:
        return None
    stop, was_blank, number = block.start + 1, False, block.start + 1
    while number < block.end:
        is_blank = block.is_blank(number)
        is_outside = not is_blank and not block.is_indented(number, 2)
        if is_outside and (was_blank or _BLOCK_START.match(block.get_line(number))):
            break
        number += 1
        stop = stop if is_blank else number
        was_blank = is_blank
    text = f"{block.first[match.end() :]}\n{block.get_body(stop)}"
    return Expansion(stop, notes={"footnote": (match[1], text.strip())})


def match_myst_line(block: BlockLines) -> Expansion | None:
    """Drop a comment of MyST, or the line between a card's parts."""
    if (_COMMENT if block.first.startswith("%") else _CARD_LINE).match(block.first):
        return Expansion(block.start + 1) if block.traits.get("myst") else None
    return None


def match_colon_fence(block: BlockLines) -> Expansion | None:
    """Return a directive between colons as one between backticks."""
    match = _COLON_FENCE.match(block.first)
    if not match or not DIRECTIVE.match(match[2]):
        return None
    stop = block.start + 1
    while stop < block.end:
        line = block.get_line(stop).strip()
        if line.startswith(match[1]) and not line.strip(":"):
            break
        stop += 1
    content = block.get_content(block.start + 1, stop)
    return Expansion(min(stop + 1, block.end), notes={"directive": (match[2], content)})


def match_tags(block: BlockLines) -> Expansion | None:
    """Return lines of nothing but tags, or code between two tags."""
    begin = block.position
    text = block.source[begin : begin + 8_000]
    end, tags = 0, list[Tag]()
    for tag in find_tags(text):
        if text[end : tag.start].strip(" \t"):
            break
        if not tags and (verbatim := _match_verbatim(block, tag, text)):
            return verbatim
        tags.append(tag)
        end = tag.end
        if _TAGS_ONLY.match(text, end):
            stop = block.start + 1 + text.count("\n", 0, end)
            return Expansion(stop, text[:end], is_template=True) if stop <= block.end else None
    return None


def _match_verbatim(block: BlockLines, tag: Tag, text: str) -> Expansion | None:
    """Return code between two tags as a fence.

    A comment shows nothing.
    """
    is_code_tab = tag.name == "tab" and "codelang" in tag.properties
    if tag.closes or (tag.name not in _VERBATIM | {"comment"} and not is_code_tab):
        return None
    if tag.name in block.traits.get("unclosed", ()):
        return None
    first_line = text.count("\n", 0, tag.end)
    rest = text[tag.end :].partition("\n")[0]
    lines, stop = [rest] if rest.strip() else [], block.start + 1 + first_line
    closing = _find_closing(rest, tag)
    while closing is None and stop < block.end:
        line = block.get_content(stop, stop + 1)
        closing = _find_closing(line, tag)
        lines.append(line)
        stop += 1
    if closing is None:
        block.traits.setdefault("unclosed", set()).add(tag.name)
        return None
    if lines:
        lines[-1] = lines[-1][: closing.start] if rest is not lines[-1] else rest[: closing.start]
    if tag.name == "comment":
        return Expansion(stop)
    content = "\n".join(lines)
    properties = ("title", "name", "file") if is_code_tab else ("title", "file")
    title = next(filter(None, map(tag.properties.get, properties)), "")
    head = f"**{title}**\n\n" if title and tag.name != "code-toggle" else ""
    if re.match(r"\s*(?:`{3,}|~{3,})", content):  # tags around a fence
        return Expansion(stop, f"{head}{content}", is_markdown=True)
    return Expansion(stop, head + fence_code(content, _find_language(tag)))


def _find_closing(line: str, tag: Tag) -> Tag | None:
    if "{" not in line:
        return None
    return next((each for each in find_tags(line) if each.closes and each.name == tag.name), None)


def _find_language(tag: Tag) -> str:
    language = next(iter(tag.words), "") or next(
        filter(
            None, (tag.properties.get(key, "") for key in ("lang", "language", "lexer", "codelang"))
        ),
        "",
    )
    if tag.name in {"mermaid", "math", "katex"}:
        return tag.name
    return language if re.fullmatch(r"[\w+#.-]{1,20}", language) else ""
