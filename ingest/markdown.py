"""Markdown, MDX and plain text become documents, their original lines kept."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

import yaml
from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode
from mdit_py_plugins.anchors.index import slugify, unique_slug
from mdit_py_plugins.front_matter import front_matter_plugin

from ingest.documents import Block, Document, Kind, Page, Section
from ingest.html_text import html_to_text

_MAX_HEADING = 300  # characters; a longer one is text that happens to start with '#'
_ANCHOR = re.compile(r"\s*\{#([^\s{}]+)\}\s*$")
_COMMENT = re.compile(r"(?<!`)<!--.*?-->")
_WRAPPER = re.compile(r"^\s*</?(?:div|section|details|span|center)(?:\s[^<>]*)?>\s*$")
_TITLE = re.compile(r"^title:\s*(.+?)\s*$", re.MULTILINE)
_MDX_CODE = re.compile(r"^(?:import|export)\s")
_MDX_TAG = re.compile(r"</?[A-Z][^<>]*>|\{/\*.*?\*/\}", re.DOTALL)
_FENCE_CONTAINER = re.compile(r"[\s>]*")
_KINDS: dict[str, Kind] = {
    "bullet_list": "list",
    "ordered_list": "list",
    "list_item": "item",
    "blockquote": "quote",
    "fence": "fence",
    "code_block": "code",
    "table": "table",
    "html_block": "html",
}
_CONTAINERS = {"list", "item", "quote"}


def read_markdown(page: Page) -> Document:
    """Read Markdown: title from the front matter, else the first heading, else the file's name."""
    return _read(page, _parsed(page.text))


def read_mdx(page: Page) -> Document:
    """Read MDX as Markdown without its imports, exports and component tags."""
    parsed = _parsed(page.text)
    for node in parsed.root.children:
        if node.type == "paragraph" and node.map:
            parsed.drop_mdx(*node.map)
    return _read(page, parsed)


def read_text(page: Page) -> Document:
    """Read plain text: paragraphs, parted by empty lines."""
    paragraphs = re.split(r"\n\s*\n", page.text)
    blocks = tuple(Block("paragraph", text.strip("\n")) for text in paragraphs if text.strip())
    return _document(page, page.stem, (Section((), "", blocks),) if blocks else ())


class _Parsed:
    """Block structure of a text and its lines; a line is None once it is dropped."""

    def __init__(self, root: SyntaxTreeNode, lines: list[str | None]) -> None:
        self.root = root
        self.lines = lines

    def text(self, start: int, end: int) -> str:
        shown = "\n".join(line for line in self.lines[start:end] if line is not None)
        return shown.rstrip().strip("\n")

    def replace(self, start: int, end: int, text: str) -> None:
        self.lines[start:end] = [text or None] + [None] * (end - start - 1)

    def drop_mdx(self, start: int, end: int) -> None:
        text = self.text(start, end)
        self.replace(start, end, "" if _MDX_CODE.match(text) else _MDX_TAG.sub("", text).strip())


@cache
def _block_parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark").enable("table").use(front_matter_plugin)
    return parser.disable(["inline", "text_join"])


@cache
def _inline_parser() -> MarkdownIt:
    return MarkdownIt("commonmark")


def _parsed(text: str) -> _Parsed:
    parsed = _Parsed(SyntaxTreeNode(_block_parser().parse(text)), [*text.split("\n")])
    literal: set[int] = set()
    for node in parsed.root.walk():
        if node.type in {"fence", "code_block"} and node.map:
            literal.update(range(*node.map))
            if node.type == "fence":
                _close_fence(parsed, node.markup, *node.map)
        elif node.type == "html_block" and node.map:
            _show_html(parsed, *node.map)
    for number, line in enumerate(parsed.lines):
        if line and number not in literal:
            parsed.lines[number] = _shown(line)
    return parsed


def _close_fence(parsed: _Parsed, markup: str, start: int, end: int) -> None:
    """Close a fence that its author left open, so that no chunk leaves one open."""
    first, last = parsed.lines[start] or "", parsed.lines[end - 1] or ""
    closing = last.strip(" \t>")
    if end - start > 1 and closing.startswith(markup) and set(closing) == {markup[0]}:
        return
    container = _FENCE_CONTAINER.match(first)
    tail = f"{container[0] if container else ''}{markup}"
    parsed.lines[end - 1] = f"{last}\n{tail}"


