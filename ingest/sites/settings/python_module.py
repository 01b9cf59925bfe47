"""Values that a module of Python writes out, as in `conf.py`; nothing of it is executed."""

from __future__ import annotations

import ast
from typing import Any

_MAX_DEPTH = 40
_MAX_TEXT = 10_000
_ENVIRONMENT = {"os.environ.get", "os.getenv", "environ.get", "getenv"}


def read_python(source: str) -> dict[str, Any]:
    """Return the values that a module writes out, by name.

    Return an empty object if the module can't be parsed.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    values: dict[str, Any] = {}
    for statement in tree.body:
        _read_statement(statement, values)
    return values


def _read_statement(statement: ast.stmt, values: dict[str, Any]) -> None:
    if isinstance(statement, ast.Assign):
        value = _read_value(statement.value, values, 0)
        for target in statement.targets:
            _assign(target, value, values)
    elif isinstance(statement, ast.AnnAssign) and statement.value:
        _assign(statement.target, _read_value(statement.value, values, 0), values)
    elif isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
        before, more = values.get(statement.target.id), _read_value(statement.value, values, 0)
        values[statement.target.id] = _add(before, more)
    elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        _read_call(statement.value, values)


def _assign(target: ast.expr, value: Any, values: dict[str, Any]) -> None:
    if isinstance(target, ast.Name):
        values[target.id] = value
    elif isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
        table, key = values.get(target.value.id), _read_value(target.slice, values, 0)
        if isinstance(table, dict) and isinstance(key, str):
            table[key] = value


def _read_call(call: ast.Call, values: dict[str, Any]) -> None:
    """Read `extensions.append(…)` and its kind."""
    if not isinstance(call.func, ast.Attribute) or not isinstance(call.func.value, ast.Name):
        return
    held, given = values.get(call.func.value.id), [_read_value(a, values, 0) for a in call.args]
    if isinstance(held, list) and given:
        if call.func.attr == "append":
            held.append(given[0])
        elif call.func.attr == "extend" and isinstance(given[0], list):
            held += given[0]
    elif isinstance(held, dict) and given and call.func.attr == "update":
        held |= given[0] if isinstance(given[0], dict) else {}


def _read_value(node: ast.expr | None, values: dict[str, Any], depth: int) -> Any:
    """Return the value of an expression.

    Return None if only a program could say it.
    """
    value: Any = None
    if depth > _MAX_DEPTH:
        return value
    below = depth + 1
    match node:
        case ast.Constant(value=str() | int() | float() | bool() as constant):
            value = constant
        case ast.Name(id=name):
            value = values.get(name)
        case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
            value = [_read_value(item, values, below) for item in items]
        case ast.Dict(keys=keys, values=items):
            names = [str(_read_value(key, values, below)) for key in keys]
            value = dict(zip(names, (_read_value(i, values, below) for i in items), strict=True))
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            value = _add(_read_value(left, values, below), _read_value(right, values, below))
        case ast.BoolOp(op=ast.Or(), values=choices):
            value = next(filter(None, (_read_value(c, values, below) for c in choices)), None)
        case ast.JoinedStr(values=parts):
            value = _join(parts, values, below)
        case ast.Call():
            value = _read_called(node, values, below)
    return value


def _read_called(call: ast.Call, values: dict[str, Any], depth: int) -> Any:
    """Return the value of a call.

    It is the default of an environment variable, or the values of `dict(…)`.
    """
    name = ast.unparse(call.func) if isinstance(call.func, ast.Attribute | ast.Name) else ""
    if name in _ENVIRONMENT and len(call.args) == 2:
        return _read_value(call.args[1], values, depth)
    if name == "dict" and not call.args:
        pairs = ((each.arg, each.value) for each in call.keywords)
        return {key: _read_value(value, values, depth) for key, value in pairs if key}
    return None


def _join(parts: list[ast.expr], values: dict[str, Any], depth: int) -> str | None:
    texts = list[str]()
    for part in parts:
        inner = part.value if isinstance(part, ast.FormattedValue) else part
        value = _read_value(inner, values, depth)
        if not isinstance(value, str | int):
            return None
        texts.append(str(value))
    return "".join(texts)[:_MAX_TEXT]


def _add(first: Any, second: Any) -> Any:
    if isinstance(first, str) and isinstance(second, str):
        return (first + second)[:_MAX_TEXT]
    if isinstance(first, list) and isinstance(second, list) and len(first) < _MAX_TEXT:
        return [*first, *second]
    return None
