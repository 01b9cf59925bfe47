"""Attributes of AsciiDoc: values of names, and the lines that set them."""

from __future__ import annotations

import re

from ingest.documents import PageError

MAX_VALUE = 10_000
"""Characters of a value; a longer one is cut."""

MAX_EXPANDED = 5_000_000
"""Characters that attributes add to a page: values of values could ask for billions."""

BUILT_IN = {
    "amp": "&",
    "apos": "'",
    "asciidoctor": "",
    "asterisk": "*",
    "backend": "html5",
    "backend-html5": "",
    "backslash": "\\",
    "backtick": "`",
    "basebackend": "html",
    "basebackend-html": "",
    "blank": "",
    "brvbar": "\u00a6",
    "caret": "^",
    "cpp": "C++",
    "deg": "\u00b0",
    "doctype": "article",
    "doctype-article": "",
    "empty": "",
    "endsb": "]",
    "gt": ">",
    "ldquo": "\u201c",
    "lsquo": "\u2018",
    "lt": "<",
    "nbsp": "\u00a0",
    "plus": "+",
    "pp": "++",
    "quot": '"',
    "rdquo": "\u201d",
    "rsquo": "\u2019",
    "sectids": "",
    "sp": " ",
    "startsb": "[",
    "tilde": "~",
    "two-colons": "::",
    "two-semicolons": ";;",
    "vbar": "|",
    "wj": "\u2060",
    "zwsp": "\u200b",
}
"""Attributes that every page has."""

_ENTRY = re.compile(r"^:(!?[\w][\w-]*!?):(?:[ \t]+(.*))?$")
_REFERENCE = re.compile(
    r"(\\?)\{(?:(set|counter2?):([^{}\s]{1,100}(?: [^{}]{0,100})?)|([\w][\w-]{0,100}))\}"
)


class Attributes:
    """The attributes of a page, as they are at the line that is read."""

    def __init__(self) -> None:
        self._values = dict(BUILT_IN)
        self._expanded = 0

    def get(self, name: str) -> str | None:
        """Return the value of an attribute; None if it is not set."""
        return self._values.get(name.lower())

    def put(self, name: str, value: str | None) -> None:
        """Set an attribute; None unsets it."""
        if value is None:
            self._values.pop(name.lower(), None)
        else:
            self._values[name.lower()] = value[:MAX_VALUE]

    def read_entry(self, line: str) -> bool:
        """Read a line that sets an attribute; return whether it is one."""
        match = _ENTRY.match(line)
        if not match:
            return False
        name, value = match[1], (match[2] or "").strip()
        if "!" in name:
            self.put(name.strip("!"), None)
        elif value.startswith("pass:") and value.endswith("]"):
            self.put(name, value[value.find("[") + 1 : -1])
        else:
            self.put(name, self.expand(value))
        return True

    def expand(self, text: str) -> str:
        """Replace the names of attributes in a text by their values.

        Names without a value stay as they are.

        Raises:
            PageError: the page's attributes have become more text than docent reads.
        """
        return _REFERENCE.sub(self._replace, text) if "{" in text else text

    def _replace(self, match: re.Match[str]) -> str:
        if match[1]:
            return match[0][1:]
        if match[2]:
            return self._run(match[2], match[3])
        value = self.get(match[4])
        if value is None:
            return match[0]
        self._expanded += len(value)
        if self._expanded > MAX_EXPANDED:
            raise PageError("has attributes that become more text than docent reads")
        return value

    def _run(self, action: str, argument: str) -> str:
        name, _, value = argument.partition(":")
        if action == "set":
            is_unset = name.startswith("!") or name.endswith("!")
            self.put(name.strip("!"), None if is_unset else value)
            return ""
        self.put(name, _count_on(self.get(name), value))
        return "" if action == "counter2" else self.get(name) or ""


def _count_on(value: str | None, start: str) -> str:
    """Return the next value of a counter, a number or a letter."""
    if not value:
        return start or "1"
    if value.isascii() and value.isdigit():
        return str(int(value[:18]) + 1)
    return value[:-1] + chr(min(ord(value[-1]) + 1, 0x10FFFF - 1)) if value.isascii() else value