def _show_html(parsed: _Parsed, start: int, end: int) -> None:
    """Replace a block of HTML by its text, behind the same indent or list marker."""
    text = parsed.text(start, end)
    if text.lstrip().startswith("<!--"):
        text = text.partition("-->")[2]
    prefix = text[: len(text) - len(text.lstrip(" >-*+0123456789.)"))] if "<" in text else ""
    shown = html_to_text(text[len(prefix) :]).strip()
    parsed.replace(start, end, prefix + shown if shown else prefix.rstrip())


def _shown(line: str) -> str | None:
    """A line outside of code without comments; None where nothing else was on it."""
    if _WRAPPER.match(line):
        return None
    if "<!--" not in line:
        return line
    return _COMMENT.sub("", line).rstrip() or None


def _read(page: Page, parsed: _Parsed) -> Document:
    sections = tuple(_sections(parsed))
    first = next((section.headings[-1] for section in sections if section.headings), "")
    return _document(page, _front_matter_title(parsed) or first or page.stem, sections)


def _document(page: Page, title: str, sections: Sequence[Section]) -> Document:
    return Document(
        source=page.source,
        path=page.path,
        url=page.url,
        title=title[:_MAX_HEADING],
        sections=tuple(sections),
        content_hash=page.content_hash,
    )


def _front_matter_title(parsed: _Parsed) -> str:
    for node in parsed.root.children[:1]:
        if node.type == "front_matter":
            return _plain(_title_of(node.content))
    return ""


def _title_of(front_matter: str) -> str:
    try:
        loaded = yaml.safe_load(front_matter)
    except (yaml.YAMLError, ValueError):
        # `title: What's new: everything` is no YAML, and yet everyone writes it.
        match = _TITLE.search(front_matter)
        return match[1].strip("\"'") if match else ""
    title = loaded.get("title") if isinstance(loaded, dict) else None
    return str(title) if title is not None else ""


def _sections(parsed: _Parsed) -> Iterator[Section]:
    above: list[tuple[int, str]] = []
    anchor, blocks = "", list[Block]()
    slugs: set[str] = set()
    for node in parsed.root.children:
        heading, explicit = _heading(node)
        if not heading:
            blocks += _block(node, parsed)
            continue
        yield from _section(above, anchor, blocks)
        level = int(node.tag[1])
        above = [*(pair for pair in above if pair[0] < level), (level, heading[:_MAX_HEADING])]
        anchor = explicit or unique_slug(slugify(heading[:_MAX_HEADING].strip()), slugs)
        blocks = [Block("paragraph", heading)] if len(heading) > _MAX_HEADING else []
    yield from _section(above, anchor, blocks)


def _section(
    above: Sequence[tuple[int, str]], anchor: str, blocks: Sequence[Block]
) -> Iterator[Section]:
    if above or blocks:
        yield Section(tuple(heading for _, heading in above), anchor, tuple(blocks))


def _heading(node: SyntaxTreeNode) -> tuple[str, str]:
    """Plain text and explicit anchor of a heading; ('', '') for anything else."""
    if node.type != "heading":
        return "", ""
    text = " ".join(child.content for child in node.children)
    explicit = _ANCHOR.search(text)
    return _plain(_ANCHOR.sub("", text)), explicit[1] if explicit else ""


def _plain(text: str) -> str:
    """Inline Markdown as plain text in one line."""
    parts = []
    for token in _inline_parser().parseInline(text[:10_000]):
        for child in token.children or []:
            if child.type in {"text", "code_inline", "image"}:
                parts.append(child.content)
            elif child.type in {"softbreak", "hardbreak"}:
                parts.append(" ")
    plain = "".join(parts) + text[10_000:]
    return " ".join(plain.encode(errors="replace").decode().split())


def _block(node: SyntaxTreeNode, parsed: _Parsed) -> Iterator[Block]:
    if node.map is None or node.type in {"front_matter", "hr"}:
        return
    text = parsed.text(*node.map)
    kind = _KINDS.get(node.type, "paragraph")
    if not text.strip():
        return
    if kind in _CONTAINERS:
        parts = tuple(block for child in node.children for block in _block(child, parsed))
        yield Block(kind, text, parts)
    elif kind == "fence":
        head, *_, tail = text.split("\n")
        yield Block(kind, text, head=head, tail=tail)
    elif kind == "table":
        yield Block(kind, text, head="\n".join(text.split("\n")[:2]))
    else:
        yield Block(kind, text)
