"""Marks that fill files into pages and their code: PyMdown, mdx-include, FastAPI, mdBook."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial

from ingest.includes.marks import Change, Mark, MarkedText, keep_text
from ingest.includes.rendering import name_language, prefix_lines, show_code, show_lines
from ingest.includes.selection import Range, cut_anchor, cut_lines, cut_section, parse_ranges
from ingest.includes.targets import list_above, list_below, list_beside

_SNIPPET = re.compile(
    r"^([ \t]*+)(;*+)-+8<-+(?:[ \t]+(?:\"([^\"\n]+)\"|'([^'\n]+)')|([ \t]*))[ \t]*$",
    re.MULTILINE,
)
_SNIPPET_TARGET = re.compile(
    r"(.+?)(?:((?::-?\d*){1,2}(?:,-?\d*:?-?\d*)*)|:([A-Za-z][\w-]*))?$", re.DOTALL
)
_SNIPPET_FOLDERS = ("", "docs/", "includes/", "snippets/", "docs/includes/", "docs/snippets/")
_MAX_BLOCK = 200  # lines of a block of snippets

_BRACED = re.compile(r"(\\?)\{!([+>-]*)[ \t]*([^\s!\[\]{}|]{1,300})([^!\n]{0,100})!\}")
_BRACED_LINES = re.compile(r"\[ln:([^\]]*)\]")
_COLUMN = re.compile(r"\.\d+")
_STARRED = re.compile(r"^([ \t]*)\{\*[ \t]+(\S{1,300})([^\n]{0,500}?)\*\}[ \t]*$", re.MULTILINE)
_STARRED_OPTION = re.compile(r"\b(ln|title)\[([^\]]*)\]")
_BOOK = re.compile(
    r"(\\?)\{\{#(include|rustdoc_include|playground|playpen|code_include)[ \t]+"
    r"([^\s:{}]{1,300})(?::([^\s{}]*))?[^{}\n]*\}\}"
)
_DIGITS = re.compile(r"[\d:]*")


def find_snippets(page: MarkedText) -> Iterator[Mark]:
    """Yield the snippets of PyMdown, which work in code as well."""
    path, text = page.path, page.text
    found = [*_SNIPPET.finditer(text)]
    block_end = 0
    for number, match in enumerate(found):
        target = match[3] or match[4] or ""
        if match[2]:
            yield Mark(match.start(2), match.start(2) + 1, literal="")
        elif target and match.start() >= block_end:
            yield _build_snippet(path, match.span(), match[1], target)
        elif not target and match.start() >= block_end:
            closing = found[number + 1] if number + 1 < len(found) else None
            inner = text[match.end() : closing.start()] if closing else ""
            if closing and not closing[2] and inner.count("\n") <= _MAX_BLOCK:
                block_end = closing.end()
                yield from _read_block(path, text, match, closing)


def _read_block(
    path: str, text: str, opening: re.Match[str], closing: re.Match[str]
) -> Iterator[Mark]:
    yield Mark(opening.start(), min(opening.end() + 1, closing.start()), literal="")
    start = opening.end() + 1
    for line in text[start : closing.start()].split("\n"):
        target = line.strip()
        end = start + len(line)
        if target.startswith(";"):
            yield Mark(start, end, literal="")
        elif target:
            yield _build_snippet(path, (start, end), opening[1], target)
        start = end + 1
    yield Mark(*closing.span(), literal="")


def _build_snippet(path: str, place: tuple[int, int], prefix: str, target: str) -> Mark:
    parts = _SNIPPET_TARGET.match(target)
    name, lines, section = parts.groups() if parts else (target, None, None)
    select: Change = partial(cut_section, name=section or "")
    if lines:
        written = lines.removeprefix(":")
        # A single number is where the lines begin.
        ranges = parse_ranges(written if ":" in written else f"{written}:")
        select = partial(_cut_lines, ranges=ranges)
    return Mark(
        *place,
        target,
        list_below(path, name, _SNIPPET_FOLDERS),
        select=select,
        wrap=partial(show_lines, prefix=prefix),
        name=name,
    )


def _cut_lines(text: str, ranges: list[Range]) -> str:
    return cut_section(cut_lines(text, ranges), "")


def find_braced(page: MarkedText) -> Iterator[Mark]:
    """Yield `{!file!}` of Markdown-Include and MDX-Include, which works in code as well."""
    path, text = page.path, page.text
    for match in _BRACED.finditer(text):
        if page.find_place(match.start()) == "span":
            continue
        if match[1]:
            yield Mark(match.start(), match.start() + 1, literal="")
            continue
        lines = _BRACED_LINES.search(match[4])
        ranges = parse_ranges(_COLUMN.sub("", lines[1])) if lines else []
        prefix = text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
        yield Mark(
            *match.span(),
            match[3],
            list_below(path, match[3], ("", "docs/")),
            select=partial(_cut_trimmed, ranges=ranges),
            wrap=partial(prefix_lines, prefix=prefix) if not prefix.strip() else keep_text,
        )


def _cut_trimmed(text: str, ranges: list[Range]) -> str:
    return cut_lines(text, ranges).rstrip("\n")


def find_starred(page: MarkedText) -> Iterator[Mark]:
    """Yield `{* file ln[1:9] hl[3] *}` of FastAPI, which becomes code."""
    for match in _STARRED.finditer(page.text):
        if page.find_place(match.start(2)):
            continue
        options = dict(_STARRED_OPTION.findall(match[3]))
        yield Mark(
            *match.span(),
            match[2],
            list_below(page.path, match[2], ("", "docs/")),
            select=partial(cut_lines, ranges=parse_ranges(options.get("ln", ""))),
            wrap=partial(
                show_code,
                prefix=match[1],
                language=name_language(match[2]),
                title=options.get("title", "").strip("\"'"),
            ),
            is_filled=False,
        )


def find_book_includes(page: MarkedText) -> Iterator[Mark]:
    """Yield `{{#include file}}` of mdBook, which works in code as well."""
    for match in _BOOK.finditer(page.text):
        if page.find_place(match.start()) == "span":
            continue
        if match[1]:
            yield Mark(match.start(), match.start() + 1, literal="")
            continue
        shows_code = match[2] in {"playground", "playpen"}
        wrap = partial(show_code, prefix="", language="rust") if shows_code else keep_text
        yield Mark(
            *match.span(),
            match[3],
            list_beside(page.path, match[3]) or list_above(page.path, match[3]),
            select=_choose_book_part(match[4] or ""),
            wrap=wrap,
        )


def _choose_book_part(part: str) -> Callable[[str], str]:
    if not part or not _DIGITS.fullmatch(part):
        return partial(_cut_trimmed_anchor, name=part)
    first, colon, last = part.partition(":")
    stop = int(last[:9]) if last.strip(":").isdigit() else None
    start = int(first[:9] or 1)
    return partial(_cut_trimmed, ranges=[(start, stop if colon else start)])


def _cut_trimmed_anchor(text: str, name: str) -> str:
    return cut_anchor(text, name).rstrip("\n")
