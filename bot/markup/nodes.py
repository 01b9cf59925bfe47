"""Nodes of parsed Markdown: their words, the cells of tables, lines behind a mark."""

from __future__ import annotations

from markdown_it.tree import SyntaxTreeNode


def extract_text(node: SyntaxTreeNode) -> str:
    """Return the words of a node on one line, without markup, unescaped."""
    leaves = (leaf for leaf in node.walk() if not leaf.children)
    words = (" " if leaf.type.endswith("break") else leaf.content for leaf in leaves)
    return " ".join("".join(words).split())


def list_cells(table: SyntaxTreeNode) -> list[list[SyntaxTreeNode]]:
    """Return the rows of a table, its header first."""
    return [list(row.children) for part in table.children for row in part.children]


def prefix_lines(text: str, first: str, rest: str) -> str:
    """Put a prefix before each line of a text.

    Args:
        text: the text.
        first: the prefix of its first line.
        rest: the prefix of the other lines.

    Returns:
        The text with its prefixes.
    """
    lines = text.split("\n")
    return "\n".join([first + lines[0], *(rest + line for line in lines[1:])])
