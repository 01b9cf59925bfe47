"""Parts of files: lines, sections, regions, tags, objects, and what stands between two texts."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from itertools import takewhile

from ingest.includes.marks import MissingPartError

Range = tuple[int, int | None]  # the first line and the last one, from 1; None is the end

_MAX_RANGES = 100
_RANGE = re.compile(r"\s*(-?\d+)?\s*(\.\.|[-:])?\s*(-?\d+)?\s*$")
_SECTION = re.compile(r"-{1,}8<-{1,}[ \t]*\[[ \t]*(start|end)[ \t]*:[ \t]*([\w-]+)[ \t]*\]")
_ANCHOR = re.compile(r"ANCHOR(_END)?:[ \t]*([\w-]+)")
_REGION = re.compile(
    r"^\s*(?://|/\*|#|<!--|--|'|;|\{/\*|::|REM\b)?\s*[#@]?(end)?[ \t]*[rR]egion\b[ \t]*([\w.*-]*)"
)
_TAG = re.compile(r"(?:^|[^\w\\])(tag|end)::([^\s\[\]]+)\[\](?=$|\s|-->|\*/)")


def parse_ranges(written: str, separators: str = ",") -> list[Range]:
    """Return the ranges of lines that a text such as `1-3,7-` names.

    Args:
        written: the text; between the ends of a range stands `-`, `:` or `..`.
        separators: the characters between ranges.
    """
    ranges = list[Range]()
    for part in re.split(f"[{re.escape(separators)}]", written.strip("\"' "))[:_MAX_RANGES]:
        match = _RANGE.match(part)
        if match and part.strip():
            first = int((match[1] or "1")[:9])
            last = int(match[3][:9]) if match[3] else None
            ranges.append((first, last if match[2] else first))
    return ranges


def cut_lines(text: str, ranges: Iterable[Range]) -> str:
    """Return the lines within ranges; all without a range.

    The numbers may count from the end.
    """
    ranges = list(ranges)
    if not ranges:
        return text
    lines = text.split("\n")
    count = len(lines) - (not lines[-1])
    parts = list[str]()
    kept = 0
    for first, last in ranges:
        start = max(first if first > 0 else count + first, 0)
        stop = count if last is None or last == -1 else last if last >= 0 else count + last + 1
        chosen = lines[max(start - 1, 0) : min(stop, count)]
        kept += len(chosen)
        if chosen and kept <= 2 * count + 100:  # ranges may name the same lines again and again
            parts.append("\n".join(chosen))
    return "\n".join(parts)


def slice_lines(text: str, start: str, end: str) -> str:
    """Return lines by their numbers.

    Args:
        text: the text.
        start: the first line as docutils counts them, from 0; empty for the first of all.
        end: the line after the last one likewise.

    Returns:
        the lines.

    Raises:
        MissingPartError: a number is none.
    """
    try:
        first, last = int(start) if start else None, int(end) if end else None
    except ValueError as error:
        raise MissingPartError(f"lines {start} to {end}") from error
    return "\n".join(text.split("\n")[first:last])


def cut_between(text: str, start: str, end: str) -> str:
    """Return the text after one text and before another.

    Args:
        text: the text.
        start: the text before; empty for the start.
        end: the text behind; empty for the end.

    Returns:
        the text between them.

    Raises:
        MissingPartError: one of them does not occur.
    """
    first = text.find(start) if start else 0
    if first < 0:
        raise MissingPartError(start)
    first += len(start)
    last = text.find(end, first) if end else len(text)
    if last < 0:
        raise MissingPartError(end)
    return text[first:last]


def cut_lines_between(text: str, start: tuple[str, bool], end: tuple[str, bool]) -> str:
    """Return the lines from one that holds a text to another.

    Args:
        text: the text.
        start: a text of the first line, empty for the first of all; and whether it is kept.
        end: a text of the last line likewise.

    Returns:
        the lines.

    Raises:
        MissingPartError: no line holds one of them.
    """
    lines = text.split("\n")
    first, last = 0, len(lines)
    if start[0]:
        first = _find_line(lines, start[0], 0) + (not start[1])
    if end[0]:
        last = _find_line(lines, end[0], first + (start[1] and bool(start[0]))) + end[1]
    return "\n".join(lines[first:last])


def _find_line(lines: list[str], text: str, first: int) -> int:
    for number in range(first, len(lines)):
        if text in lines[number]:
            return number
    raise MissingPartError(text)


def cut_section(text: str, name: str) -> str:
    """Return a section of PyMdown's snippets.

    Raises:
        MissingPartError: there is no such section.
    """
    return _cut_marked(text, _SECTION, "end", name)


def cut_anchor(text: str, name: str) -> str:
    """Return what stands between the anchors of mdBook.

    Raises:
        MissingPartError: there is no such anchor.
    """
    return _cut_marked(text, _ANCHOR, "_END", name)


def _cut_marked(text: str, mark: re.Pattern[str], closing: str, name: str) -> str:
    """Return the lines between two marks, without the marks of other parts."""
    kept, is_inside, is_found = list[str](), False, not name
    for line in text.split("\n"):
        match = mark.search(line)
        if match is None:
            if is_inside or not name:
                kept.append(line)
        elif match[2] == name:
            is_inside = (match[1] or "") != closing
            is_found = True
    if not is_found:
        raise MissingPartError(name)
    return "\n".join(kept)


def cut_region(text: str, name: str) -> str:
    """Return the lines of a region, as editors mark it.

    Raises:
        MissingPartError: there is no such region.
    """
    kept, depth, is_found = list[str](), 0, False
    for line in text.split("\n"):
        match = _REGION.match(line) if "egion" in line else None
        if match and match[2].rstrip("-*") == name:
            depth = max(depth + (-1 if match[1] else 1), 0)
            is_found = True
        elif match and match[1] and not match[2].rstrip("-*") and depth:
            depth -= 1
        elif depth and not match:
            kept.append(line)
    if not is_found:
        raise MissingPartError(f"#{name}")
    return dedent_lines("\n".join(kept))


def cut_tags(text: str, names: list[str]) -> str:
    """Return the lines within the tags of AsciiDoc; `!name` leaves lines out.

    Args:
        text: the text.
        names: the tags; `*` is each of them, `**` each line; none to keep all lines.

    Raises:
        MissingPartError: none of the tags occurs.
    """
    kept, opened, seen = list[str](), list[str](), set[str]()
    for line in text.split("\n"):
        match = _TAG.search(line) if "::" in line else None
        if match is None:
            if not names or _is_chosen(opened, names):
                kept.append(line)
        elif match[1] == "tag":
            opened.append(match[2])
            seen.add(match[2])
        elif match[2] in opened:
            opened.remove(match[2])
    wanted = {name for name in names if not name.startswith(("!", "*"))}
    if wanted and not wanted & seen:
        raise MissingPartError(";".join(sorted(wanted)))
    return "\n".join(kept)


def _is_chosen(opened: list[str], names: list[str]) -> bool:
    """Return whether the open tags let a line through."""
    for tag in reversed(opened):
        if f"!{tag}" in names:
            return False
        if tag in names:
            return True
        if "*" in names or "!*" in names:
            return "*" in names
    only_excludes = all(name.startswith("!") for name in names)
    return "**" in names or (only_excludes and "!**" not in names)


def cut_object(text: str, name: str) -> str:
    """Return a function or class of Python, with its decorators.

    Args:
        text: the file.
        name: its name; dots lead into a class.

    Raises:
        MissingPartError: the file does not define it.
    """
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise MissingPartError(name) from error
    node: ast.stmt | None = None
    for part in name.split("."):
        node = next((each for each in body if getattr(each, "name", None) == part), None)
        body = getattr(node, "body", [])
    if node is None:
        raise MissingPartError(name)
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(each.lineno for each in decorators)])
    return "\n".join(text.split("\n")[first - 1 : node.end_lineno])


def dedent_lines(text: str, most: int | None = None) -> str:
    """Return a text without the indentation that all its lines share.

    Args:
        text: the text.
        most: columns to take away in its place, from each line as far as it is indented.
    """
    lines = text.split("\n")
    widths = [sum(1 for _ in takewhile(str.isspace, line)) for line in lines if line.strip()]
    width = min(widths, default=0) if most is None else most
    return "\n".join(
        line[min(width, len(line) - len(line.lstrip())) :] if line.strip() else "" for line in lines
    )
