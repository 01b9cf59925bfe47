"""The tree of a page of MDX: elements with properties, expressions, and the Markdown between."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ingest.formats.code_spans import CodeSpans
from ingest.formats.mdx.brackets import MAX_CHARS, find_expression_end, find_statement_end
from ingest.formats.mdx.statements import is_statement

MAX_WASTED = 500_000
"""Characters read in vain for an end; after that, no more ends are searched for in a page."""

MAX_DEPTH = 50
"""Elements within each other; the tags of deeper ones are dropped, and their content stays."""

_JOINTS = re.compile(r"[<{\\$]|^(?:im|ex)port\b", re.MULTILINE)
_FORMULA = re.compile(
    r"\$\$[^$]{1,2000}\$\$|(?<!\w)\$(?=[^\s$])[^$\n`]{0,300}(?<=[^\s\\$])\$(?![\d\w$])"
)
_ESCAPED = {"<": "&lt;", "{": "{", "}": "}"}
_TAG_NAME = re.compile(r"<(/?)\s*+((?:[A-Za-z_$][\w$]*+(?:[.:-][\w$]++)*+)?)(?=[\s/>{]|\Z)")
_PROPERTY_NAME = re.compile(r"[A-Za-z_$@:][\w$.:@-]*+")
_SPACES = re.compile(r"\s*+")
_TEXT_VALUE = re.compile(r"\"([^\"]*+)\"|'([^']*+)'|([^\s\"'<>{}=`/]++)")
_PLACEHOLDER = re.compile(r"[A-Z][A-Z0-9_]+|[a-z][\w$]*(?:-[\w$]+)+")
_LETTERS_ONLY = re.compile(r"[a-z][a-z0-9]*")

VOID = frozenset(
    re.findall(r"\w+", "area base br col embed hr img input link meta source track wbr")
)
"""Elements of HTML without content."""

HTML = VOID | frozenset(
    re.findall(
        r"\w+",
        """
        a abbr address animate article aside audio b bdi bdo big blockquote body button canvas
        caption center circle cite clipPath code colgroup data datalist dd defs del desc details dfn
        dialog div dl dt ellipse em fieldset figcaption figure filter font footer foreignObject form
        g h1 h2 h3 h4 h5 h6 head header hgroup html i iframe image ins kbd label legend li line
        linearGradient main map mark marker mask math menu meter nav noscript object ol optgroup
        option output p param path pattern picture polygon polyline pre progress q radialGradient
        rect rp rt ruby s samp script search section select slot small span stop strike strong style
        sub summary sup svg symbol table tbody td template text textarea tfoot th thead time title
        tr tspan tt u ul use var video
        """,
    )
)
"""Elements of HTML; other names in small letters are text that only looks like a tag."""


@dataclass(frozen=True)
class Expression:
    """JavaScript between braces."""

    source: str


Property = str | Expression | bool


@dataclass
class Element:
    """An element of JSX.

    Attributes:
        name: its name; empty for a fragment.
        properties: its properties; one without a value is True.
        children: its content.
        has_lines: whether its content has an empty line or a fence, and so is more than a line.
        tag: the opening tag as it was written.
    """

    name: str
    properties: dict[str, Property] = field(default_factory=dict)
    children: list[Node] = field(default_factory=list)
    has_lines: bool = False
    tag: str = ""

    @property
    def is_component(self) -> bool:
        """True if it is not an element of HTML."""
        return bool(self.name) and self.name not in HTML and not self.name.islower()


Node = str | Expression | Element

_BREAK = re.compile(r"\n[ \t]*+(?:\n|`{3}|~{3})")


@dataclass(frozen=True)
class _Tag:
    start: int
    end: int
    name: str
    closes: bool = False
    is_closed: bool = False
    properties: dict[str, Property] = field(default_factory=dict)


class _Statement:
    """An import or export."""


_Found = _Tag | Expression | _Statement | str


@dataclass(frozen=True)
class ParsedPage:
    """A page of MDX.

    Attributes:
        nodes: its tree; code of Markdown stays in its texts.
        statements: its imports and exports.
    """

    nodes: list[Node]
    statements: list[str]


def parse_elements(text: str) -> ParsedPage:
    """Parse a page, or the JavaScript that holds elements."""
    builder = _TreeBuilder(text)
    return ParsedPage(builder.build(), builder.statements)


class TagReader:
    """Reads single tags of a text."""

    def __init__(self, text: str) -> None:
        self._finder = _TagFinder(text)

    def read(self, start: int) -> tuple[int, Mapping[str, Property], bool] | None:
        """Return the end and properties of a tag; whether it closes itself."""
        tag = self._finder.read_tag(start)
        return (tag.end, tag.properties, tag.is_closed) if tag else None


class _TreeBuilder:
    def __init__(self, text: str) -> None:
        self._text = text
        self._root = Element("")
        self._stack = [self._root]
        self._starts = [0]
        self._places: dict[str, list[int]] = {}  # of the open elements of each name in the stack
        self._skipped: dict[str, int] = {}  # open tags that are too deep
        self.statements = list[str]()

    def build(self) -> list[Node]:
        end = 0
        for start, stop, node in _TagFinder(self._text).find():
            self._add_text(self._text[end:start])
            end = stop
            if isinstance(node, str):
                self._add_text(node)
            elif isinstance(node, _Tag):
                self._add_tag(node)
            elif isinstance(node, _Statement):
                self.statements.append(self._text[start:end])
            else:
                self._stack[-1].children.append(node)
        self._add_text(self._text[end:])
        self._abandon(1)
        return self._root.children

    def _add_text(self, text: str) -> None:
        if text:
            self._stack[-1].children.append(text)

    def _add_tag(self, tag: _Tag) -> None:
        if tag.closes:
            self._close(tag)
            return
        element = Element(
            tag.name, tag.properties, tag=self._text[tag.start : min(tag.end, tag.start + 200)]
        )
        self._stack[-1].children.append(element)
        if tag.is_closed or tag.name in VOID:
            return
        if len(self._stack) > MAX_DEPTH:
            self._skipped[tag.name] = self._skipped.get(tag.name, 0) + 1
            return
        self._places.setdefault(tag.name, []).append(len(self._stack))
        self._stack.append(element)
        self._starts.append(tag.end)

    def _close(self, tag: _Tag) -> None:
        if self._skipped.get(tag.name):
            self._skipped[tag.name] -= 1
            return
        places = self._places.get(tag.name)
        if not places:
            return
        place = places[-1]
        self._abandon(place + 1)
        element = self._take()
        element.has_lines = bool(_BREAK.search(self._text, self._starts.pop(), tag.start))

    def _take(self) -> Element:
        element = self._stack.pop()
        self._places[element.name].pop()
        return element

    def _abandon(self, place: int) -> None:
        """Give the content of unclosed elements to the one around them."""
        open_elements = self._stack[place:]
        if not open_elements:
            return
        children = self._stack[place - 1].children
        for element in open_elements:
            is_text = not element.properties and _PLACEHOLDER.fullmatch(element.name)
            if is_text:
                children[-1] = element.tag.replace("<", "&lt;")
            children += element.children
            element.children = []
        while len(self._stack) > place:
            self._take()
            self._starts.pop()


class _TagFinder:
    """Finds tags and expressions outside of code and formulas."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._spans = CodeSpans(text)
        self._wasted = 0
        self._last_comment = text.rfind("-->")

    def find(self) -> list[tuple[int, int, _Found]]:
        """Return them with their places."""
        found, position = list[tuple[int, int, _Found]](), 0
        while match := _JOINTS.search(self._text, position):
            start = match.start()
            position = match.end()
            if self._spans.is_code(start):
                continue
            end, node = self._read(match[0], start)
            position = max(end, position)
            if node is not None:
                found.append((start, end, node))
        return found

    def _read(self, mark: str, start: int) -> tuple[int, _Found | None]:
        text = self._text
        if mark == "\\":
            return start + 2, _ESCAPED.get(text[start + 1 : start + 2])
        if mark == "$":
            formula = _FORMULA.match(text, start)
            return (formula.end() if formula else start), None
        if mark == "<" and text.startswith("<!--", start):
            is_closed = start < self._last_comment
            return (text.find("-->", start) + 3 if is_closed else start), None
        if self._wasted > MAX_WASTED or text.startswith("{#", start):  # the id of a heading
            return start, None
        readers = {"{": self._read_expression, "<": self._read_element}
        return readers.get(mark, self._read_statement)(start)

    def _read_element(self, start: int) -> tuple[int, _Found | None]:
        tag = self.read_tag(start)
        return (tag.end, tag) if tag else (start, None)

    def _read_expression(self, start: int) -> tuple[int, _Found | None]:
        end = self._find_end(start + 1)
        return end, Expression(self._text[start + 1 : end - 1]) if end else None

    def _read_statement(self, start: int) -> tuple[int, _Found | None]:
        if not is_statement(self._text, start):
            return start, None
        end, is_whole = find_statement_end(self._text, start)
        if not is_whole:
            self._wasted += min(MAX_CHARS, len(self._text) - start)
        return end, _Statement()

    def _find_end(self, start: int) -> int:
        end = find_expression_end(self._text, start) if self._wasted <= MAX_WASTED else 0
        if not end:
            self._wasted += min(MAX_CHARS, len(self._text) - start)
        return end

    def read_tag(self, start: int) -> _Tag | None:
        """Return the tag at a place; None if there is none."""
        head = _TAG_NAME.match(self._text, start)
        if not head or not _is_element(head[2]):
            return None
        if not head[2] and self._text[head.end() : head.end() + 1] != ">":
            return None
        properties: dict[str, Property] = {}
        position, limit = head.end(), min(len(self._text), start + MAX_CHARS)
        while position < limit:
            position = self._skip_spaces(position, limit)
            if self._text.startswith(">", position):
                return _Tag(
                    start, position + 1, head[2], closes=bool(head[1]), properties=properties
                )
            if self._text.startswith("/>", position):
                return _Tag(
                    start,
                    position + 2,
                    head[2],
                    closes=bool(head[1]),
                    is_closed=True,
                    properties=properties,
                )
            position = self._read_property(position, limit, properties)
            if not position:
                break
        self._wasted += (position or start) - start
        return None

    def _skip_spaces(self, position: int, limit: int) -> int:
        spaces = _SPACES.match(self._text, position, limit)
        return spaces.end() if spaces else position

    def _read_property(self, position: int, limit: int, properties: dict[str, Property]) -> int:
        """Return the position after a property; 0 if there is none."""
        if self._text.startswith("{", position):  # spread properties, or a comment
            return self._find_end(position + 1)
        name = _PROPERTY_NAME.match(self._text, position, limit)
        if not name:
            return 0
        equals = self._skip_spaces(name.end(), limit)
        if not self._text.startswith("=", equals):
            properties.setdefault(name[0], True)
            return name.end()
        start = self._skip_spaces(equals + 1, limit)
        if self._text.startswith("{", start):
            end = self._find_end(start + 1)
            properties.setdefault(name[0], Expression(self._text[start + 1 : end - 1]))
            return end
        value = _TEXT_VALUE.match(self._text, start, limit)
        if not value:
            self._wasted += limit - start
            return 0
        properties.setdefault(name[0], next(group for group in value.groups() if group is not None))
        return value.end()


def _is_element(name: str) -> bool:
    return name in HTML or not name or not _LETTERS_ONLY.fullmatch(name)
