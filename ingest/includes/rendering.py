"""Included text as the page shows it: indented, as code, with its values filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath

from ingest.formats.code_spans import find_code_spans
from ingest.formats.dialects.front_matter import split_front_matter
from ingest.formats.structure import fence_code

_MAX_INDENT = 80
_MAX_GROWTH = 500_000
"""Characters that indentation or values add to an included text; more, and it stays as it is."""

_HEADING = re.compile(r"^(#{1,6})(?=[ \t])", re.MULTILINE)
_LANGUAGES = {
    "bat": "batch",
    "cs": "csharp",
    "h": "c",
    "htm": "html",
    "js": "javascript",
    "kt": "kotlin",
    "md": "markdown",
    "ps1": "powershell",
    "py": "python",
    "rb": "ruby",
    "rs": "rust",
    "sh": "bash",
    "ts": "typescript",
    "txt": "text",
    "yml": "yaml",
}
_LANGUAGE = re.compile(r"[\w+#.-]{1,30}")


def strip_front_matter(text: str) -> str:
    """Return the text below the front matter."""
    return split_front_matter(text)[1]


def name_language(path: str, given: str = "") -> str:
    """Return the given language of code, else that of its suffix."""
    if given:
        return given if _LANGUAGE.fullmatch(given) else ""
    suffix = PurePosixPath(path).suffix.lower().removeprefix(".")
    language = _LANGUAGES.get(suffix, suffix)
    return language if _LANGUAGE.fullmatch(language) else ""


def prefix_lines(text: str, prefix: str) -> str:
    """Return a text with a prefix before all lines but the first."""
    prefix = prefix[:_MAX_INDENT]
    if not prefix or text.count("\n") * len(prefix) > _MAX_GROWTH:
        return text
    first, *rest = text.split("\n")
    return "\n".join([first, *(f"{prefix}{line}" if line.strip() else line for line in rest)])


def show_lines(text: str, prefix: str) -> str:
    """Return a text in the place of an indented line."""
    text = text.strip("\n")
    return prefix[:_MAX_INDENT] + prefix_lines(text, prefix) if text.strip() else ""


def show_code(text: str, prefix: str, language: str, title: str = "") -> str:
    """Return code in a fence.

    Args:
        text: the code.
        prefix: the indentation of the line that it replaces.
        language: its language; may be empty.
        title: its title or caption, which stands above it.

    Returns:
        Markdown; empty if there is no code.
    """
    fence = fence_code(text, language)
    head = f"**{title.strip()}**\n\n" if title.strip() and fence else ""
    return show_lines(f"{head}{fence}", prefix)


def move_headings(text: str, offset: int) -> str:
    """Return Markdown whose headings are some levels deeper, outside of code."""
    if not 0 < offset <= 6:
        return text
    fences = [span for span in find_code_spans(text) if "\n" in text[slice(*span)]]
    starts = iter([*fences, (len(text), len(text))])
    start, stop = next(starts)

    def move(match: re.Match[str]) -> str:
        nonlocal start, stop
        while match.start() >= stop and stop < len(text):
            start, stop = next(starts)
        if start <= match.start() < stop:
            return match[0]
        return "#" * min(len(match[1]) + offset, 6)

    return _HEADING.sub(move, text)


def fill_values(text: str, pattern: re.Pattern[str], values: Mapping[str, str]) -> str:
    """Return a text with values in the place of their names.

    Args:
        text: the text.
        pattern: finds names, as its first group.
        values: the values by name; a name without one stays.

    Returns:
        the text, at most `_MAX_GROWTH` characters longer.
    """
    longest = max(map(len, values.values()), default=0)
    most = _MAX_GROWTH // max(longest, 1)

    def fill(match: re.Match[str]) -> str:
        nonlocal most
        value = values.get(match[1])
        if value is None or most <= 0:
            return match[0]
        most -= 1
        return value

    return pattern.sub(fill, text)
