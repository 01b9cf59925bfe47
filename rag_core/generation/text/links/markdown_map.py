"""A map of Markdown: where its links, tags, code and words stand, as CommonMark reads it."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from rag_core.generation.text.links.addresses import HIDDEN
from rag_core.generation.text.links.stream_words import find_last_word

DEEPEST = 150
"""Levels of nesting that are read; deeper text counts as unreadable."""

_LEAVES = frozenset(("inline", "fence", "code_block", "html_block", "hr"))
_RULES = ("escape", "backticks", "link", "image", "autolink", "html_inline", "entity")
# Without them there are no elements.
_SIGNS = re.compile(r"[\\`]|<(?=[^\s<>])|&(?=[#\w])|\]\(")
_SIGNS_WITH_REFERENCES = re.compile(rf"{_SIGNS.pattern}|\]")
_HTML = re.compile(r"<[A-Za-z/!?][^<>]*>|&#?\w{1,32};")

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
    _words: tuple[str, list[tuple[int, int]]] | None = None

    def read_words(self) -> tuple[str, list[tuple[int, int]]]:
        """Return the decoded text, and the places of its signs."""
        if self._words is None:
            self._words = self._decode_words()
        return self._words

    def _decode_words(self) -> tuple[str, list[tuple[int, int]]]:
        text, places, at = "", list[tuple[int, int]](), 0
        covers = {element.start: element for element in self._list_opaque()}
        end = len(self.content)
        for _, cover in (*sorted(covers.items()), (end, Element("", end, end))):
            if cover.start >= at:
                text += self.content[at : cover.start] + cover.text
                places += zip(range(at, cover.start), range(at + 1, cover.start + 1), strict=True)
                places += [(cover.start, cover.end)] * len(cover.text)
                at = cover.end
        return text, places

    def list_middles(self) -> Iterator[tuple[int, int, str]]:
        """Yield the lines and words before the last, with their stubs."""
        places, at = self.places or [], self.find_last_word()
        line = self.content.rfind("\n", 0, at) + 1
        if line > 1:
            yield places[0], places[line - 1], "x"
        if at > line:
            before = self.content[line:at]
            cells = "|" * len(re.findall(r"(?<!\\)\|", before))  # of a table's first row
            yield places[line], places[at], f"{'' if before.startswith('|') else 'x'}{cells} "

    def find_last_word(self) -> int:
        """Return where the last word begins, or its code or link."""
        at = find_last_word(self.content.rstrip())
        for element in sorted(self.elements, key=lambda each: -each.end):
            if element.start < at < element.end:
                at = element.start
        return at

    def _list_opaque(self) -> Iterator[Element]:
        """Yield what is not plain text, with its decoded text."""
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
        has_html: False if tags are read as text.
        has_tables: False if tables are read as text.
        tokens: those of its blocks.
        offsets: places where its lines begin.
    """

    leaves: list[Leaf]
    definitions: list[tuple[int, str]]
    starts: list[int]
    is_readable: bool
    has_html: bool
    has_tables: bool
    tokens: list[Token]
    offsets: list[int]

    def list_middles(self) -> Iterator[tuple[int, int, str]]:
        """Yield the parts that more text does not need, with their stubs.

        Of blocks that end with the text: all their rows, items, lines or words but the first and
        the last.
        """
        for children in self._list_levels()[1:]:
            maps = [child.map for child in children if child.map]
            first = 0 if children[0].type == "tr_open" else 1
            if len(maps) > first + 1:
                yield self.offsets[maps[first][0]], self.offsets[maps[-1][0]], ""
        last = self.leaves[-1]
        if last.kind in {"fence", "code_block"}:
            lines = [offset for offset in self.offsets if last.start < offset < last.end]
            if len(lines) > 1:
                yield lines[0], lines[-1], ""
        elif last.kind == "inline" and last.places and not last.is_cell:
            yield from last.list_middles()

    def describe_end(self) -> tuple[object, ...]:
        """Return what decides how more text is read."""
        last = self.leaves[-1]
        path = [(children[-1].type, children[-1].markup) for children in self._list_levels()]
        return (*path, last.kind, last.is_cell, last.content[last.find_last_word() :])

    def _list_levels(self) -> list[list[Token]]:
        """Return the blocks beside the last one, of each level."""
        levels: list[list[Token]] = []
        for token in self.tokens:
            if token.nesting >= 0:
                del levels[token.level + 1 :]
                levels += [[] for _ in range(token.level + 1 - len(levels))]
                levels[token.level].append(token)
        return levels


