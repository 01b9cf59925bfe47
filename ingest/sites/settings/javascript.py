"""Values that a module of JavaScript or TypeScript writes out; nothing of it is executed."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ingest.sites.settings.tokens import END, Token, tokenise

_MAX_DEPTH = 40
_MAX_EVALUATED = 50_000
"""Values of a file: names that name names could ask for more without end."""

_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|(.))", re.DOTALL)
_CONTROLS = {"n": "\n", "t": "\t", "r": "", "\n": ""}
_HOLE = re.compile(r"\$\{\s*([\w$.]+)\s*\}")
_OPENERS = {"(": ")", "[": "]", "{": "}"}
_CLOSERS = frozenset(_OPENERS.values())
_WORDS: dict[str, Any] = {"true": True, "false": False}
_DECLARATIONS = frozenset({"const", "let", "var"})


@dataclass(frozen=True, slots=True)
class Call:
    """A call in a settings file, such as `starlight({title: "Handbook"})`."""

    name: str
    arguments: tuple[Any, ...]


def read_javascript(source: str) -> dict[str, Any]:
    """Return the object that a settings file exports.

    An expression that only a program could compute is None. Return an empty object if the file
    exports none.
    """
    reader = _Reader(tokenise(source))
    value = reader.read_exported()
    return value if isinstance(value, dict) else {}


def find_call(value: object, name: str) -> Call | None:
    """Return the call of a function in a value; else None."""
    if isinstance(value, Call):
        if value.name == name:
            return value
        value = list(value.arguments)
    if isinstance(value, list):
        return next(filter(None, (find_call(each, name) for each in value)), None)
    return None


class _Reader:
    """Reads values; what can't be read is None, and reading goes on behind it."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._position = 0
        self._left = _MAX_EVALUATED
        self._declared = self._find_declarations()
        self._known: dict[str, Any] = {}

    def read_exported(self) -> Any:
        """Return the value behind `export default` or `module.exports =`."""
        for start in self._find_exports():
            self._position = start
            value = _open_calls(self._read(0))
            if isinstance(value, dict):
                return value
        return None

    def _find_exports(self) -> list[int]:
        texts = [token.text for token in self._tokens]
        starts = list[int]()
        for number, text in enumerate(texts):
            if text == "default" and texts[number - 1] == "export":
                starts.append(number + 1)
            elif text == "exports" and texts[number + 1 : number + 2] == ["="]:
                starts.append(number + 2)
        return starts

    def _find_declarations(self) -> dict[str, int]:
        declared = dict[str, int]()
        for number, token in enumerate(self._tokens[:-3]):
            if token.kind != "name" or token.text not in _DECLARATIONS:
                continue
            for place in range(number + 2, min(number + 40, len(self._tokens))):
                if self._tokens[place].text == "=":
                    declared.setdefault(self._tokens[number + 1].text, place + 1)
                    break
                if self._tokens[place].text == ";":
                    break
        return declared

    def _get_token(self, ahead: int = 0) -> Token:
        place = self._position + ahead
        return self._tokens[place] if place < len(self._tokens) else END

    def _take(self) -> Token:
        token = self._get_token()
        self._position += 1
        return token

    def _read(self, depth: int) -> Any:
        """Read an expression, up to the sign that ends it."""
        self._left -= 1
        if depth > _MAX_DEPTH or self._left < 0:
            self._skip()
            return None
        start = self._position
        value = self._read_operand(depth)
        while not self._is_at_end():
            token = self._take()
            if token.text in {"||", "??"}:
                other = self._read(depth + 1)
                value = other if value in (None, "") else value
            elif token.text == "+":
                other = self._read(depth + 1)
                is_text = isinstance(value, str) and isinstance(other, str)
                value = value + other if is_text else None
            elif token.text == "?":
                value = self._read_choice(start, depth)
            elif token.text == "=>":
                value = self._read_body(depth)
            elif token.text in {"as", "satisfies"}:
                self._skip()
            else:
                value = None
                if token.text in _OPENERS:
                    self._skip_group()
        return value

    def _is_at_end(self) -> bool:
        token = self._get_token()
        if token.kind == "end" or token.text in {",", ";", ":"} or token.text in _CLOSERS:
            return True
        return token.is_first and token.kind in {"name", "string"}

    def _skip(self) -> None:
        while not self._is_at_end():
            if self._take().text in _OPENERS:
                self._skip_group()

    def _skip_group(self) -> None:
        """Skip to the end of a group whose opening sign was taken."""
        depth = 1
        while depth and self._get_token().kind != "end":
            text = self._take().text
            depth += (text in _OPENERS) - (text in _CLOSERS)

    def _read_operand(self, depth: int) -> Any:
        token = self._take()
        readers: dict[str, Callable[[int], Any]] = {
            "[": self._read_list,
            "{": self._read_object,
            "(": self._read_group,
        }
        if token.text in readers:
            return readers[token.text](depth + 1)
        if token.kind == "string":
            return _decode(token.text[1:-1])
        if token.kind == "template":
            return self._fill_template(token.text[1:-1])
        if token.kind == "number":
            number = float(token.text.replace("_", ""))
            return int(number) if number == int(number) else number
        if token.kind == "name":
            return self._read_name(token.text, depth)
        if token.text in {"!", "-", "+"}:
            self._read_operand(depth + 1) if depth < _MAX_DEPTH else self._skip()
        elif token.text in _CLOSERS or token.kind == "end":
            self._position -= 1
        return None

    def _read_name(self, name: str, depth: int) -> Any:
        if name in {"async", "await", "new"}:
            value = self._read_operand(depth + 1) if depth < _MAX_DEPTH else None
            return None if name == "new" else value
        if name == "function":
            while self._get_token().text not in {"(", ""}:
                self._take()
            self._take()
            self._skip_group()
            while self._get_token().text not in {"{", ""}:
                self._take()
            return self._read_body(depth)
        value = _WORDS.get(name) if name in _WORDS else self._find(name, depth)
        while self._get_token().text in {".", "?."} and self._get_token(1).kind == "name":
            self._take()
            name = f"{name}.{self._get_token().text}"
            key = self._take().text
            value = value.get(key) if isinstance(value, dict) else None
        if self._get_token().text == "(" and not self._get_token().is_first:
            self._take()
            return Call(name, tuple(self._read_items(")", depth + 1)))
        return value

    def _find(self, name: str, depth: int) -> Any:
        """Return the value of a name that the file declares."""
        if name in self._known or name not in self._declared:
            return self._known.get(name)
        self._known[name] = None  # a value of itself
        here, self._position = self._position, self._declared[name]
        self._known[name] = self._read(depth + 1)
        self._position = here
        return self._known[name]

    def _read_choice(self, start: int, depth: int) -> Any:
        """Return the value of a choice that counts in production.

        Return None if it is unknown.
        """
        condition = [token.text for token in self._tokens[start : self._position - 1]]
        first = self._read(depth + 1)
        if self._get_token().text == ":":
            self._take()
        second = self._read(depth + 1)
        says = "".join(condition).lower()
        is_negated = "!=" in says or says.startswith("!")
        if "prod" in says:
            return second if is_negated else first
        if "dev" in says:
            return first if is_negated else second
        return None

    def _read_group(self, depth: int) -> Any:
        items = self._read_items(")", depth)
        return items[-1] if items else None

    def _read_list(self, depth: int) -> list[Any]:
        return self._read_items("]", depth)

    def _read_items(self, closer: str, depth: int) -> list[Any]:
        items = list[Any]()
        while self._get_token().kind != "end" and self._get_token().text != closer:
            before = self._position
            if self._get_token().text == "...":
                self._take()
                more = self._read(depth)
                items += more if isinstance(more, list) else []
            elif self._get_token().text != ",":
                items.append(self._read(depth))
            if self._get_token().text in {",", ":", ";"} or self._position == before:
                self._take()
        self._take()
        return items

    def _read_object(self, depth: int) -> dict[str, Any]:
        values = dict[str, Any]()
        while self._get_token().kind != "end" and self._get_token().text != "}":
            before = self._position
            if self._get_token().text == "...":
                self._take()
                more = self._read(depth)
                values |= more if isinstance(more, dict) else {}
            elif self._get_token().text != ",":
                self._read_entry(values, depth)
            if self._get_token().text in {",", ";"} or self._position == before:
                self._take()
        self._take()
        return values

    def _read_entry(self, values: dict[str, Any], depth: int) -> None:
        token = self._take()
        while token.text in {"async", "get", "set"} and self._get_token().kind == "name":
            token = self._take()
        if token.text == "[":  # a computed key
            self._skip_group()
        key = _decode(token.text[1:-1]) if token.kind in {"string", "template"} else token.text
        follows = self._get_token().text
        if follows == ":":
            self._take()
            values[key] = self._read(depth)
        elif follows == "(":
            self._take()
            self._skip_group()
            while self._get_token().text not in {"{", ",", "}", ""}:
                self._take()
            if self._get_token().text == "{":
                values[key] = self._read_body(depth)
        elif token.kind == "name":
            values[key] = self._find(key, depth)
            self._skip()

    def _read_body(self, depth: int) -> Any:
        """Return the first value that a function returns."""
        if self._get_token().text != "{":
            return self._read(depth + 1)
        start = self._position
        self._take()
        self._skip_group()
        end, value = self._position, None
        for place in range(start, end):
            follows = self._tokens[place + 1].text if place + 1 < end else ""
            if self._tokens[place].text == "return" and (
                follows in {"{", "("} or follows.isalpha()
            ):
                self._position = place + 1
                value = self._read(depth + 1)
                if isinstance(value, dict | Call):
                    break
        self._position = end
        return value

    def _fill_template(self, text: str) -> str | None:
        def fill(hole: re.Match[str]) -> str:
            first, *steps = hole[1].split(".")
            value = self._find(first, 1)
            for step in steps:
                value = value.get(step) if isinstance(value, dict) else None
            return str(value) if isinstance(value, str | int | float) else "${"

        filled = _HOLE.sub(fill, text)
        return None if "${" in filled else _decode(filled)


def _open_calls(value: Any) -> Any:
    """Return the object that calls such as `defineConfig(…)` are given."""
    for _ in range(_MAX_DEPTH):
        if not isinstance(value, Call):
            break
        objects = [each for each in value.arguments if isinstance(each, dict | Call)]
        value = objects[0] if objects else None
    return value


def _decode(text: str) -> str:
    if "\\" not in text:
        return text
    return _ESCAPE.sub(_decode_escape, text)


def _decode_escape(match: re.Match[str]) -> str:
    if match[1]:
        number = int(match[1], 16)
        return "" if 0xD800 <= number < 0xE000 else chr(number)
    return _CONTROLS.get(match[2], match[2])
