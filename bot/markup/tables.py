"""Tables in Markdown: divide a text between them, or show them as fixed-width code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from bot.markup.mrkdwn import render_table
from rag_core.generation.text.links.link_guard import keep_links

_LINES = re.compile(r"[^\n]*\n|[^\n]+")  # as markdown-it counts them
_BACKTICKS = re.compile(r"`+")
_PARSER = MarkdownIt("commonmark", {"html": False}).enable("table")  # Slack reads no HTML


def split_at_tables(text: str) -> list[str]:
    """Split Markdown into parts of at most one table each.

    Return the text alone if it has no second table. A part ends below its table.
    """
    lines = _LINES.findall(text)
    ends = [end for _, _, end in _find_tables(text)][:-1]
    parts = ("".join(lines[start:end]) for start, end in pairwise([0, *ends, len(lines)]))
    return [part.strip("\n") for part in parts if part.strip()]


def flatten_tables(text: str) -> str:
    """Show the tables of a Markdown text as code in columns."""
    lines = _LINES.findall(text)
    for node, start, end in reversed(list(_find_tables(text))):
        lines[start:end] = [_fence(render_table(node))]
    return keep_links("".join(lines), text)


def _fence(code: str) -> str:
    """Return code in a fence that nothing in it closes."""
    longest = max(map(len, _BACKTICKS.findall(code)), default=0)
    fence = "`" * max(longest + 1, 3)
    return f"{fence}\n{code}\n{fence}\n"


def _find_tables(text: str) -> Iterator[tuple[SyntaxTreeNode, int, int]]:
    """Yield the tables outside of lists and quotes, with their lines."""
    for node in SyntaxTreeNode(_PARSER.parse(text.removesuffix("\n") + "\n")).children:
        if node.type == "table" and node.map is not None:
            yield node, *node.map
