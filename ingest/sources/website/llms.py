"""The llms.txt of a site, and its llms-full.txt: all pages in one file."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from ingest.sources.website.paths import extract_host, resolve_link
from ingest.sources.website.sitemaps import MAX_ADDRESSES

MAX_LLMS_CHARACTERS = 2 * 2**20
"""Characters of an llms.txt that are read."""

_LIST = re.compile(r"llms(?:[-_.](?:index|small|medium))?\.txt", re.IGNORECASE)
_FULL = re.compile(r"llms[-_.](?:full|ctx|ctx-full|all|complete)\.(?:txt|md)", re.IGNORECASE)
# Groups are possessive and short: the text may be one line of millions of brackets.
_TARGET = (
    r"(?:<([^<>\n]{1,2000}+)>|([^()\s<>\[\]]{1,2000}+(?:\([^()\s<>]{0,200}+\)[^()\s<>]{0,200}+)?+))"
)
_LABEL = r"\[(?:[^\[\]\n]|\[[^\[\]\n]{0,1000}+\]){0,1000}+\]"
_LINK = re.compile(
    rf"{_LABEL}\(\s{{0,100}}+{_TARGET}"
    r"(?:\s{1,100}+(?:\"[^\"\n]{0,1000}+\"|'[^'\n]{0,1000}+'))?+\s{0,100}+\)"
    rf"|^[ ]{{0,3}}{_LABEL}:[ \t]{{0,100}}+{_TARGET}"
    # A closing tag, such as `</div>`, is not an address.
    r"|<(?!/[A-Za-z][\w:-]{0,50}>)((?:https?://|/|\.{1,2}/)[^\s<>]{1,2000}+)>"
    r"|<a\s(?:[^<>]{0,500}\s)?href=[\"']([^\"'<>\s]{1,2000}+)"
    r"|(?<![\w@/\[<\"'=`])(?<!\]\()"
    r"(https?://(?:[^\s<>()\[\]\"'`]{1,2000}+|\([^\s<>()\[\]\"'`]{0,200}+\)){1,20}+)",
    re.MULTILINE,
)
_BARE = 7  # the group of an address without any marks
_FENCE = re.compile(r"^[ \t>]{0,20}+(`{3,}|~{3,})([^\n]*)$")
_PUNCTUATION = ".,;:!?*_"

_MARK_NAMES = (
    r"(?:source(?:[ _-]url)?|(?:page|original|canonical)?[ _-]?url(?:[ _-]source)?|permalink|link)"
)
_MARK = re.compile(
    rf"[ \t]{{0,3}}+[*_]{{0,2}}{_MARK_NAMES}[*_]{{0,2}}[ \t]{{0,10}}+:[*_]{{0,2}}[ \t]{{0,10}}+"
    r"(?:\[[^\]\n]{0,500}+\]\()?[<\"']?((?:https?://|\.{0,2}/)[^\s<>\"')]{0,2000}+)[>\"')]{0,2}\s*",
    re.IGNORECASE,
)
_TAG = re.compile(
    r"[ \t]*<(?:page|doc|document|source)\s(?:[^<>\n]{0,1000}?\s)?(?:url|href|src|source)="
    r"[\"']((?:https?://|\.{0,2}/)[^\"'\s<>]{0,2000}+)[\"'][^<>\n]{0,1000}+>\s*",
    re.IGNORECASE,
)
_CLOSING_TAG = re.compile(r"[ \t]*</(?:page|doc|document|source)>\s*", re.IGNORECASE)
_TITLE = re.compile(r"#{1,2}[ \t]+\S")
_RULE = re.compile(r"[ \t]{0,3}(?:-{3,}|={3,}|\*{3,})[ \t]*")
_MOST_BEFORE = 3  # lines between a title and the mark of its page
_MOST_FRONT_MATTER = 60  # lines

_Lines = list[tuple[str, bool]]  # with whether each is code
_Start = tuple[int, str, frozenset[int]]
"""The first line of a page, its address, and the lines that only mark it."""


@dataclass(frozen=True, slots=True)
class PagePart:
    """A page of an llms-full.txt.

    Attributes:
        address: its address; empty for what stands before the first page.
        text: its text, as Markdown.
    """

    address: str
    text: str


def is_llms_list(name: str) -> bool:
    """Return whether a file's name is that of a list of pages."""
    return _LIST.fullmatch(name) is not None


def is_llms_full(name: str) -> bool:
    """Return whether a file's name is that of all pages in one."""
    return _FULL.fullmatch(name) is not None


def parse_llms(text: str, base: str) -> tuple[str, ...]:
    """Return the links of an llms.txt in their order.

    They may be written in any way that Markdown has; addresses in code are none. The format is
    described at https://llmstxt.org.
    """
    found = islice(_LINK.finditer(_drop_fences(text[:MAX_LLMS_CHARACTERS])), MAX_ADDRESSES)
    targets = (
        match[_BARE].rstrip(_PUNCTUATION) if match[_BARE] else str(match[match.lastindex or 0])
        for match in found
    )
    links = (resolve_link(base, target) for target in targets)
    return tuple(dict.fromkeys(filter(None, links)))


