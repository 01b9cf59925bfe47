"""Markdown text becomes sections and blocks: the structure that every format ends up in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode
from mdit_py_plugins.anchors.index import slugify
from mdit_py_plugins.front_matter import front_matter_plugin

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
_BACKTICKS = re.compile(r"`+")
_NOT_IN_SLUG = re.compile(r"[^\w\- ]")
_CONTAINERS = {"list", "item", "quote"}
_MISREAD = ["html_block", "code", "lheading", "reference"]
"""Rules that would misread text which only became Markdown here."""


class ParsedMarkdown:
    """Block structure of a text and its lines; a line is None once it is dropped."""

    def __init__(self, text: str, parser: MarkdownIt) -> None:
        self.tokens = parser.parse(text)
        self.root = SyntaxTreeNode(self.tokens)
        self.lines: list[str | None] = [*text.split("\n")]

    def join_lines(self, start: int, end: int) -> str:
        """The lines that are shown, as one text."""
        shown = "\n".join(line for line in self.lines[start:end] if line is not None)
        return shown.rstrip().strip("\n")

    def replace(self, start: int, end: int, text: str) -> None:
        """Show this text in the place of these lines."""
        self.lines[start:end] = [text or None] + [None] * (end - start - 1)

    def close_fence(self, markup: str, start: int, end: int) -> None:
        """Close a fence that its author left open, so that no chunk leaves one open."""
        first, last = self.lines[start] or "", self.lines[end - 1] or ""
        closing = last.strip(" \t>")
        if end - start > 1 and closing.startswith(markup) and set(closing) == {markup[0]}:
            return
        container = _FENCE_CONTAINER.match(first)
        tail = f"{container[0] if container else ''}{markup}"
        self.lines[end - 1] = f"{last}\n{tail}"


Nodes = Iterable[tuple[SyntaxTreeNode, ParsedMarkdown] | Block]
"""The blocks of a page in their order: nodes with the text they are part of, or ready ones."""


@cache
def build_written_parser(*, indented_code: bool = True) -> MarkdownIt:
    """For Markdown that a person wrote: CommonMark, tables and front matter."""
    parser = MarkdownIt("commonmark").enable("table").use(front_matter_plugin)
    parser.disable(["inline", "text_join"])
    return parser if indented_code else parser.disable("code")


@cache
def build_converted_parser() -> MarkdownIt:
    """For Markdown that another format was converted to: it holds no HTML."""
    parser = MarkdownIt("commonmark").enable("table").disable(["inline", "text_join"])
    return parser.disable(_MISREAD)


@cache
def _build_inline_parser() -> MarkdownIt:
    return MarkdownIt("commonmark")


def build_converted_document(page: Page, text: str, *, title: str = "") -> Document:
    """A document of another format, as Markdown; headings have the anchors that they name."""
    found = tuple(
        build_sections(list_nodes(ParsedMarkdown(text, build_converted_parser())), slug=None)
    )
    return build_document(page, title or find_first_heading(found) or page.stem, found)


def fence_code(code: str, language: str = "") -> str:
    """Code between fences that are longer than any run of backticks in it."""
    lines = "\n".join(line.rstrip() for line in code.split("\n")).strip("\n")
    longest = max((len(run) for run in _BACKTICKS.findall(lines)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{lines}\n{fence}" if lines.strip() else ""


def list_nodes(parsed: ParsedMarkdown) -> list[tuple[SyntaxTreeNode, ParsedMarkdown]]:
    """The blocks of a text, fences closed."""
    for token in parsed.tokens:
        if token.type == "fence" and token.map:
            parsed.close_fence(token.markup, *token.map)
    return [(node, parsed) for node in parsed.root.children]


def find_first_heading(found: Sequence[Section]) -> str:
    """The first heading there is; else empty."""
    return next((section.headings[-1] for section in found if section.headings), "")


def _slugify_as_written(heading: str) -> str:
    return _NOT_IN_SLUG.sub("", heading.replace(" ", "-"))


SLUGS: dict[str, Callable[[str], str] | None] = {
    "github": slugify,
    "case": _slugify_as_written,
    "none": None,
}
"""What a source's option `anchors` makes of a heading."""


def build_sections(nodes: Nodes, *, slug: Callable[[str], str] | None) -> Iterator[Section]:
    """Sections of a page; `slug` makes the anchor of a heading that has no `{#anchor}`."""
    taken: dict[str, int] = {}
    above: list[tuple[int, str]] = []
    anchor, blocks = "", list[Block]()
    for found in nodes:
        if isinstance(found, Block):
            blocks.append(found)
            continue
        node, parsed = found
        heading, explicit = _parse_heading(node)
        if not heading:
            blocks += _build_blocks(node, parsed)
            continue
        yield from _finish_section(above, anchor, blocks)
        level = int(node.tag[1])
        above = [*(pair for pair in above if pair[0] < level), (level, heading[:MAX_TITLE])]
        anchor = explicit
        if not explicit and slug is not None:
            anchor = _make_unique(slug(heading[:MAX_TITLE].strip()), taken)
        blocks = [Block("paragraph", heading)] if len(heading) > MAX_TITLE else []
    yield from _finish_section(above, anchor, blocks)


def _make_unique(slug: str, taken: dict[str, int]) -> str:
    """The slug, with the first number behind it that makes it another than those before.

    `taken` has the next number of each: a page may have a hundred thousand headings alike.
    """
    found, number = slug, taken.get(slug, 1)
    while found in taken:
        found, number = f"{slug}-{number}", number + 1
    taken[slug] = number
    taken.setdefault(found, 1)
    return found


def _finish_section(
    above: Sequence[tuple[int, str]], anchor: str, blocks: Sequence[Block]
) -> Iterator[Section]:
    if above or blocks:
        yield Section(tuple(heading for _, heading in above), anchor, tuple(blocks))


def _parse_heading(node: SyntaxTreeNode) -> tuple[str, str]:
    """Plain text and explicit anchor of a heading; ('', '') for anything else."""
    if node.type != "heading":
        return "", ""
    text = " ".join(child.content for child in node.children)
    explicit = _ANCHOR.search(text)
    return strip_markdown(_ANCHOR.sub("", text)), explicit[1] if explicit else ""


def strip_markdown(text: str) -> str:
    """Inline Markdown as plain text in one line."""
    parts = []
    for token in _build_inline_parser().parseInline(text[:10_000]):
        for child in token.children or []:
            if child.type in {"text", "code_inline", "image"}:
                parts.append(child.content)
            elif child.type in {"softbreak", "hardbreak"}:
                parts.append(" ")
    joined = "".join(parts) + text[10_000:]
    return " ".join(joined.encode(errors="replace").decode().split())


def build_table_block(text: str) -> Block:
    """A table in Markdown; its header is repeated where it is divided."""
    return Block("table", text, head="\n".join(text.split("\n")[:2]))


def _build_blocks(node: SyntaxTreeNode, parsed: ParsedMarkdown) -> Iterator[Block]:
    if node.map is None or node.type in {"front_matter", "hr"}:
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
