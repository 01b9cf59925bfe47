"""Values of JavaScript that are written out: texts, numbers, lists and objects."""

from __future__ import annotations

import re
from collections.abc import Mapping

Value = str | float | bool | None | list["Value"] | dict[str, "Value"]

_MAX_DEPTH = 20
_SPACES = re.compile(r"(?:\s++|/\*.*?\*/|//[^\n]*+)*+", re.DOTALL)
_STRING = re.compile(r"\"((?:[^\"\\\n]|\\.)*+)\"|'((?:[^'\\\n]|\\.)*+)'", re.DOTALL)
_TEMPLATE = re.compile(r"`((?:[^`\\]|\\.)*+)`", re.DOTALL)
_NUMBER = re.compile(r"-?\d[\d_]*+(?:\.\d+)?")
_PATH = re.compile(r"[A-Za-z_$][\w$]*+(?:\??\.[A-Za-z_$][\w$]*+|\[(?:\"[^\"\n]*\"|'[^'\n]*')\])*+")
_KEY = re.compile(r"[A-Za-z_$][\w$-]*+")
_STEP = re.compile(r"[A-Za-z_$][\w$]*|(?<=\[\")[^\"]*|(?<=\[')[^']*")
_VALUE_END = re.compile(r"[ \t]*(?:[;,\n]|//|as const\b|\Z)")
_HOLE = re.compile(r"\$\{([^{}]*)\}")
_ESCAPE = re.compile(r"\\(?:u\{([0-9A-Fa-f]{1,6})\}|u([0-9A-Fa-f]{4})|(\n)|(.))", re.DOTALL)
_CONTROLS = {"n": "\n", "t": "\t", "r": "", "0": ""}
_WORDS: Mapping[str, Value] = {"true": True, "false": False, "null": None, "undefined": None}


class NoLiteralError(ValueError):
    """The source is not a literal: only a program could say its value."""


def parse_literal(source: str, names: Mapping[str, Value]) -> Value:
    """Return the value of an expression.

    Args:
        source: the expression.
        names: the values that a page gives to names.

    Raises:
        NoLiteralError: only a program could say the value.
    """
    reader = _LiteralReader(source.strip().removesuffix(";"), names)
    return reader.read_all()


def parse_constant(source: str, names: Mapping[str, Value]) -> Value:
    """Return the first value of a source, up to the statement's end.

    Raises:
        NoLiteralError: only a program could say the value.
    """
    return _LiteralReader(source, names).read_first()


def find_value(path: str, names: Mapping[str, Value]) -> Value:
    """Return the value of a name such as `prices.monthly`.

    Raises:
        NoLiteralError: it gives none.
    """
    first, *steps = _STEP.findall(path) or [""]
    if first not in names:
        raise NoLiteralError(path)
    value = names[first]
    for step in steps:
        if not isinstance(value, dict) or step not in value:
            raise NoLiteralError(path)
        value = value[step]
    return value


def is_name(source: str) -> bool:
    """Return whether an expression is a name, such as `props.title`."""
    return bool(_PATH.fullmatch(source.strip()))


class _LiteralReader:
    def __init__(self, source: str, names: Mapping[str, Value]) -> None:
        self._source = source
        self._names = names
        self._position = 0

    def read_all(self) -> Value:
        value = self._read(0)
        self._skip_spaces()
        if self._position < len(self._source):
            raise NoLiteralError(self._source)
        return value

    def read_first(self) -> Value:
        value = self._read(0)
        if not _VALUE_END.match(self._source, self._position):
            raise NoLiteralError(self._source)
        return value

    def _read(self, depth: int) -> Value:
        self._skip_spaces()
        if depth > _MAX_DEPTH:
            raise NoLiteralError(self._source)
        groups = {"[": self._read_list, "(": self._read_group, "{": self._read_object}
        if read := groups.get(self._get_letter()):
            return read(depth)
        return self._read_single()

    def _read_single(self) -> Value:
        if string := self._take(_STRING):
            return _decode_escapes(string[1] if string[1] is not None else string[2])
        if template := self._take(_TEMPLATE):
            return self._fill(template[1])
        if number := self._take(_NUMBER):
            return float(number[0].replace("_", ""))
        if path := self._take(_PATH):
            return _WORDS[path[0]] if path[0] in _WORDS else find_value(path[0], self._names)
        raise NoLiteralError(self._source)

    def _read_group(self, depth: int) -> Value:
        self._position += 1
        value = self._read(depth + 1)
        self._require(")")
        return value

    def _read_list(self, depth: int) -> list[Value]:
        self._position += 1
        values = list[Value]()
        while not self._take_letter("]"):
            values.append(self._read(depth + 1))
            self._skip_comma("]")
        return values

    def _read_object(self, depth: int) -> dict[str, Value]:
        self._position += 1
        values = dict[str, Value]()
        while not self._take_letter("}"):
            self._skip_spaces()
            string = self._take(_STRING)
            key = string or self._take(_KEY)
            if not key:
                raise NoLiteralError(self._source)
            self._require(":")
            name = (string[1] or string[2] or "") if string else key[0]
            values[name] = self._read(depth + 1)
            self._skip_comma("}")
        return values

    def _take_letter(self, closer: str) -> bool:
        self._skip_spaces()
        if self._get_letter() != closer:
            return False
        self._position += 1
        return True

    def _skip_comma(self, closer: str) -> None:
        self._skip_spaces()
        if self._get_letter() == ",":
            self._position += 1
        elif self._get_letter() != closer:
            raise NoLiteralError(self._source)

    def _require(self, letter: str) -> None:
        if not self._take_letter(letter):
            raise NoLiteralError(self._source)

    def _fill(self, template: str) -> str:
        """Return the text of a template whose holes are known names."""

        def fill(hole: re.Match[str]) -> str:
            value = find_value(hole[1].strip(), self._names) if is_name(hole[1]) else None
            if value is None:
                raise NoLiteralError(template)
            return render_value(value)

        return _decode_escapes(_HOLE.sub(fill, template) if "${" in template else template)

    def _skip_spaces(self) -> None:
        match = _SPACES.match(self._source, self._position)
        self._position = match.end() if match else self._position

    def _get_letter(self) -> str:
        return self._source[self._position : self._position + 1]

    def _take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        match = pattern.match(self._source, self._position)
        if match:
            self._position = match.end()
        return match


def render_value(value: Value) -> str:
    """Return the text that a page shows of a value.

    It shows nothing of `true`, `null` and objects.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(map(render_value, value))
    if isinstance(value, float) and not isinstance(value, bool):
        return str(int(value)) if value.is_integer() else str(value)
    return ""


def _decode_escapes(text: str) -> str:
    return _ESCAPE.sub(_read_escape, text) if "\\" in text else text


def _read_escape(match: re.Match[str]) -> str:
    code = match[1] or match[2]
    if code:
        number = int(code, 16)
        return chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else ""
    return "" if match[3] else _CONTROLS.get(match[4], match[4])