def _drop_fences(text: str) -> str:
    return "\n".join(line for line, is_code in _iterate_lines(text) if not is_code)


def _iterate_lines(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the lines, and whether each is code.

    A fence that never ends is none.
    """
    lines, ends = text.split("\n"), dict[int, int]()
    opened: tuple[int, str] | None = None
    for number, line in enumerate(lines):
        match = _FENCE.match(line)
        if match and opened is None:
            opened = (number, match[1])
        elif match and opened and match[1].startswith(opened[1]) and not match[2].strip():
            ends[opened[0]] = number
            opened = None
    end = -1
    for number, line in enumerate(lines):
        end = ends.get(number, end)
        yield line, number <= end


def split_llms_full(text: str, base: str) -> list[PagePart]:
    """Split a file of all pages where it marks them.

    A mark is a line such as `Source: https://…` below a title, a front matter with an address, or a
    tag around the page. The parts of one address are one page. Without marks, return one part.
    """
    lines = list(_iterate_lines(text))
    starts = _find_starts(lines, base)
    if not starts:
        return [PagePart("", text)]
    parts: dict[str, list[str]] = {"": [line for line, _ in lines[: starts[0][0]]]}
    for (start, address, marks), end in zip(
        starts, [*(each[0] for each in starts[1:]), len(lines)], strict=True
    ):
        kept = (
            line
            for number, (line, is_code) in enumerate(lines[start:end], start)
            if number not in marks and (is_code or not _CLOSING_TAG.fullmatch(line))
        )
        parts.setdefault(address, []).extend(kept)
    joined = (PagePart(address, _join_lines(part)) for address, part in parts.items())
    return [part for part in joined if part.text]


def _join_lines(lines: Iterable[str]) -> str:
    """Return the lines as a text without the rules that divide pages."""
    kept = list(lines)
    while kept and (not kept[-1].strip() or _RULE.fullmatch(kept[-1])):
        kept.pop()
    while kept and (not kept[0].strip() or set(kept[0].strip()) == {"="}):
        kept.pop(0)
    return "\n".join(kept)


def _find_starts(lines: _Lines, base: str) -> list[_Start]:
    """Return where pages begin.

    Marks of a host that few of them name are text.
    """
    starts: list[_Start] = []
    earliest = 0
    for number, (line, is_code) in enumerate(lines):
        if is_code:
            continue
        tag = _TAG.fullmatch(line)
        mark = tag or _MARK.fullmatch(line)
        address = resolve_link(base, mark[1]) if mark else ""
        if not address:
            continue
        start, marks = (number, {number}) if tag else _find_start(lines, number, earliest)
        if start is not None:
            starts.append((start, address, frozenset(marks)))
            earliest = number + 1
    hosts = Counter(extract_host(address) for _, address, _ in starts)
    host = max(hosts, key=lambda each: hosts[each], default="")
    return [start for start in starts if extract_host(start[1]) == host]


def _find_start(lines: _Lines, mark: int, earliest: int) -> tuple[int | None, set[int]]:
    """Return where the page of a mark begins, and its marks.

    A line that looks like a mark, without a title or a rule above it, is text.
    """
    front = _find_front_matter(lines, mark, earliest)
    if front is not None:
        return front, {mark}
    for number in range(mark - 1, max(earliest, mark - 1 - _MOST_BEFORE) - 1, -1):
        line, is_code = lines[number]
        if _TITLE.match(line) and not is_code:
            return number, {mark}
        if _RULE.fullmatch(line) and not is_code:
            return number, {mark, number}
        if is_code or (line.strip() and not _is_property(line)):
            break
    following = next((line for line, _ in lines[mark + 1 : mark + 4] if line.strip()), "")
    return (mark, {mark}) if _TITLE.match(following) else (None, set())


def _is_property(line: str) -> bool:
    return (
        re.fullmatch(r"[*_]{0,2}[A-Za-z][\w -]{0,40}[*_]{0,2}:.{0,500}", line.strip()) is not None
    )


def _find_front_matter(lines: _Lines, mark: int, earliest: int) -> int | None:
    """Return the first line of the front matter around a line.

    Return None without one.
    """
    first = next(
        (
            number
            for number in range(mark - 1, max(earliest, mark - _MOST_FRONT_MATTER) - 1, -1)
            if lines[number][0].rstrip() == "---"
        ),
        None,
    )
    if first is None or any(_TITLE.match(line) for line, _ in lines[first:mark]):
        return None
    if any(not line.strip() for line, _ in lines[first + 1 : mark]):
        return None
    for number in range(mark + 1, min(mark + _MOST_FRONT_MATTER, len(lines))):
        line = lines[number][0]
        if line.rstrip() == "---":
            return first
        if not line.strip():
            return None
    return None
