"""Texts without control characters, for terminals, logs and JSON; pure.

Documents, messages and LLMs write any character. A terminal obeys some of them: they move the
cursor, write the clipboard, hide a link or turn the order of a line around.
"""

from __future__ import annotations

import re

_ORDER = "\u202a-\u202e\u2066-\u2069"  # embeddings, overrides and isolates of the text's order
_BREAKS = "\x0b\x0c\r\x85\u2028\u2029"  # line ends other than a newline
_SURROGATES = "\ud800-\udfff"  # bytes of a file name that is not UTF-8

_BREAK = re.compile(f"\r\n|[{_BREAKS}]")
_SURROGATE = re.compile(f"[{_SURROGATES}]")
_CONTROL = re.compile(f"[\x00-\x08\x0e-\x1f\x7f-\x9f{_ORDER}]")
_ESCAPED_IN_LOGS = re.compile(f"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029{_ORDER}{_SURROGATES}]")
_ESCAPED_IN_JSON = re.compile(f"[\x7f-\x9f\u2028\u2029{_ORDER}{_SURROGATES}]")


def strip_controls(text: str) -> str:
    """Return a text without control characters; tabs and newlines stay."""
    text = _BREAK.sub(lambda match: "\n" if match[0] == "\r\n" else " ", text)
    return _CONTROL.sub("", _SURROGATE.sub("\ufffd", text))


def join_lines(text: str) -> str:
    """Return a text on one line, without control characters."""
    return re.sub(r" *[\n\t][ \n\t]*", " ", strip_controls(text)).strip()


def escape_controls(text: str) -> str:
    r"""Return a text on one line, with `\x1b` for a control character."""
    return _ESCAPED_IN_LOGS.sub(_escape_for_logs, text)


def escape_json(text: str) -> str:
    r"""Return the same JSON with its control characters as `\u009b`."""
    return _ESCAPED_IN_JSON.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _escape_for_logs(match: re.Match[str]) -> str:
    named = {"\n": "\\n", "\r": "\\r"}
    code = ord(match[0])
    return named.get(match[0]) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")
