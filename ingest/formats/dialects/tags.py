"""Tags of templates, read: `{% include x.html %}` of Liquid, `{{< ref "a" >}}` of Hugo."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

_START = re.compile(r"\{%|\{\{[<%]")
_ENDS = {"{%": "%}", "{{<": ">}}", "{{%": "%}}"}
_MAX_CHARS = 4_000
_NAME = re.compile(r"\s*(/?)\s*([\w./:-]*[\w])?")
_WORD = re.compile(
    r"([\w:.-]+)\s*=\s*(?:\"((?:[^\"\\]|\\.)*+)\"|'((?:[^'\\]|\\.)*+)'|`([^`]*+)`|([^\s\"'`,]++))"
    r"|\"((?:[^\"\\]|\\.)*+)\"|'((?:[^'\\]|\\.)*+)'|`([^`]*+)`|([^\s\"'`]++)",
    re.DOTALL,
)
_ESCAPED = re.compile(r"\\(.)")


@dataclass(frozen=True)
class Tag:
    """A tag of a template.

    Attributes:
        start: its place in the text.
        end: the place after it.
        name: its name, without the slash or `end` of a closing tag; empty for a comment.
        closes: whether it ends what a tag of its name began.
        words: its values without a name.
        quoted: those of them that stand in quotation marks.
        properties: its values by their names.
        is_hugo: whether it is a shortcode of Hugo, not a tag of Liquid.
        literal: the text that it shows because it is escaped; mostly empty.
    """

    start: int
    end: int
    name: str = ""
    closes: bool = False
    words: tuple[str, ...] = ()
    quoted: tuple[str, ...] = ()
    properties: Mapping[str, str] = field(default_factory=dict)
    is_hugo: bool = True
    literal: str = ""


def find_tags(text: str) -> Iterator[Tag]:
    """Yield the tags of a text in their order."""
    position = 0
    ends = dict.fromkeys(_ENDS, 0)  # the next end of each kind, which is searched for once
    while match := _START.search(text, position):
        mark = match[0]
        if 0 <= ends[mark] < match.end():
            ends[mark] = text.find(_ENDS[mark], match.end())
        stop = ends[mark]
        if stop < 0 or stop - match.end() > _MAX_CHARS:
            position = match.end()
            continue
        position = stop + len(_ENDS[mark])
        yield _parse_tag(match.start(), position, mark, text[match.end() : stop])


def _parse_tag(start: int, end: int, mark: str, inner: str) -> Tag:
    is_hugo = mark != "{%"
    if inner.lstrip().startswith("/*"):  # Hugo's escape
        shown = inner.strip().removeprefix("/*").removesuffix("*/")
        return Tag(start, end, literal=f"{mark}{shown}{_ENDS[mark]}")
    if inner.lstrip().startswith("#"):  # Markdoc's id of a heading
        return Tag(start, end, literal=f"{mark}{inner}{_ENDS[mark]}")
    inner = inner.strip("-~ \t\n") if not is_hugo else inner.strip().removesuffix("/")
    name = _NAME.match(inner)
    label = ((name[2] if name else "") or "").lower()
    closes = bool(name and name[1]) or (not is_hugo and label.startswith("end"))
    if closes and not is_hugo:
        label = label.removeprefix("end")
    words, quoted, properties = list[str](), list[str](), dict[str, str]()
    for match in _WORD.finditer(inner, name.end() if name else 0):
        groups = match.groups()
        value = _ESCAPED.sub(r"\1", next((g for g in groups[1:] if g is not None), ""))
        if groups[0]:
            properties.setdefault(groups[0].lower(), value)
            continue
        words.append(value)
        if groups[8] is None:
            quoted.append(value)
    return Tag(start, end, label, closes, tuple(words), tuple(quoted), properties, is_hugo)
