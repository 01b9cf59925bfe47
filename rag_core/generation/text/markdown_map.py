"""A map of Markdown: where its links, tags, code and words stand, as CommonMark reads it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from rag_core.generation.text.addresses import HIDDEN

DEEPEST = 150
"""Levels of nesting that are read; deeper text counts as unreadable."""

_LEAVES = frozenset(("inline", "fence", "code_block", "html_block", "hr"))
_RULES = ("escape", "backticks", "link", "image", "autolink", "html_inline", "entity")
_LEAD = re.compile(r"[ \t]*")

Rule = Callable[[StateInline, bool], bool]


@dataclass(frozen=True, slots=True)
class Element:
    """A link, image, autolink, tag, piece of code, escape or entity.

    Attributes:
        kind: the name of markdown-it's rule.
        start: its place in the source, or in its block.
        end: the place behind it.
        target: of a link, as markdown-it decodes it.
        label: places of the label's beginning and end.
        text: the decoded sign of an escape or an entity.
    """

    kind: str
    start: int
    end: int
    target: str = ""
    label: tuple[int, int] = (0, 0)
    text: str = ""


@dataclass(slots=True)
class Leaf:
    """A block without blocks in it.

    Attributes:
        kind: the type of markdown-it's token.
        start: where its first line begins.
        end: where its last line ends.
        content: as markdown-it reads it.
        places: of the signs of the content in the source; None if they were not found.
        is_cell: True for a cell of a table.
        elements: those of an inline block, by places in the content, inner ones first.
    """

    kind: str
    start: int
    end: int
    content: str = ""
    places: list[int] | None = None
    is_cell: bool = False
    elements: list[Element] = field(default_factory=list)

    def read_words(self) -> tuple[str, list[tuple[int, int]]]:
        """Return the decoded text, and the places of its signs."""
        covers = {element.start: element for element in self._list_opaque()}
        text, places, at = "", list[tuple[int, int]](), 0
        signs: list[str] = []
        while at < len(self.content):
            cover = covers.get(at)
            decoded = self.content[at] if cover is None else cover.text
            end = at + 1 if cover is None else cover.end
            for sign in decoded:
                signs.append(sign)
                places.append((at, end))
            at = max(end, at + 1)
        text = "".join(signs)
        return text, places

    def _list_opaque(self) -> Iterator[Element]:
        """Yield what is no plain text, with its decoded text."""
        for element in sorted(self.elements, key=lambda each: (each.start, -each.end)):
            if element.kind in {"link", "image"}:
                yield Element("", element.start, element.label[0], text=HIDDEN)
                yield Element("", element.label[1], element.end, text=HIDDEN)
            elif element.kind in {"escape", "entity"}:
                yield element
            else:
                yield Element("", element.start, element.end, text=HIDDEN)


@dataclass(frozen=True, slots=True)
class MarkdownMap:
    """The blocks of a text and their places.

    Attributes:
        leaves: its blocks, in their order.
        definitions: places of the brackets that open one, with its target.
        starts: lines where a block at the top, or an item of a list there, begins.
        is_readable: False if the text is nested too deeply.
    """

    leaves: list[Leaf]
    definitions: list[tuple[int, str]]
    starts: list[int]
    is_readable: bool


class MarkdownReader:
    """Reads Markdown as markdown-it does, and notes where everything stands.

    Args:
        html: False reads tags as text, as Slack does.
        tables: False reads tables as text.
    """

    def __init__(self, *, html: bool, tables: bool) -> None:
        self.has_tables = tables
        rules = ["strikethrough", "table"] if tables else ["strikethrough"]
        self._parser = MarkdownIt("commonmark", {"html": html, "maxNesting": DEEPEST + 20})
        self._parser.enable(rules)
        # Other readers take schemes that markdown-it does not.
        setattr(self._parser, "validateLink", lambda _url: True)  # noqa: B010
        self._found: list[Element] = []
        self._depth = 0
        rulers = self._parser.inline.ruler
        for rule in rulers.__rules__:
            if rule.name in _RULES:
                rulers.at(rule.name, self._wrap_rule(rule.name, rule.fn))
        self._parser.core.ruler.disable("inline")

    def read(self, text: str) -> MarkdownMap:
        """Read a text whose lines end with a line feed."""
        env: dict[str, Any] = {}
        tokens = self._parser.parse(text, env)
        offsets = [0, *(match.end() for match in re.finditer("\n", text))]
        offsets += [len(text)] * 2
        lines = text.split("\n")
        leaves = list(self._read_leaves(tokens, lines, offsets, env))
        found = [*env.get("references", {}).values(), *env.get("duplicate_refs", ())]
        definitions = [
            (text.find("[", offsets[each["map"][0]]), str(each["href"])) for each in found
        ]
        starts = [
            offsets[token.map[0]]
            for token in tokens
            if token.map
            and token.nesting >= 0
            and (token.level == 0 or (token.level == 1 and token.type == "list_item_open"))
        ]
        is_readable = all(token.level < DEEPEST for token in tokens)
        return MarkdownMap(leaves, definitions, starts, is_readable)

    def _read_leaves(
        self, tokens: list[Token], lines: list[str], offsets: list[int], env: dict[str, Any]
    ) -> Iterator[Leaf]:
        row, cursor = -1, 0  # the last row of a table, and the place behind its last cell
        for before, token in zip([None, *tokens], tokens, strict=False):
            if token.type not in _LEAVES or token.map is None:
                continue
            first, last = token.map
            leaf = Leaf(token.type, offsets[first], offsets[last], token.content)
            if token.type == "inline":
                leaf.is_cell = before is not None and before.type in {"th_open", "td_open"}
                if leaf.is_cell:
                    cursor = cursor if row == first else 0
                    row = first
                    leaf.places, cursor = _find_cell_places(token.content, lines[first], cursor)
                    if leaf.places is not None:
                        leaf.places = [place + offsets[first] for place in leaf.places]
                else:
                    is_title = before is not None and before.markup.startswith("#")
                    leaf.places = _find_line_places(
                        token.content, lines, offsets, first, is_title=is_title
                    )
                leaf.elements = self._read_inline(token.content, env)
            yield leaf

    def _read_inline(self, content: str, env: dict[str, Any]) -> list[Element]:
        self._found, self._depth = [], 0
        self._parser.inline.parse(content, self._parser, env, [])
        return self._found

    def _wrap_rule(self, name: str, rule: Rule) -> Rule:
        """Return a rule that notes what it takes."""

        def watched(state: StateInline, silent: bool) -> bool:  # noqa: FBT001
            start, tokens = state.pos, len(state.tokens)
            self._depth += name == "image"
            is_taken = rule(state, silent)
            self._depth -= name == "image"
            if is_taken and not silent and not self._depth:
                self._record_element(name, state, start, tokens)
            return is_taken

        return watched

    def _record_element(self, name: str, state: StateInline, start: int, tokens: int) -> None:
        new = state.tokens[tokens:]
        # The text before it becomes a token of its own.
        new = new[1:] if new and new[0].type == "text" and name not in {"escape", "entity"} else new
        label, target, text = (0, 0), "", ""
        if name in {"link", "image"}:
            opened = start + (name == "image")
            end = state.pos
            closed = self._parser.helpers.parseLinkLabel(state, opened, name == "link")
            state.pos = end
            label = (opened + 1, closed)
            target = str(new[0].attrs.get("href", "") or new[0].attrs.get("src", "")) if new else ""
        elif name == "autolink":
            target = str(new[0].attrs.get("href", "")) if new else ""
        elif name == "backticks":
            if not any(token.type == "code_inline" for token in new):
                return  # a run without a partner
        elif name in {"escape", "entity"}:
            text = new[-1].content if new and new[-1].type == "text_special" else "\n"
        self._found.append(Element(name, start, state.pos, target, label, text))


def _find_line_places(
    content: str, lines: list[str], offsets: list[int], first: int, *, is_title: bool
) -> list[int] | None:
    """Return the places of a block's signs, None if not found."""
    places: list[int] = []
    for number, inner in enumerate(content.split("\n"), start=first):
        if number > first:
            places.append(offsets[number] - 1)
        line = lines[number] if number < len(lines) else ""
        lead = len(inner) - len(inner.lstrip(" \t"))
        word = inner[lead:].rstrip(" \t")
        if is_title:
            mark = re.search(r"#+", line)
            at = line.find(word, mark.end() if mark else 0)
        else:
            at = len(line.rstrip(" \t")) - len(word)
        if at < 0 or not line.startswith(word, at):
            return None
        start = offsets[number] + at
        places += [start] * lead
        places += range(start, start + len(inner) - lead)
    return places


def _find_cell_places(content: str, line: str, cursor: int) -> tuple[list[int] | None, int]:
    """Return the places of a cell's signs, and its end."""
    if not content:
        return [], cursor
    for start in range(cursor, len(line)):
        places, at = [], start
        for sign in content:
            at += sign == "|" and line.startswith("\\|", at)
            if not line.startswith(sign, at):
                break
            places.append(at)
            at += 1
        else:
            return places, at
    return None, cursor