class MarkdownReader:
    """Reads Markdown as markdown-it does, and notes where everything stands.

    Args:
        html: False reads tags as text, as Slack does.
        tables: False reads tables as text.
    """

    def __init__(self, *, html: bool, tables: bool) -> None:
        self._options = (html, tables)
        rules = ["strikethrough", "table"] if tables else ["strikethrough"]
        self._parser = MarkdownIt("commonmark", {"html": html, "maxNesting": DEEPEST + 20})
        self._parser.enable(rules)
        # Other readers take schemes that markdown-it does not.
        setattr(self._parser, "validateLink", lambda _url: True)  # noqa: B010
        rulers = self._parser.inline.ruler
        for rule in rulers.__rules__:
            if rule.name in _RULES:
                rulers.at(rule.name, self._wrap_rule(rule.name, rule.fn))
        self._parser.core.ruler.disable("inline")

    def read(self, text: str) -> MarkdownMap:
        """Read a text whose lines end with a line feed."""
        env: dict[str, Any] = {}
        # Without a line feed at the end, HTML in a quotation is an IndexError.
        tokens = self._parser.parse(text.removesuffix("\n") + "\n", env)
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
        return MarkdownMap(
            leaves, definitions, starts, is_readable, *self._options, tokens, offsets
        )

    def _read_leaves(
        self, tokens: list[Token], lines: list[str], offsets: list[int], env: dict[str, Any]
    ) -> Iterator[Leaf]:
        row, cursor = -1, 0  # the last row of a table, and the place behind its last cell
        for before, token in zip([None, *tokens], tokens, strict=False):
            if token.type not in _LEAVES or token.map is None:
                continue
            first, last = token.map
            leaf = Leaf(token.type, offsets[first], offsets[last], token.content)
            if token.type == "html_block":
                leaf.content = "\n".join(lines[first:last])
                leaf.places = list(range(leaf.start, leaf.start + len(leaf.content)))
                leaf.elements = list(_read_html(leaf.content))
            elif token.type == "inline":
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
        signs = _SIGNS_WITH_REFERENCES if env.get("references") else _SIGNS
        if not signs.search(content):
            return []
        env |= {"elements": [], "images": 0}
        self._parser.inline.parse(content, self._parser, env, [])
        return list(env["elements"])

    def _wrap_rule(self, name: str, rule: Rule) -> Rule:
        """Return a rule that notes what it takes."""

        def watched(state: StateInline, silent: bool) -> bool:  # noqa: FBT001
            start, tokens = state.pos, len(state.tokens)
            state.env["images"] += name == "image"
            is_taken = rule(state, silent)
            state.env["images"] -= name == "image"
            if is_taken and not silent and not state.env["images"]:
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
        state.env["elements"].append(Element(name, start, state.pos, target, label, text))


def _read_html(source: str) -> Iterator[Element]:
    """Yield the tags and the entities of a block of HTML."""
    for match in _HTML.finditer(source):
        if match[0].startswith("<"):
            yield Element("html_inline", match.start(), match.end())
        elif (text := html.unescape(match[0])) != match[0]:
            yield Element("entity", match.start(), match.end(), text=text)


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
        word = inner[lead:].rstrip()
        if is_title:
            mark = re.search(r"#+", line)
            at = line.find(word, mark.end() if mark else 0)
        else:
            at = len(line.rstrip()) - len(word)
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
