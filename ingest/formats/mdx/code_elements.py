"""Elements of code: a fence with what stands in their properties, strings or text."""

from __future__ import annotations

import html
from collections.abc import Sequence

from ingest.formats.mdx.elements import Element, Expression, Node
from ingest.formats.mdx.layout import join_blocks
from ingest.formats.mdx.properties import Properties
from ingest.formats.mdx.words import Render, Scope, read_text
from ingest.formats.structure import fence_code


def render_code(element: Element, scope: Scope, said: Properties, render: Render) -> str:
    """Return an element of code as a fence under its title.

    Args:
        element: the element.
        scope: the values of names.
        said: what its properties say.
        render: renders its content as blocks, in case it has a fence already.

    Returns:
        the Markdown.
    """
    title = f"**{said.title}**" if said.title else ""
    code = said.read_raw("code")
    nodes = [node for node in element.children if not isinstance(node, str) or node.strip()]
    if not code and any(_has_fence(node) for node in nodes) and element.name != "pre":
        return join_blocks([title, render(element.children, scope)])
    language = said.language
    if len(nodes) == 1 and isinstance(nodes[0], Element) and nodes[0].name == "code":
        language = language or Properties(nodes[0], scope, render).language
        nodes = nodes[0].children
    elif any(isinstance(node, str) for node in nodes):
        nodes = element.children
    return join_blocks([title, fence_code(code or _read_code(nodes, scope), language)])


def _has_fence(node: Node) -> bool:
    return isinstance(node, str) and ("```" in node or "~~~" in node)


def _read_code(nodes: Sequence[Node], scope: Scope) -> str:
    parts = list[str]()
    for node in nodes:
        if isinstance(node, str):
            parts.append(html.unescape(node))
        elif isinstance(node, Expression):
            parts.append(read_text(node, scope))
        else:
            parts.append("\n" if node.name == "br" else _read_code(node.children, scope))
    return "".join(parts)
