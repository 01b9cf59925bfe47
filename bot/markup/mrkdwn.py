"""Markdown as `mrkdwn`, Slack's older markup, which modals need: escaped and in pieces."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from bot.markup.markdown import can_link, escape, escape_words, format_link
from bot.markup.nodes import extract_text, list_cells, prefix_lines
from bot.markup.splitting import split_rendered
from rag_core.generation.text.links.addresses import BREAK

SECTION_LIMIT = 3_000
"""Most characters in one `section`."""

# As Slack reads an answer: without HTML, so that code in a tag stays code.
_PARSER = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
_FENCE = "```"
_FENCES = re.compile(r"`{3,}")
_CODE = re.compile(r"`[^`]*`")
_BREAK_TYPES = ("softbreak", "hardbreak")
_MARKS = {"strong": "*", "em": "_", "s": "~"}


def render_pieces(text: str, limit: int = SECTION_LIMIT) -> Iterator[str]:
    """Yield Markdown as `mrkdwn` pieces of at most `limit` characters."""
    yield from split_rendered(text, render_mrkdwn, limit)


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
            return f"*{title}*" if (title := _render_title(node)) else ""
        case "fence" | "code_block":
            return _render_code(node.content)
        case "bullet_list" | "ordered_list":
            return "\n".join(_render_items(node))
        case "blockquote":
            return prefix_lines(_render_blocks(node.children), "> ", "> ")
        case "table":
            return _render_code(render_table(node))
        case "hr":
            return "———"
        case _:
            return _render_inlines(node.children)


def _render_code(text: str) -> str:
    # Slack knows one fence, and any run of three backticks closes it.
    body = _FENCES.sub(lambda match: BREAK.join(match[0]), escape(text.rstrip("\n")))
    return f"{_FENCE}\n{body}\n{_FENCE}"


def _render_items(node: SyntaxTreeNode) -> Iterator[str]:
    first = int(str(node.attrs.get("start", 1)))
    for number, item in enumerate(node.children, first):
        mark = f"{number}. " if node.type == "ordered_list" else "• "
        yield prefix_lines(_render_blocks(item.children, "\n"), mark, " " * len(mark))


def render_table(node: SyntaxTreeNode) -> str:
    """Render cells in columns of equal width, for a fixed-width font."""
    rows = [[extract_text(cell) for cell in row] for row in list_cells(node)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    rule = "  ".join("-" * width for width in widths)
    return "\n".join([lines[0], rule, *lines[1:]])


def _render_title(node: SyntaxTreeNode) -> str:
    """Render the words of a heading, with its code as code."""
    leaves = (leaf for leaf in node.walk() if not leaf.children)
    words = "".join(
        " "
        if leaf.type in _BREAK_TYPES
        else (_render_inline(leaf) if leaf.type == "code_inline" else escape_words(leaf.content))
        for leaf in leaves
    )
    return _spread_code(" ".join(words.split()))


def _spread_code(text: str) -> str:
    """Put a space between code and the words beside it.

    Slack reads no code whose backticks touch a word or each other, and would link what is in it.
    """

    def spread(match: re.Match[str]) -> str:
        before, after = text[match.start() - 1 : match.start()], text[match.end() :][:1]
        left = " " if re.match(r"[\w`]", before) else ""
        right = " " if re.match(r"\w", after) else ""
        return f"{left}{match[0]}{right}"

    return _CODE.sub(spread, text)


def _render_inlines(nodes: Sequence[SyntaxTreeNode]) -> str:
    return "".join(map(_render_inline, nodes))


def _render_inline(node: SyntaxTreeNode) -> str:
    match node.type:
        case "inline":
            return _spread_code(_render_inlines(node.children))
        case "strong" | "em" | "s":
            return _mark_words(_render_inlines(node.children), _MARKS[node.type])
        case "code_inline":
            # A backtick in it would end the code, and Slack would link what follows.
            code = escape_words(node.content.strip())
            return f"`{code}`" if code else ""
        case "link" | "image":
            return _render_link(node, str(node.attrs.get("href") or node.attrs.get("src") or ""))
        case "softbreak" | "hardbreak":
            return "\n"
        case _:
            return escape_words(node.content)


def _mark_words(content: str, mark: str) -> str:
    """Return words in bold or italics.

    An underscore beside a backtick would count as a word's.
    """
    is_beside_code = mark == "_" and "`" in (content[:1], content[-1:])
    return f"{mark}{content}{mark}" if content.strip() and not is_beside_code else content


def _render_link(node: SyntaxTreeNode, url: str) -> str:
    """Render a link or an image.

    Where there can be no link, code in the label stays code.
    """
    label = extract_text(node)
    return (
        format_link(url, label or url)
        if can_link(url) or not label
        else _render_inlines(node.children)
    )
