"""Markdown for `mrkdwn` fields, which modals need: Slack's older markup, harmless and in pieces."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from bot.markup.markdown import escape, link, split

SECTION_LIMIT = 3_000
"""Characters in one `section`."""

_PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
_FENCE = "```"
_UNFENCED = "`\u200b``"
_MARKS = {"strong": "*", "em": "_", "s": "~"}


def pieces(text: str, limit: int = SECTION_LIMIT) -> Iterator[str]:
    """A Markdown text as `mrkdwn` of at most `limit` characters each, in order."""
    yield from _fitting(text, limit, limit)


def _fitting(text: str, room: int, limit: int) -> Iterator[str]:
    """Escapes and tables make a text longer: what has grown too long is cut smaller before."""
    for part in split(text, room):
        shown = mrkdwn(part)
        if len(shown) > limit and room > 1:
            yield from _fitting(part, room // 2, limit)
        elif shown:
            yield shown


def mrkdwn(text: str) -> str:
    """A Markdown text as Slack shows it in a `mrkdwn` field."""
    return _blocks(SyntaxTreeNode(_PARSER.parse(text)).children).strip("\n")


def _blocks(nodes: Sequence[SyntaxTreeNode], between: str = "\n\n") -> str:
    return between.join(shown for node in nodes if (shown := _block(node)))


def _block(node: SyntaxTreeNode) -> str:  # noqa: PLR0911  (a table)
    match node.type:
        case "heading":
            return f"*{_plain(node)}*" if _plain(node) else ""
        case "fence" | "code_block":
            return _code(node.content)
        case "bullet_list" | "ordered_list":
            return "\n".join(_items(node))
        case "blockquote":
            return _prefixed(_blocks(node.children), "> ", "> ")
        case "table":
            return _code(_table(node))
        case "hr":
            return "———"
        case "html_block":
            return escape(node.content.strip())
        case _:
            return _inlines(node.children)


def _code(text: str) -> str:
    body = escape(text.rstrip("\n")).replace(_FENCE, _UNFENCED)
    return f"{_FENCE}\n{body}\n{_FENCE}"


def _items(node: SyntaxTreeNode) -> Iterator[str]:
    first = int(str(node.attrs.get("start", 1)))
    for number, item in enumerate(node.children, first):
        mark = f"{number}. " if node.type == "ordered_list" else "• "
        yield _prefixed(_blocks(item.children, "\n"), mark, " " * len(mark))


def _prefixed(text: str, first: str, rest: str) -> str:
    lines = text.split("\n")
    return "\n".join([first + lines[0], *(rest + line for line in lines[1:])])


def _table(node: SyntaxTreeNode) -> str:
    """Cells in columns of equal width, as a fixed-width font shows them."""
    rows = [
        [_plain(cell) for cell in row.children] for part in node.children for row in part.children
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    rule = "  ".join("-" * width for width in widths)
    return "\n".join([lines[0], rule, *lines[1:]])


def _inlines(nodes: Sequence[SyntaxTreeNode]) -> str:
    return "".join(map(_inline, nodes))


def _inline(node: SyntaxTreeNode) -> str:  # noqa: PLR0911  (a table)
    match node.type:
        case "inline":
            return _inlines(node.children)
        case "strong" | "em" | "s":
            mark, shown = _MARKS[node.type], _inlines(node.children)
            return f"{mark}{shown}{mark}" if shown.strip() else shown
        case "code_inline":
            return f"`{escape(node.content)}`"
        case "link":
            return link(str(node.attrs.get("href", "")), _plain(node))
        case "image":
            label = _plain(node) or str(node.attrs.get("src", ""))
            return link(str(node.attrs.get("src", "")), label)
        case "softbreak" | "hardbreak":
            return "\n"
        case _:
            return escape(node.content)


def _plain(node: SyntaxTreeNode) -> str:
    """The words of a node, one line, without any markup and not escaped."""
    leaves = (leaf for leaf in node.walk() if not leaf.children)
    words = (" " if leaf.type.endswith("break") else leaf.content for leaf in leaves)
    return " ".join("".join(words).split())
