"""Containers between colons: `:::note Title`, `::: {.callout-tip}`, `::youtube[Title]`."""

from __future__ import annotations

import re

from ingest.formats.dialects.lines import BlockLines, Expansion

# Possessive: several parts match spaces, and would be tried in all ways on other lines.
_OPENING = re.compile(
    r":{3,}+[ \t]*+([A-Za-z][\w-]*+)?[ \t]*+(?:\[((?:[^\]\[]|\[[^\]\[]*+\])*+)\]|([^\[\]{}]*+))"
    r"[ \t]*+(?:\{[^{}]*+\})?[ \t]*+:*+$"
)
_FENCED_DIV = re.compile(r":{3,}+[ \t]*+\{([^{}]*+)\}[ \t]*+:*+$")
_LEAF = re.compile(r"::([a-z][\w-]*+)(?:\[([^\]]*+)\])?(?:\{([^{}]*+)\})?[ \t]*+$")
_DIV_KIND = re.compile(r"\.(?:callout-|admonition-)?([a-z]+)\b")
_DIV_TITLE = re.compile(r"\b(?:title|name|header)=(?:\"([^\"]*)\"|'([^']*)')")
_TAB_LINE = re.compile(r"(?:==[ \t]+(?:tab[ \t]+)?|@tab(?::active)?[ \t]+)(?=\S)(.+)$")
_TABS = re.compile(r"^[ \t>]*:{3,}[ \t]*(?:code-)?tabs\b", re.MULTILINE)
_SHOWN = {
    "note",
    "tip",
    "info",
    "information",
    "warning",
    "danger",
    "caution",
    "important",
    "attention",
    "hint",
    "error",
    "success",
    "seealso",
    "question",
    "failure",
    "bug",
    "example",
    "quote",
    "details",
    "todo",
    "secondary",
    "check",
    "abstract",
    "summary",
    "help",
}
"""Containers whose kind is their title if they have none."""


def match_container(block: BlockLines) -> Expansion | None:
    """Return the title of a container in bold.

    A closing line shows nothing.
    """
    stop = block.start + 1
    div = _FENCED_DIV.match(block.first)
    if div:
        named = _DIV_TITLE.search(div[1])
        kind = _DIV_KIND.search(div[1])
        shown = kind[1].capitalize() if kind and kind[1] in _SHOWN else ""
        title = next(filter(None, named.groups()), "") if named else shown
        return Expansion(stop, _render_title(title))
    match = _OPENING.match(block.first)
    if match:
        name = match[1] or ""
        title = (match[2] or match[3] or "").strip()
        return Expansion(
            stop, _render_title(title or (name.capitalize() if name in _SHOWN else ""))
        )
    leaf = _LEAF.match(block.first)
    return Expansion(stop, leaf[2] or "") if leaf else None


def has_tabs(text: str) -> bool:
    """Return whether a text has tabs of VitePress or VuePress."""
    return bool(_TABS.search(text))


def match_tab_line(block: BlockLines) -> Expansion | None:
    """Return the name of a tab of VitePress or VuePress in bold."""
    match = _TAB_LINE.match(block.first)
    if match and block.traits.get("tabs"):
        return Expansion(block.start + 1, _render_title(match[1].strip()))
    return None


def _render_title(title: str) -> str:
    return f"**{title}**" if title else ""
