"""Roles of Sphinx and MyST, as their text reads on the page."""

from __future__ import annotations

import re

_EXPLICIT = re.compile(r"^(.*?)\s*<[^<>]+>$", re.DOTALL)
_PROSE = {"abbr", "any", "doc", "guilabel", "menuselection", "numref", "ref", "term", "sub", "sup"}
_CALLED = {"func", "function", "meth", "method"}


def role_text(role: str, text: str) -> tuple[str, bool]:
    """What a reader sees of a role, and whether it is set as code.

    The title of `title <target>`, the last part of `~a.dotted.name`, else the text.
    """
    kind = role.rpartition(":")[2].lower()
    explicit = _EXPLICIT.match(text)
    if explicit and explicit[1]:
        return explicit[1], kind not in _PROSE
    shown = text.lstrip("!")
    if shown.startswith("~"):
        shown = shown[1:].rpartition(".")[2]
    if kind in _CALLED and not shown.endswith(")"):
        shown += "()"
    return shown, kind not in _PROSE
