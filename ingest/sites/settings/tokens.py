"""Tokens of JavaScript: strings, numbers, names and signs."""

from __future__ import annotations

import re
from dataclasses import dataclass

_MAX_TOKENS = 100_000
_TOKEN = re.compile(
    r"(?P<space>[ \t\r\n]+|//[^\n]*+|/\*(?:[^*]|\*(?!/))*+\*/)"
    r"|(?P<string>\"(?:[^\"\\\n]|\\.)*+\"|'(?:[^'\\\n]|\\.)*+')"
    r"|(?P<template>`(?:[^`\\]|\\.)*+`)"
    r"|(?P<number>\d[\d_]*+(?:\.\d+)?)"
    r"|(?P<name>[A-Za-z_$@][\w$]*+)"
    r"|(?P<sign>=>|\.\.\.|\|\||\?\?|&&|\?\.|===?|!==?|[^\s\w])",
    re.DOTALL,
)
_REGEX = re.compile(r"/(?:[^/\\\n\[]|\\.|\[(?:[^\]\\\n]|\\.)*+\])++/[a-z]*+")
_BEFORE_REGEX = frozenset({"(", ",", "=", ":", "[", "!", "&&", "||", "?", "{", "}", ";", "=>"})


@dataclass(frozen=True, slots=True)
class Token:
    """A string, a number, a name or a sign; `is_first` if it is the first on its line."""

    kind: str
    text: str
    is_first: bool


END = Token("end", "", is_first=True)
"""The token behind the last one."""


def tokenise(source: str) -> list[Token]:
    """Return the tokens of a module, without spaces and comments."""
    tokens, position, is_first, before = list[Token](), 0, True, ";"
    while position < len(source) and len(tokens) < _MAX_TOKENS:
        regex = _REGEX.match(source, position) if before in _BEFORE_REGEX else None
        is_comment = source.startswith(("//", "/*"), position)
        match = regex if regex and not is_comment else _TOKEN.match(source, position)
        if match is None:  # an open string
            position += 1
            continue
        position = match.end()
        kind = "regex" if match is regex else str(match.lastgroup)
        if kind == "space":
            is_first = is_first or "\n" in match[0]
            continue
        tokens.append(Token(kind, match[0], is_first))
        is_first, before = False, match[0] if kind == "sign" else ""
    return tokens
