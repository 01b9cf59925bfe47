"""Admonitions and tabs of MkDocs, whose indented text Markdown would take for code."""

from __future__ import annotations

import re

_MARK = re.compile(r"^(?:!!!|\?\?\?|===)", re.MULTILINE)
_INDENTED_MARK = re.compile(r"^ +(?:!!!|\?\?\?|===)[+!]? +[\"\w]", re.MULTILINE)
_ADMONITION = re.compile(r"^( *)(?:!!!|\?\?\?\+?) +([\w-]++)[^\"]*+(?:\"([^\"]*+)\")?\s*$")
_TAB = re.compile(r"^( *)===[+!]? +()\"([^\"]+)\"\s*$")
_FENCE = re.compile(r"^\s*(?:[-*+] +|\d+[.)] +)?(`{3,}|~{3,})")
_STEP = 4


def flatten_admonitions(text: str) -> str:
    """Remove the indents of admonitions and tabs.

    Each of them begins with its title in bold.
    """
    if not _MARK.search(text) and not _INDENTED_MARK.search(text):
        return text
    lines: list[str] = []
    bodies: list[int] = []  # indents of the bodies that the line is in
    fence = ""
    for line in text.split("\n"):
        indent = len(line) - len(line.lstrip(" "))
        # A line with less indent ends the bodies that it is not in.
        while line.strip() and not fence and bodies and indent < bodies[-1]:
            bodies.pop()
            lines.append("")
        outer = line[min(_STEP * len(bodies), indent) :]
        mark = None if fence else _ADMONITION.match(outer) or _TAB.match(outer)
        if mark:
            bodies.append(indent + _STEP)
            lines += ["", f"{mark[1]}**{mark[3] or mark[2].capitalize()}**", ""]
        else:
            fence = _update_fence(outer, fence)
            lines.append(outer)
    return "\n".join(lines)


def _update_fence(line: str, fence: str) -> str:
    """Return the fence that is open after a line; empty for none."""
    match = _FENCE.match(line)
    if not match:
        return fence
    if not fence:
        return match[1]
    closed = match[1].startswith(fence) and not line.strip().strip(fence[0])
    return "" if closed else fence
