"""Roles of Sphinx and MyST, as their text reads on the page."""

from __future__ import annotations

_PROSE = {"abbr", "any", "doc", "guilabel", "menuselection", "numref", "ref", "term", "sub", "sup"}
_CALLED = {"func", "function", "meth", "method"}


def parse_role(role: str, text: str) -> tuple[str, bool]:
    """What a reader sees of a role, and whether it is set as code.

    The title of `title <target>`, the last part of `~a.dotted.name`, else the text.
    """
    kind = role.rpartition(":")[2].lower()
    title, _, target = text.removesuffix(">").rpartition("<")
    if text.endswith(">") and target and ">" not in target and title.strip():
        return title.rstrip(), kind not in _PROSE
    shown = text.lstrip("!")
    if shown.startswith("~"):
        shown = shown[1:].rpartition(".")[2]
    if kind in _CALLED and not shown.endswith(")"):
        shown += "()"
    return shown, kind not in _PROSE
