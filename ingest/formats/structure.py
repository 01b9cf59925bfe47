"""Sections and blocks from Markdown: the structure that every format ends up in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from html import escape
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererProtocol
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode

from ingest.documents import MAX_TITLE, Block, BlockKind, Document, Page, Section, build_document

_ANCHOR = re.compile(r"(?<!\s)\s*\{#([^\s{}]+)\}\s*$")
_FENCE_CONTAINER = re.compile(r"[\s>]*")
_KINDS: dict[str, BlockKind] = {
    "bullet_list": "list",
    "ordered_list": "list",
    "list_item": "item",
    "blockquote": "quote",
    "fence": "fence",
    "code_block": "code",
    "table": "table",
    "html_block": "html",
}
_CODE_SPAN = re.compile(r"(?<!`)(`++)[^`]++\1(?!`)")
_BACKTICKS = re.compile(r"`+")
_CONTAINERS = {"list", "item", "quote"}
_MISREAD = ["html_block", "code", "lheading", "reference"]
"""Rules of Markdown that would misread converted text."""


class ParsedMarkdown:
    """The block structure of a text.

    Attributes:
        tokens: the tokens of markdown-it.
        references: the definitions of reference links by their labels.
        root: the tree of tokens.
        lines: the lines of the text; a line that was dropped is None.
    """

    def __init__(self, text: str, parser: MarkdownIt) -> None:
        environment = dict[str, Any]()
        self.tokens = parser.parse(text.removesuffix("\n") + "\n", environment)
        self.references: dict[str, dict[str, Any]] = environment.get("references", {})
        self._definitions = [*self.references.values(), *environment.get("duplicate_refs", [])]
        self.root = SyntaxTreeNode(self.tokens)
        self.lines: list[str | None] = [*text.split("\n")]

    def join_lines(self, start: int, end: int) -> str:
        """Return a range of lines as one text, without dropped ones."""
        text = "\n".join(line for line in self.lines[start:end] if line is not None)
        return text.rstrip().strip("\n")

    def replace(self, start: int, end: int, text: str) -> None:
        """Put a text in the place of lines.

        Args:
            start: number of the first line, from 0.
            end: number of the line after the last one.
            text: the text; if it is empty, the lines are dropped.
        """
        self.lines[start:end] = [text or None] + [None] * (end - start - 1)

    def drop_definitions(self) -> None:
        """Drop the definitions of reference links, which show nothing themselves."""
        for start, end in (definition["map"] for definition in self._definitions):
            self.lines[start:end] = [None] * (end - start)

    def close_fence(self, markup: str, start: int, end: int) -> None:
        """Close a fence that its author left open.

        Otherwise, a chunk that ends in it would leave it open.

        Args:
            markup: the fence's opening mark, such as three backticks.
            start: number of the opening line, from 0.
            end: number of the line after the fence.
        """
        first, last = self.lines[start] or "", self.lines[end - 1] or ""
        closing = last.strip(" \t>")
        if end - start > 1 and closing.startswith(markup) and set(closing) == {markup[0]}:
            return
        container = _FENCE_CONTAINER.match(first)
        closing_line = f"{container[0] if container else ''}{markup}"
        self.lines[end - 1] = f"{last}\n{closing_line}"


Nodes = Iterable[tuple[SyntaxTreeNode, ParsedMarkdown] | Block]
"""The blocks of a page in their order: nodes with the text they belong to, or ready blocks."""


@cache
def build_written_parser(*, indented_code: bool = True) -> MarkdownIt:
    """Return the parser of Markdown that a person wrote.

    It knows CommonMark and tables.
    """
    parser = MarkdownIt("commonmark").enable("table")
    parser.disable(["inline", "text_join"])
    # A definition whose target is a program defines as well: the reader drops its target.
    parser.validateLink = _accept_target  # type: ignore[assignment,method-assign]
    return parser if indented_code else parser.disable("code")


def _accept_target(target: str) -> bool:
    return bool(target)


@cache
def build_converted_parser() -> MarkdownIt:
    """Return the parser of Markdown converted from another format.

    Such Markdown has no HTML.
    """
    parser = MarkdownIt("commonmark").enable("table").disable(["inline", "text_join"])
    return parser.disable(_MISREAD)


@cache
def _build_inline_parser() -> MarkdownIt:
    return MarkdownIt("commonmark")


@cache
def _build_markup_parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark").enable("table").disable(["code", "lheading"])
    parser.add_render_rule("html_block", _render_html_block)
    return parser


def _render_html_block(
    _renderer: RendererProtocol, tokens: Sequence[Token], number: int, *_rest: object
) -> str:
    """Return HTML with escaped tags in its code spans."""
    return _CODE_SPAN.sub(lambda span: escape(span[0], quote=False), tokens[number].content)


def render_markup(text: str) -> str:
    """Return HTML whose text between tags may be Markdown as HTML alone."""
    return str(_build_markup_parser().render(text))


def build_converted_document(page: Page, text: str, *, title: str = "") -> Document:
    """Build a document from another format's page, converted to Markdown.

    Args:
        page: the page.
        text: its content as Markdown; headings have the anchors that they name.
        title: title of the page; if it is empty, the first heading, else the file's name.

    Returns:
        the document with its sections.
    """
    sections = tuple(build_sections(list_nodes(ParsedMarkdown(text, build_converted_parser()))))
    return build_document(page, title or find_first_heading(sections) or page.stem, sections)


def fence_code(code: str, language: str = "") -> str:
    """Return code in a fence that no backticks in it can close.

    Return an empty string if there is no code.
    """
    lines = "\n".join(line.rstrip() for line in code.split("\n")).strip("\n")
    longest = max((len(run) for run in _BACKTICKS.findall(lines)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{lines}\n{fence}" if lines.strip() else ""


def list_nodes(parsed: ParsedMarkdown) -> list[tuple[SyntaxTreeNode, ParsedMarkdown]]:
    """Return the blocks of a text, after closing its open fences."""
    for token in parsed.tokens:
        if token.type == "fence" and token.map:
            parsed.close_fence(token.markup, *token.map)
    return [(node, parsed) for node in parsed.root.children]


def find_first_heading(sections: Sequence[Section]) -> str:
    """Return the first heading; empty if there is none."""
    return next((section.headings[-1] for section in sections if section.headings), "")


def build_sections(nodes: Nodes) -> Iterator[Section]:
    """Yield the sections of a page.

    A heading has the anchor that stands behind it as `{#anchor}`, or in the `meta` of its token.
    """
    above: list[tuple[int, str]] = []
    anchor, blocks = "", list[Block]()
    for item in nodes:
        if isinstance(item, Block):
            blocks.append(item)
            continue
        node, parsed = item
        heading, named = _parse_heading(node)
        if not heading:
            blocks += _build_blocks(node, parsed)
            continue
        # A heading ends the section before it, and the headings of its level and below.
        yield from _finish_section(above, anchor, blocks)
        level = int(node.tag[1])
        above = [*(pair for pair in above if pair[0] < level), (level, heading[:MAX_TITLE])]
        anchor = named
        # The whole of a heading that was cut stays as text.
        blocks = [Block("paragraph", heading)] if len(heading) > MAX_TITLE else []
    yield from _finish_section(above, anchor, blocks)


def _finish_section(
    above: Sequence[tuple[int, str]], anchor: str, blocks: Sequence[Block]
) -> Iterator[Section]:
    if above or blocks:
        yield Section(tuple(heading for _, heading in above), anchor, tuple(blocks))


def _parse_heading(node: SyntaxTreeNode) -> tuple[str, str]:
    """Return text and anchor of a heading; both empty for other nodes."""
    if node.type != "heading":
        return "", ""
    text = " ".join(child.content for child in node.children)
    named = _ANCHOR.search(text)
    written = next((child.meta for child in node.children if child.meta), {})
    return (
        strip_markdown(_ANCHOR.sub("", text)),
        named[1] if named else str(written.get("anchor", "")),
    )


def strip_markdown(text: str) -> str:
    """Return the plain text of inline Markdown, in one line."""
    joined = "".join(part for part, _ in parse_inline(text[:10_000])) + text[10_000:]
    return " ".join(joined.encode(errors="replace").decode().split())


def parse_inline(text: str, *, has_alt: bool = True) -> Iterator[tuple[str, bool]]:
    """Yield the texts of inline Markdown, and whether they are code.

    Args:
        text: the Markdown.
        has_alt: whether the texts of images are among them.
    """
    for token in _build_inline_parser().parseInline(text):
        for child in token.children or []:
            if child.type in {"text", "code_inline"} or (has_alt and child.type == "image"):
                yield child.content, child.type == "code_inline"
            elif child.type in {"softbreak", "hardbreak"}:
                yield "\n", False


def build_table_block(text: str) -> Block:
    """Return the block of a Markdown table, whose parts repeat its header."""
    return Block("table", text, head="\n".join(text.split("\n")[:2]))


def _build_blocks(node: SyntaxTreeNode, parsed: ParsedMarkdown) -> Iterator[Block]:
    if node.map is None or node.type == "hr":
        return
    text = parsed.join_lines(*node.map)
    kind = _KINDS.get(node.type, "paragraph")
    if not text.strip():
        return
    if kind in _CONTAINERS:
        parts = tuple(block for child in node.children for block in _build_blocks(child, parsed))
        yield Block(kind, text, parts)
    elif kind == "fence":
        head, *_, tail = text.split("\n")
        yield Block(kind, text, head=head, tail=tail)
    elif kind == "table":
        yield build_table_block(text)
    else:
        yield Block(kind, text)
