"""Values that a page gives to a partial: `{props.name}` of Docusaurus, `{name}` of Mintlify."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from ingest.formats.mdx.elements import Expression, Property
from ingest.formats.mdx.literals import NoLiteralError, parse_literal, render_value

MAX_GROWTH = 500_000
"""Characters that the values of a use may add; after that, names stay as they are."""

_NAME = re.compile(r"(=[ \t]*|\$)?\{[ \t]*(props\.)?([A-Za-z_$][\w$]*)[ \t]*\}")


def fill_properties(text: str, properties: Mapping[str, Property]) -> str:
    """Return the text of a partial with the values of a use.

    Of the names without a value, `{props.name}` shows nothing, and `{name}` stays.

    Args:
        text: the partial.
        properties: the properties of the tag that stands for it.
    """
    left = MAX_GROWTH

    def fill(match: re.Match[str]) -> str:
        nonlocal left
        value = properties.get(match[3])
        if value is None or left <= 0:
            is_unset = value is None and match[2] and not match[1]
            return "" if is_unset else match[0]
        shown = _show(match[1] or "", value)
        left -= len(shown)
        return shown

    return _NAME.sub(fill, text)


def _show(before: str, value: Property) -> str:
    """Return a value for text, for a template, or behind `=`."""
    plain = _find_plain(value)
    if before.startswith("="):
        source = value.source if isinstance(value, Expression) else json.dumps(value)
        return f"{before}{{{source}}}"
    if plain is not None:
        return plain
    source = value.source.strip() if isinstance(value, Expression) else ""
    if source.startswith("<"):
        return source
    return f"{before}{{{source}}}"


def _find_plain(value: Property) -> str | None:
    """Return the text of a value; None if it is none."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return ""
    try:
        literal = parse_literal(value.source, {})
    except NoLiteralError:
        return None
    if isinstance(literal, bool) or literal is None:
        return ""
    return render_value(literal) if isinstance(literal, str | int | float) else None
