"""Markdown in Discord's dialect: three headings, small print, lists, code, masked links."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from bot.discord.content.box_tables import render_table
from bot.discord.content.escaping import (
    escape_line_starts,
    fence_code,
    format_code,
    format_link,
    render_words,
)
from bot.markup.nodes import extract_text, prefix_lines

_PARSER = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
_LANGUAGE = re.compile(r"[A-Za-z0-9_+.#-]{1,30}")
_LOWEST_HEADING = 3
_CODE = ("fence", "code_block")


def render_markdown(text: str) -> str:
    """Render Markdown in Discord's dialect."""
    nodes = SyntaxTreeNode(_PARSER.parse(text.removesuffix("\n") + "\n")).children
    return _render_blocks(nodes).strip("\n")


def _render_blocks(nodes: Sequence[SyntaxTreeNode], *, is_nested: bool = False) -> str:
    """Render blocks; nested ones can be no headings and no quotations."""
    shown, before = "", ""
    for node in nodes:
        if block := _render_block(node, is_nested=is_nested):
            # Discord puts a margin below headings and around code by itself.
            is_near = is_nested or before == "heading" or {before, node.type} & {*_CODE}
            shown += (("\n" if is_near else "\n\n") if shown else "") + block
            before = node.type
    return shown


def _render_block(node: SyntaxTreeNode, *, is_nested: bool) -> str:  # noqa: PLR0911  (a table)
    match node.type:
        case "heading":
            return _render_heading(node, is_nested=is_nested)
        case "fence" | "code_block":
            language = _LANGUAGE.match(node.info) if node.type == "fence" else None
            return fence_code(node.content, language[0] if language else "")
        case "bullet_list" | "ordered_list":
            return "\n".join(_render_items(node))
        case "blockquote":
            body = _render_blocks(node.children, is_nested=True)
            return body if is_nested or not body else prefix_lines(body, "> ", "> ")
        case "table":
            return render_table(node, _render_children)
        case "hr":
            return ""  # Discord has no rule: a blank line divides
        case _:
            return escape_line_starts(_render_children(node))


def _render_heading(node: SyntaxTreeNode, *, is_nested: bool) -> str:
    title = " ".join(_render_children(node).split())
    level = int(node.tag[1:])
    if not title:
        return ""
    if is_nested or level > _LOWEST_HEADING:
        return f"**{title}**"
    return f"{'#' * level} {title}"


def _render_items(node: SyntaxTreeNode) -> Iterator[str]:
    first = int(str(node.attrs.get("start", 1)))
    for number, item in enumerate(node.children, first):
        mark = f"{number}." if node.type == "ordered_list" else "-"
        body = _render_blocks(item.children, is_nested=True)
        # A list item that begins with code would hide it behind its mark.
        yield f"{mark}\n{body}" if body.startswith("```") else _prefix_item(body, f"{mark} ")


def _prefix_item(body: str, mark: str) -> str:
    """Put an item behind its mark.

    Code stays at the margin, so that people can copy it.
    """
    parts = re.split(r"(^```.*?^```$)", body, flags=re.MULTILINE | re.DOTALL)
    room = " " * len(mark)
    shown = [
        part if number % 2 else re.sub(r"\n(?=[^\n])", f"\n{room}", part)
        for number, part in enumerate(parts)
    ]
    return (mark + "".join(shown)).replace(f"\n{room}```", "\n```").rstrip()


def _render_children(node: SyntaxTreeNode) -> str:
    return "".join(map(_render_inline, node.children))


def _render_inline(node: SyntaxTreeNode) -> str:  # noqa: PLR0911  (a table)
    match node.type:
        case "inline":
            return _render_children(node)
        case "strong":
            return _mark_words(_render_children(node), "**")
        case "em":
            return _render_emphasis(node)
        case "s":
            return _mark_words(_render_children(node), "~~")
        case "code_inline":
            return format_code(node.content)
        case "link" | "image":
            return _render_link(node)
        case "softbreak" | "hardbreak":
            return "\n"
        case _:
            return render_words(node.content)


def _render_emphasis(node: SyntaxTreeNode) -> str:
    """Render words in italics; asterisks beside others would be read as bold."""
    words = _render_children(node)
    is_beside = "*" in (words[:1], words[-1:]) or (node.parent and node.parent.type == "strong")
    return _mark_words(words, "_" if is_beside else "*")


def _mark_words(words: str, mark: str) -> str:
    return f"{mark}{words}{mark}" if words.strip() else words


def _render_link(node: SyntaxTreeNode) -> str:
    """Render a link; a picture becomes one, since texts show none."""
    address = str(node.attrs.get("href") or node.attrs.get("src") or "")
    words = extract_text(node) or (node.content if node.type == "image" else "")
    label = render_words(words) if node.type == "image" else _render_children(node)
    return format_link(address, label or render_words(address), words)
