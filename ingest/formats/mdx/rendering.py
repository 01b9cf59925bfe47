"""The tree of a page of MDX as Markdown, with what its components say by their properties."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ingest.formats.mdx.code_elements import render_code
from ingest.formats.mdx.components import find_component
from ingest.formats.mdx.elements import Element, Expression, Node
from ingest.formats.mdx.html_elements import IN_LINE, HtmlRenderer
from ingest.formats.mdx.layout import Layout, join_blocks
from ingest.formats.mdx.literals import Value
from ingest.formats.mdx.properties import Properties
from ingest.formats.mdx.words import Scope, list_labels, render_expression, render_link

_STARTS_BLOCK = re.compile(
    r"(?:[-*+>|#]|\d+[.)])(?:\s|$)|`{3}|~{3}|:::|!!!|\||<|\*\*[^*]+\*\*(?:\n|$)"
)

_LIST_ONLY = re.compile(r"(?:\s*+- [^\n]*+)+\s*")
_BLANK_LINES = re.compile(r"\n[ \t]*(?=\n)")
_LINKS = {"link", "unknown"}
"""Roles of components that lead to the address in their properties."""


def render_elements(nodes: Sequence[Node], values: Mapping[str, Value]) -> str:
    """Return a page as Markdown.

    Args:
        nodes: its tree.
        values: the values of the names in its expressions.
    """
    return _render_block(nodes, Scope(values))


def _render_block(nodes: Sequence[Node], scope: Scope) -> str:
    """Return the content of an element as blocks without indent."""
    layout = Layout()
    ends_line = _find_line_ends(nodes)
    for place, node in enumerate(nodes):
        if isinstance(node, str):
            layout.add_text(node)
        elif _is_block(node, layout, ends_line=ends_line[place + 1]):
            layout.add_block(_render_node(node, scope))
        elif layout.is_in_heading and isinstance(node, Element) and node.is_component:
            # The anchor of a heading is made of its own text.
            layout.add_text(_render_line(node.children, scope))
            layout.postpone_block(_render_line([replace(node, children=[])], scope))
        else:
            text = _render_line([node], scope)
            layout.add_text(_fit_cell(text) if layout.is_in_row else text)
    return layout.join()


def _find_line_ends(nodes: Sequence[Node]) -> list[bool]:
    """Return for each node, and the end, whether its line ends there."""
    found = [True]
    for node in reversed(nodes):
        if isinstance(node, str):
            head, line_end, _ = node.partition("\n")
            found.append(not head.strip() and (bool(line_end) or found[-1]))
        else:
            is_text = isinstance(node, Expression) and not node.source.lstrip().startswith("/*")
            found.append(found[-1] and not is_text)
    return found[::-1]


def _is_block(node: Expression | Element, layout: Layout, *, ends_line: bool) -> bool:
    if isinstance(node, Expression):
        return layout.is_at_start and ends_line and "<" in node.source
    if node.name in {"table", "pre"}:
        return not layout.is_in_row
    if node.has_lines:
        return not layout.is_in_row
    return layout.is_at_start and ends_line and node.name not in IN_LINE


def _fit_cell(text: str) -> str:
    return " ".join(text.split("\n")).replace("|", "\\|") if "|" in text or "\n" in text else text


def _render_node(node: Expression | Element, scope: Scope) -> str:
    if isinstance(node, Expression):
        return render_expression(node.source, scope, _render_block)
    if node.is_component:
        return _render_component(node, scope)
    return _HTML.render_block(node, scope)


def _render_line(nodes: Sequence[Node], scope: Scope) -> str:
    """Return nodes as a part of a line."""
    parts = list[str]()
    for node in nodes:
        if isinstance(node, str):
            parts.append(node)
        elif isinstance(node, Expression):
            parts.append(render_expression(node.source, scope, _render_line))
        elif node.is_component:
            parts.append(_render_component_in_line(node, scope))
        else:
            parts.append(_HTML.render_in_line(node, scope))
    return "".join(parts)


def _render_component_in_line(element: Element, scope: Scope) -> str:
    component = find_component(element.name)
    said = Properties(element, scope, _render_line, component)
    content = _render_line(_label_tabs(element, scope), scope)
    shown = content.strip()
    if component.role == "hidden":
        return ""
    if component.role == "code" and shown and "`" not in content:
        return f"`{shown}`"
    if component.role == "explained":
        meaning = ": ".join(filter(None, [said.title, *said.texts]))
        return f"{content} ({meaning})" if shown and meaning else content + meaning
    if component.role == "field":
        return ": ".join(filter(None, [said.field, *said.texts, shown]))
    title = said.label or said.title
    parts = [title or content, *said.texts, *said.named, content if title else ""]
    if component.role in _LINKS:
        parts[0] = render_link(parts[0], said.target)
    words = [part for part in parts if part.strip()]
    return " ".join(words) if words else content


def _render_component(element: Element, scope: Scope) -> str:
    """Return a component as blocks."""
    component = find_component(element.name)
    role = component.role
    if role == "hidden" or (role in {"inline", "explained"} and not element.has_lines):
        return _render_component_in_line(element, scope)
    said = Properties(element, scope, _render_line, component)
    if role == "code":
        return render_code(element, scope, said, _render_block)
    content = _render_block(_label_tabs(element, scope), scope).strip("\n")
    if role == "field":
        return _render_field(said, content)
    if role == "entry":
        return _render_entry(said, content)
    if role == "figure":
        return join_blocks([content if content.strip() else said.title, *said.texts])
    if role == "plain" and _LIST_ONLY.fullmatch(content):
        content = _BLANK_LINES.sub("", content)
    title = _render_title(said, role)
    is_link = not title and role in _LINKS
    linked = render_link(content, said.target) if is_link else content
    return join_blocks([title, *said.texts, "\n".join(said.named), linked])


def _render_entry(said: Properties, content: str) -> str:
    """Return a file, or a folder with its files, as an item."""
    line = " ".join(filter(None, [said.title, *said.texts]))
    inner = _BLANK_LINES.sub("", content.strip("\n")).replace("\n", "\n  ")
    return f"- {line}\n  {inner}" if inner.strip() else f"- {line}" if line else ""


def _render_title(said: Properties, role: str) -> str:
    if role == "dated":
        dates, said.texts = said.texts, []
        title = f"{said.title} ({', '.join(dates)})" if said.title and dates else said.title
        return f"**{title or ', '.join(dates)}**" if title or dates else ""
    title = said.label or said.title
    if role in _LINKS:
        title = render_link(title, said.target)
    return f"**{title}**" if title else ""


def _render_field(said: Properties, content: str) -> str:
    head = said.field
    if not head:
        return join_blocks([*said.texts, content])
    described = join_blocks([*said.texts, content]).lstrip()
    if not described:
        return head
    return f"{head}:\n\n{described}" if _STARTS_BLOCK.match(described) else f"{head}: {described}"


def _label_tabs(element: Element, scope: Scope) -> list[Node]:
    """Return the content of tabs, each with its name.

    The element around the tabs may have a list of the names.
    """
    given = (element.properties.get(name) for name in ("items", "values", "labels", "tabs"))
    labels = next(filter(None, (list_labels(value, scope, _render_line) for value in given)), [])
    if not labels:
        return element.children
    by_value = {value: label for label, value in labels}
    in_order = iter([label for label, _ in labels])
    children = list[Node]()
    for child in element.children:
        is_tab = isinstance(child, Element) and find_component(child.name).role == "tab"
        if not isinstance(child, Element) or not is_tab:
            children.append(child)
            continue
        following = next(in_order, "")
        value = child.properties.get("value")
        label = by_value.get(value, "") if isinstance(value, str) else following
        is_named = not label or child.properties.keys() & {"label", "title"}
        given_label = {} if is_named else {"label": label}
        children.append(replace(child, properties={**child.properties, **given_label}))
    return children


_HTML = HtmlRenderer(_render_block, _render_line)
