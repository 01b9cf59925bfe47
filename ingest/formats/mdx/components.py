"""Components and their properties, from components.toml, and which properties are words."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

Role = Literal[
    "field",
    "tab",
    "tabs",
    "titled",
    "link",
    "admonition",
    "dated",
    "figure",
    "inline",
    "explained",
    "code",
    "entry",
    "plain",
    "hidden",
    "unknown",
]


@dataclass(frozen=True)
class Component:
    """The use that a component makes of its properties.

    Attributes:
        role: the kind of component.
        title: the properties that may hold its title, the first that is there.
        text: the properties that are shown below.
        kind: where an admonition's kind stands: "own name" or "property"; empty for others.
        usual: the kind of an admonition that names none.
    """

    role: Role
    title: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    kind: str = ""
    usual: str = ""


UNKNOWN = Component(
    "unknown",
    ("title", "label", "heading", "header", "text"),
    ("subtitle", "summary", "caption", "description", "content", "children"),
)
"""A component of a site's own: its title and texts, and all other words with their names."""

_NEVER_WORDS = re.compile(
    r"(?:class(?:Name|es)?|css|style|sx|id|key|ref|slot|as|is|role|type|kind|variant|intent|color|"
    r"colou?rs?|background|bg|theme|mode|size|width|height|align|justify|position|layout|target|"
    r"rel|lang|language|locale|path|file|filename|href|hrefs?|to|url|link|src|srcset|image|img|"
    r"icon\w*|\w*Icon|\w*Url|\w*Href|\w*Src|\w*Class(?:Name)?|\w*Id|\w*Color|\w*Path|group\w*|"
    r"sync\w*|query\w*|method|code|pattern|format|hash|for|on[A-Z]\w*|data-.*|aria-(?!label).*|"
    r".*:.*|@.*|\$.*)"
)
"""Names of properties that hold no words in any component."""

_ADDRESS = re.compile(r"(?:[a-z][a-z+.-]*:)?//|(?:mailto|tel|data):|[./#@~]|\w+(?:/[\w.-]+)+$")
_WORD = re.compile(r"[^\W\d_]{2,}")
_LOOKS_LIKE_CODE = re.compile(r"[{};=]|=>|\w\(|\w_\w|[a-z][A-Z]|\w\.\w+$|^-|--")
_CLASS = re.compile(r"!?-?[a-z][\w:./\[\]%#-]*(?:[-:]|\d)[\w./\[\]%#-]*")
_CAPITALISED = re.compile(r"[A-Z][a-z]+(?:[-'\u2019][A-Za-z]+)*[.!?]?")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[_-]")


@cache
def _load_components() -> dict[str, Component]:
    content = files("ingest.formats.mdx").joinpath("components.toml").read_text(encoding="utf-8")
    components = dict[str, Component]()
    for entry in tomllib.loads(content)["component"]:
        component = Component(
            entry["role"],
            tuple(entry["title"]),
            tuple(entry.get("text", ())),
            entry.get("kind", ""),
            entry.get("usual", ""),
        )
        components |= dict.fromkeys(entry["names"], component)
    return components


def find_component(name: str) -> Component:
    """Return the component of a name; UNKNOWN if none has it."""
    components = _load_components()
    return components.get(name) or components.get(name.rpartition(".")[2]) or UNKNOWN


def is_wording(name: str, value: str) -> bool:
    """Return whether a property of an unknown component reads as words.

    Args:
        name: the property's name.
        value: its text.
    """
    text = value.strip()
    if _NEVER_WORDS.fullmatch(name) or _ADDRESS.match(text) or not _WORD.search(text):
        return False
    words = text.split()
    if len(words) == 1:
        return bool(_CAPITALISED.fullmatch(text)) or not text.isascii()
    if any(map(_CLASS.fullmatch, words)) and not any(map(str.istitle, words)):
        return sum(bool(_CLASS.fullmatch(word)) for word in words) < len(words) / 2
    return len(_LOOKS_LIKE_CODE.findall(text)) <= len(words) // 5


def render_name(name: str) -> str:
    """Return the name of a property in words: `shortText` is "short text"."""
    return " ".join(_CAMEL.sub(" ", name).lower().split())
