"""Words of properties and expressions, as the Markdown of the text that a page shows."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ingest.formats.code_spans import find_inline_spans
from ingest.formats.mdx.elements import Element, Expression, Node, Property, parse_elements
from ingest.formats.mdx.literals import (
    NoLiteralError,
    Value,
    is_name,
    parse_literal,
    render_value,
)

_COMMENTS = re.compile(r"/\*.*?\*/", re.DOTALL)
_MARKUP = re.compile(r"<(?:[A-Za-z>])")
_CODE = re.compile(r"=>|[()?&|+=;\[\]<>!:,]|\w\.\w")
_MAP = re.compile(
    r"([A-Za-z_$][\w$.]*|\[.*?\])\s*\.map\(\s*(?:\(\s*)?(?:([A-Za-z_$][\w$]*)|\{([\w\s,$]*)\})"
    r"[^=]{0,100}=>",
    re.DOTALL,
)
_STRINGS = re.compile(r"\"([^\"\n]*)\"|'([^'\n]*)'|`([^`$]*)`")
_HOLE = re.compile(r"\$\{([^{}`]*+)\}")
_SUM_PART = re.compile(
    r"\"(?:[^\"\\\n]|\\.)*+\"|'(?:[^'\\\n]|\\.)*+'|[A-Za-z_$][\w$.]*+"
    r"|`(?:[^`\\$]|\\.|\$\{[^{}`]*+\}|\$(?!\{))*+`"
)
_SUM = re.compile(rf"\s*+(?:{_SUM_PART.pattern})(?:\s*+\+\s*+(?:{_SUM_PART.pattern}))*+\s*+")
_NOT_IN_LINK = re.compile(r"[\[\]\n]")
_BAD_TARGET = re.compile(r"[\s()<>]|javascript:", re.IGNORECASE)
_MAX_REPEATED = 200
_MAX_DEPTH = 5
_HIDDEN_NAMES = {"children", "props.children"}

Render = Callable[[Sequence[Node], "Scope"], str]


@dataclass(frozen=True)
class Scope:
    """The values of a page's names at one place.

    Attributes:
        values: the values by the names.
        depth: how many expressions are around.
    """

    values: Mapping[str, Value]
    depth: int = 0

    def extend(self, values: Mapping[str, Value]) -> Scope:
        """Return the scope within an expression that gives values to more names."""
        return Scope({**self.values, **values}, self.depth + 1)


def escape_words(text: str) -> str:
    """Return a text of JavaScript as Markdown that shows it."""
    if "<" not in text:
        return text
    parts, end = list[str](), 0
    for start, stop in find_inline_spans(text):
        parts += [text[end:start].replace("<", "&lt;"), text[start:stop]]
        end = stop
    return "".join([*parts, text[end:].replace("<", "&lt;")])


def render_expression(source: str, scope: Scope, render: Render) -> str:
    """Return what a page shows of an expression in its text.

    A name without a known value is shown as code; nothing is shown of what only a program knows.

    Args:
        source: the expression without its braces.
        scope: the values of names.
        render: renders elements.

    Returns:
        the Markdown; empty if a page shows nothing of the expression.
    """
    code = (_COMMENTS.sub("", source) if "/*" in source else source).strip()
    if not code:
        return ""
    try:
        return escape_words(render_value(parse_literal(code, scope.values)))
    except NoLiteralError:
        pass
    if code.startswith("{") and code.endswith("}") and is_name(code[1:-1]):
        code = code[1:-1].strip()
    if is_name(code):
        return "" if code in _HIDDEN_NAMES or scope.depth else f"`{code}`"
    if _MARKUP.search(code):
        return _render_markup(code, scope, render)
    return "" if _CODE.search(code) else f"{{{source}}}"


def _render_markup(code: str, scope: Scope, render: Render) -> str:
    """Render the elements in an expression, for each value of a list."""
    if scope.depth >= _MAX_DEPTH:
        return ""
    elements = [node for node in parse_elements(code).nodes if isinstance(node, Element)]
    scopes = list(_repeat_scope(code, scope)) or [scope.extend({})]
    return "\n\n".join(filter(None, (render(elements, each).strip("\n") for each in scopes)))


def _repeat_scope(code: str, scope: Scope) -> Iterator[Scope]:
    match = _MAP.match(code)
    try:
        values = parse_literal(match[1], scope.values) if match else None
    except NoLiteralError:
        return
    if match and isinstance(values, list) and not scope.depth:
        for value in values[:_MAX_REPEATED]:
            taken = value if isinstance(value, dict) else {}
            names = [name.strip() for name in (match[3] or "").split(",")]
            yield scope.extend(
                {match[2]: value}
                if match[2]
                else {name: taken[name] for name in names if name in taken}
            )


def get_words(value: Property | None, scope: Scope, render: Render) -> str:
    """Return the words of a property in one line.

    Args:
        value: the property.
        scope: the values of names.
        render: renders elements in it.

    Returns:
        the words; empty if it has none.
    """
    if isinstance(value, Expression):
        text = ", ".join(list_words(value, scope, render))
    else:
        text = escape_words(value) if isinstance(value, str) else ""
    return " ".join(text.split())


def list_words(value: Expression, scope: Scope, render: Render) -> list[str]:
    """Return the texts of an expression; several if it is a list.

    Args:
        value: the expression.
        scope: the values of names.
        render: renders elements in it.

    Returns:
        the texts that are known.
    """
    try:
        parsed = parse_literal(value.source, scope.values)
    except NoLiteralError:
        if _MARKUP.search(value.source):
            return [_render_markup(value.source, scope, render)]
        return [escape_words(_join_known(value.source, scope))]
    items = parsed if isinstance(parsed, list) else [parsed]
    return [escape_words(text) for item in items if (text := render_value(item))]


def list_entries(value: Expression, scope: Scope) -> list[tuple[str, str]]:
    """Return the texts of a list's objects with their names."""
    try:
        parsed = parse_literal(value.source, scope.values)
    except NoLiteralError:
        return []
    objects = (
        [item for item in parsed if isinstance(item, dict)] if isinstance(parsed, list) else []
    )
    return [
        (name, escape_words(text))
        for item in objects[:_MAX_REPEATED]
        for name, text in item.items()
        if isinstance(text, str)
    ]


