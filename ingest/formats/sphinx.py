"""Roles of Sphinx and MyST, as their text reads on the page."""

from __future__ import annotations

_PROSE = {"abbr", "any", "doc", "guilabel", "menuselection", "numref", "ref", "term", "sub", "sup"}
REFERENCES = frozenset({"doc", "ref", "numref", "any"})
"""Roles that name a page or a label."""

_CALLED = {"func", "function", "meth", "method"}


def parse_role(role: str, text: str) -> tuple[str, bool]:
    """Return the text that a role shows, and whether it is code.

    The text is the title of `title <target>`, the last part of `~a.dotted.name`, or else what
    stands in the role.
    """
    kind = role.rpartition(":")[2].lower()
    _, title = split_target(text)
    if title:
        return title, kind not in _PROSE
    label = text.lstrip("!")
    if label.startswith("~"):
        label = label[1:].rpartition(".")[2]
    if kind in _CALLED and not label.endswith(")"):
        label += "()"
    return label, kind not in _PROSE


def split_target(text: str) -> tuple[str, str]:
    """Return the target of `title <target>`, and its title.

    Without a title, it is empty.
    """
    title, _, target = text.removesuffix(">").rpartition("<")
    is_titled = text.endswith(">") and target and ">" not in target and title.strip()
    return (target, title.rstrip()) if is_titled else (text, "")
