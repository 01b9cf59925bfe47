"""Markdown as `mrkdwn`, Slack's older markup, which modals need: escaped and in pieces."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from bot.markup.markdown import escape, format_link, split

SECTION_LIMIT = 3_000
"""Most characters in one `section`."""

_PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
_FENCE = "```"
_UNFENCED = "`\u200b``"
_TICK = "\u02cb"
_MARKS = {"strong": "*", "em": "_", "s": "~"}


def render_pieces(text: str, limit: int = SECTION_LIMIT) -> Iterator[str]:
    """Yield Markdown as `mrkdwn` pieces of at most `limit` characters."""
    yield from _render_fitting(text, limit, limit)


def _render_fitting(text: str, room: int, limit: int) -> Iterator[str]:
    """Split the Markdown smaller until its `mrkdwn` fits the limit.

    Escapes and tables make the rendered text longer than the Markdown.
    """
    for part in split(text, room):
        rendered = render_mrkdwn(part)
        if len(rendered) > limit and room > 1:
            yield from _render_fitting(part, room // 2, limit)
        elif rendered:
            yield rendered


def render_mrkdwn(text: str) -> str:
    """Render Markdown for a `mrkdwn` field."""
    return _render_blocks(
        SyntaxTreeNode(_PARSER.parse(text.removesuffix("\n") + "\n")).children
    ).strip("\n")


def _render_blocks(nodes: Sequence[SyntaxTreeNode], between: str = "\n\n") -> str:
    return between.join(block for node in nodes if (block := _render_block(node)))


def _render_block(node: SyntaxTreeNode) -> str:  # noqa: PLR0911  (a table)
    match node.type:
        case "heading":
            return f"*{_extract_text(node)}*" if _extract_text(node) else ""
        case "fence" | "code_block":
            return _render_code(node.content)
        case "bullet_list" | "ordered_list":
            return "\n".join(_render_items(node))
        case "blockquote":
            return _prefix_lines(_render_blocks(node.children), "> ", "> ")
        case "table":
            return _render_code(render_table(node))
        case "hr":
            return "———"
        case "html_block":
            return escape(node.content.strip())
        case _:
            return _render_inlines(node.children)


def _render_code(text: str) -> str:
    body = escape(text.rstrip("\n")).replace(_FENCE, _UNFENCED)
    return f"{_FENCE}\n{body}\n{_FENCE}"


def _render_items(node: SyntaxTreeNode) -> Iterator[str]:
    first = int(str(node.attrs.get("start", 1)))
    for number, item in enumerate(node.children, first):
        mark = f"{number}. " if node.type == "ordered_list" else "• "
        yield _prefix_lines(_render_blocks(item.children, "\n"), mark, " " * len(mark))


def _prefix_lines(text: str, first: str, rest: str) -> str:
    lines = text.split("\n")
    return "\n".join([first + lines[0], *(rest + line for line in lines[1:])])


def render_table(node: SyntaxTreeNode) -> str:
    """Render cells in columns of equal width, for a fixed-width font."""
    rows = [
        [_extract_text(cell) for cell in row.children]
        for part in node.children
        for row in part.children
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    rule = "  ".join("-" * width for width in widths)
    return "\n".join([lines[0], rule, *lines[1:]])


def _render_inlines(nodes: Sequence[SyntaxTreeNode]) -> str:
    return "".join(map(_render_inline, nodes))


def _render_inline(node: SyntaxTreeNode) -> str:  # noqa: PLR0911  (a table)
    match node.type:
        case "inline":
            return _render_inlines(node.children)
        case "strong" | "em" | "s":
            mark, content = _MARKS[node.type], _render_inlines(node.children)
            return f"{mark}{content}{mark}" if content.strip() else content
        case "code_inline":
            # A backtick in it would end the code, and Slack would link what follows.
            return f"`{escape(node.content).replace('`', _TICK)}`"
        case "link":
            return format_link(str(node.attrs.get("href", "")), _extract_text(node))
        case "image":
            label = _extract_text(node) or str(node.attrs.get("src", ""))
            return format_link(str(node.attrs.get("src", "")), label)
        case "softbreak" | "hardbreak":
            return "\n"
        case _:
            return escape(node.content)


def _extract_text(node: SyntaxTreeNode) -> str:
    """Return the words of a node on one line, without markup, unescaped."""
    leaves = (leaf for leaf in node.walk() if not leaf.children)
    words = (" " if leaf.type.endswith("break") else leaf.content for leaf in leaves)
    return " ".join("".join(words).split())