def _join_known(source: str, scope: Scope) -> str:
    """Return the words of a template or a sum of strings.

    What only a program could put in is left out.
    """

    def keep(hole: re.Match[str]) -> str:
        return hole[0] if is_name(hole[1]) and _read_known(hole[1], scope) else ""

    if not _SUM.fullmatch(source):
        return ""
    parts = (_HOLE.sub(keep, part[0]) for part in _SUM_PART.finditer(source))
    return "".join(_read_known(part, scope) for part in parts)


def _read_known(source: str, scope: Scope) -> str:
    try:
        return render_value(parse_literal(source, scope.values))
    except NoLiteralError:
        return ""


def list_labels(value: Property | None, scope: Scope, render: Render) -> list[tuple[str, str]]:
    """Return the labels of tabs, each with the value of its tab.

    Args:
        value: the property that has the list.
        scope: the values of names.
        render: renders elements in it.

    Returns:
        the labels and values in their order.
    """
    if not isinstance(value, Expression):
        return []
    try:
        parsed = parse_literal(value.source, scope.values)
    except NoLiteralError:
        return [(label, label) for label in _find_labels(value.source, scope, render)]
    labels = list[tuple[str, str]]()
    for item in parsed if isinstance(parsed, list) else []:
        if isinstance(item, dict):
            names = ("label", "title", "name", "value")
            label = next(filter(None, (render_value(item.get(name)) for name in names)), "")
            labels.append((label, render_value(item.get("value")) or label))
        else:
            labels.append((render_value(item), render_value(item)))
    return labels


def _find_labels(source: str, scope: Scope, render: Render) -> Iterator[str]:
    """Yield the strings and elements of a list."""
    for node in parse_elements(source.strip().removeprefix("[")).nodes:
        if isinstance(node, Element):
            yield " ".join(render([node], scope).split())
        elif isinstance(node, str):
            for string in _STRINGS.finditer(node):
                yield next(filter(None, string.groups()), "")


def read_text(value: Property, scope: Scope) -> str:
    """Return the text of a property as it is.

    It is empty if only a program knows it.
    """
    if isinstance(value, Expression):
        try:
            return render_value(parse_literal(value.source, scope.values))
        except NoLiteralError:
            return ""
    return html.unescape(value) if isinstance(value, str) else ""


def render_link(text: str, target: str) -> str:
    """Return a line as a link.

    A text that has other links or more lines stays as it is.
    """
    shown = text.strip()
    if not shown or _NOT_IN_LINK.search(shown) or not target or _BAD_TARGET.search(target):
        return text
    return f"[{shown}]({target})"
