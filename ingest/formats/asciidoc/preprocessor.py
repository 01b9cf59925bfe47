"""Conditions of AsciiDoc, and lines of other files: read before the blocks."""

from __future__ import annotations

import re

from ingest.formats.asciidoc.attributes import Attributes

_DIRECTIVE = re.compile(r"^(ifdef|ifndef|ifeval|endif|include)::(\S*?)\[(.*)\]\s*$")
_COMPARISON = re.compile(r"^\s*(.+?)\s*(==|!=|<=|>=|<|>)\s*(.+?)\s*$")
_VERBATIM = re.compile(r"^(-{4,}|\.{4,}|\+{4,}|/{4,}|`{3,}.*)$")


def read_lines(text: str) -> list[str]:
    """Return the lines of a page whose conditions are met.

    Lines of files that were not found are left out.
    """
    return list(_Preprocessor().read(text.split("\n")))


class _Preprocessor:
    """Reads the directives of a page; each line is read once."""

    def __init__(self) -> None:
        self._attributes = Attributes()
        self._is_met: list[bool] = []
        self._verbatim = ""
        self._entry = ""

    def read(self, lines: list[str]) -> list[str]:
        """Return the lines that stay."""
        kept = []
        for line in lines:
            stripped = line.rstrip()
            match = _DIRECTIVE.match(stripped) if "::" in stripped else None
            if match:
                kept += self._read_directive(match)
            elif all(self._is_met):
                kept.append(_strip_escapes(stripped))
                self._watch(stripped)
        return kept

    def _read_directive(self, match: re.Match[str]) -> list[str]:
        kind, names, content = match.groups()
        if kind == "endif":
            if self._is_met:
                self._is_met.pop()
        elif kind == "ifeval":
            self._is_met.append(self._compare(content))
        elif kind in {"ifdef", "ifndef"}:
            is_met = self._has(names) == (kind == "ifdef")
            if not content:
                self._is_met.append(is_met)
            elif is_met and all(self._is_met):
                self._watch(content)
                return [content]
        return []

    def _has(self, names: str) -> bool:
        if "+" in names:
            return all(self._attributes.get(name) is not None for name in names.split("+"))
        return any(self._attributes.get(name) is not None for name in names.split(","))

    def _compare(self, expression: str) -> bool:
        match = _COMPARISON.match(self._attributes.expand(expression)[:1_000])
        if not match:
            return False
        left, right = (side.strip("\"'") for side in (match[1], match[3]))
        if left.isdecimal() and right.isdecimal():  # as numbers of one length
            length = max(len(left), len(right))
            left, right = left.zfill(length), right.zfill(length)
        outcomes = {
            "==": left == right,
            "!=": left != right,
            "<": left < right,
            ">": left > right,
            "<=": left <= right,
            ">=": left >= right,
        }
        return outcomes[match[2]]

    def _watch(self, line: str) -> None:
        """Follow the attributes that are set outside of code."""
        if self._entry:
            line = f"{self._entry} {line.strip()}"
            self._entry = ""
        if self._verbatim:
            if line == self._verbatim:
                self._verbatim = ""
        elif _VERBATIM.match(line):
            self._verbatim = "```" if line.startswith("```") else line
        elif line.startswith(":"):
            if line.endswith(" \\") and len(line) < 10_000:
                self._entry = line[:-2]
            else:
                self._attributes.read_entry(line)


def _strip_escapes(line: str) -> str:
    is_escaped = line.startswith("\\") and _DIRECTIVE.match(line[1:])
    return line[1:] if is_escaped else line
