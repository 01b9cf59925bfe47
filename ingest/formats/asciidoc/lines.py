"""The lines of AsciiDoc: which begin a block, an item of a list or a table."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

HEADING = re.compile(r"^(={1,6}|#{1,6})[ \t]+(\S.*?)(?:(?<![ \t])[ \t]++\1)?$")
TITLE = re.compile(r"^\.(\.?[^ \t.].*)$")
ATTRIBUTES = re.compile(r"^\[(|[\w.#%{,\"'].*)\]$")
ANCHOR = re.compile(r"^\[\[([\w:][\w\-:.]*)(?:, *(.+))?\]\]$")
ENTRY = re.compile(r"^:!?\w[\w-]*!?:(?:[ \t]|$)")
MEDIA = re.compile(r"^(image|video|audio)::(\S[^\[\]]{0,1000})\[(.*)\]$")
DROPPED = re.compile(r"^(?:toc::\[.*\]|'{3,}|<{3,}|([-*_])( *)\1\2\1)$")
UNDERLINE = re.compile(r"^(=+|-+|~+|\^+|\++)$")
ADMONITION = re.compile(r"^(NOTE|TIP|IMPORTANT|WARNING|CAUTION):[ \t]+")
CALLOUT = re.compile(r"^<(?:\d+|\.)>[ \t]+(.*)$")
BULLET = re.compile(r"^[ \t]*(-|\*{1,9}|\u2022)[ \t]+(\S.*)$")
NUMBER = re.compile(r"^[ \t]*(\.{1,9}|\d{1,9}\.|[a-zA-Z]\.|[IVXivx]{1,9}\))[ \t]+(\S.*)$")
TERM = re.compile(r"^(?!//[^/])[ \t]*([^ \t].{0,1000}?)(:{2,4}|;;)(?:$|[ \t]+(.*)$)")

_DELIMITERS = re.compile(
    r"^(?:-{4,}|\.{4,}|={4,}|\*{4,}|_{4,}|\+{4,}|/{4,}|\"\"|--|`{3,}\S*|~{4,}|[|,:!]={3,})$"
)


@dataclass(frozen=True, slots=True)
class Item:
    """The first line of an item of a list.

    Attributes:
        tag: the HTML of the list: ul, ol, dl, or "callouts".
        marker: what items of one list share.
        text: the text behind the marker.
        term: the term of a description list.
    """

    tag: str
    marker: str
    text: str
    term: str = ""


@dataclass
class Cursor:
    """The lines of a page or a part of it, and the place of the next one."""

    lines: list[str]
    place: int = 0
    end: int = field(init=False)

    def __post_init__(self) -> None:
        self.end = len(self.lines)

    @property
    def line(self) -> str | None:
        """The next line; None at the end."""
        return self.lines[self.place] if self.place < self.end else None

    def take(self) -> str:
        """Return the next line and go on."""
        self.place += 1
        return self.lines[self.place - 1]

    def skip_blank(self) -> int:
        """Skip blank lines and return how many there were."""
        start = self.place
        while self.line == "":
            self.place += 1
        return self.place - start

    def take_delimited(self) -> tuple[str, list[str]]:
        """Return the opening line of a block and its lines."""
        opening = self.take()
        closing = re.sub(r"^(`{3,}).*", r"\1", opening)
        start = self.place
        while (line := self.line) is not None and line != closing:
            self.place += 1
        inner = self.lines[start : self.place]
        self.place += 1
        return opening, inner


def is_delimiter(line: str) -> bool:
    """Return whether a line opens a block."""
    return bool(_DELIMITERS.match(line))


def is_metadata(line: str) -> bool:
    """Return whether a line gives a block its attributes or its id."""
    return line.startswith("[") and bool(ANCHOR.match(line) or ATTRIBUTES.match(line))


def is_comment(line: str) -> bool:
    """Return whether a line is a comment."""
    return line.startswith("//") and not line.startswith("///")


def read_item(line: str) -> Item | None:
    """Return the item that a line begins; None if it begins none."""
    if bullet := BULLET.match(line):
        return Item("ul", bullet[1], bullet[2])
    if number := NUMBER.match(line):
        marker = number[1]
        kind = marker if marker.startswith(".") else "1" if marker[0].isdigit() else _name(marker)
        return Item("ol", kind, number[2])
    if callout := CALLOUT.match(line):
        return Item("callouts", "<>", callout[1])
    if ("::" in line or ";;" in line) and (term := TERM.match(line)):
        return Item("dl", term[2], (term[3] or "").strip(), term[1])
    return None


def _name(marker: str) -> str:
    """Return the kind of a list that is numbered by letters."""
    return ("a" if marker[0].islower() else "A") + marker[-1]


@dataclass
class BlockAttributes:
    """The lines above a block: its attributes, its id and its title."""

    positional: list[str] = field(default_factory=list)
    named: dict[str, str] = field(default_factory=dict)
    options: set[str] = field(default_factory=set)
    name: str = ""
    title: str = ""
    reference: str = ""

    @property
    def style(self) -> str:
        """The first attribute, such as `source` or `NOTE`."""
        return self.positional[0] if self.positional else ""

    def read(self, content: str) -> None:
        """Add the attributes of a line."""
        values = _split_attributes(content)
        for number, value in enumerate(values):
            key, sign, given = value.partition("=")
            if sign and re.fullmatch(r"[\w.%#-]+", key.strip()) and key.strip():
                self._add_named(key.strip(), given.strip().strip("\"'"))
            elif number == 0:
                self._read_shorthand(value.strip())
            else:
                while len(self.positional) <= number:
                    self.positional.append("")
                self.positional[number] = value.strip().strip("\"'")

    def _add_named(self, key: str, value: str) -> None:
        if key == "id":
            self.name = value
        elif key in {"options", "opts"}:
            self.options |= {option.strip() for option in value.split(",")}
        elif key in {"reftext", "xreflabel"}:
            self.reference = value
        else:
            self.named[key] = value

    def _read_shorthand(self, value: str) -> None:
        parts = re.findall(r"([#.%]?)([^#.%]+)", value) if value[:1] not in "\"'" else [("", value)]
        style = ""
        for sign, text in parts:
            if sign == "#":
                self.name = text
            elif sign == "%":
                self.options.add(text)
            elif not sign:
                style = text.strip("\"'")
        if style or not self.positional:
            self.positional[:1] = [style]


def _split_attributes(content: str) -> list[str]:
    """Return attributes that are divided by commas outside of quotes."""
    first = [""] if content.startswith(",") else []
    return first + re.findall(r"(?:\s*[\w-]+=)?(?:\"[^\"]*\"|'[^']*'|[^,])+|(?<=,)(?=,)", content)
