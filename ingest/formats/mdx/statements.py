"""Imports and exports of a page of MDX, and the values that they give to names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from itertools import islice

from ingest.formats.mdx.literals import NoLiteralError, Value, parse_constant

# A line of prose may begin with "import" or "export" as well.
_STATEMENT = re.compile(
    r"import(?:\s+(?:type\s+)?[\w$]+(?:\s*,\s*[{*]|\s+from\s*[\"'])|\s*(?:type\s*)?[{*]|\s*[\"'])"
    r"|export\s+(?:const|let|var|function|async|class|default|type|interface|enum|abstract|declare)\b"
    r"|export\s*[{*]"
)
_MAX_VALUES = 200
_MAX_CHARS = 20_000
_VALUE = re.compile(
    r"^export\s+(?:const|let|var)\s+([A-Za-z_$][\w$]*)\s*(?::[^=\n]{1,200})?=\s*(?=[\"'`\d\[{(-])",
    re.MULTILINE,
)


def is_statement(text: str, start: int) -> bool:
    """Return whether an import or export begins at a line's start."""
    return bool(_STATEMENT.match(text, start))


def read_values(statements: Iterable[str]) -> dict[str, Value]:
    """Return the values of exported constants that are written out."""
    values = dict[str, Value]()
    for statement in statements:
        if len(values) < _MAX_VALUES and len(statement) <= _MAX_CHARS:
            values |= _read_constants(statement, values)
    return values


def _read_constants(statement: str, names: Mapping[str, Value]) -> dict[str, Value]:
    values = dict[str, Value]()
    for match in islice(_VALUE.finditer(statement), _MAX_VALUES):
        with suppress(NoLiteralError):
            values[match[1]] = parse_constant(statement[match.end() :], {**names, **values})
    return values
