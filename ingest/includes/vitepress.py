"""Marks of VitePress: `<<< ./file` for code, and `@include` in a comment for text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from ingest.includes.marks import Change, Mark, MarkedText, MissingPartError, keep_text
from ingest.includes.rendering import name_language, show_code, strip_front_matter
from ingest.includes.selection import cut_lines, cut_region
from ingest.includes.targets import list_beside

_CODE = re.compile(r"^([ \t]*)<<<[ \t]+(\S[^\n]{0,500})$", re.MULTILINE)
_CODE_TARGET = re.compile(
    r"([^{}\[\]]+?)(?:#([\w.-]+))?[ \t]*(?:\{([^{}]*)\})?[ \t]*(?:\[(.+)\])?[ \t]*$"
)
_COMMENT = re.compile(r"<!--[ \t]*@include:[ \t]*(\S[^\n]{0,500}?)[ \t]*-->")
_COMMENT_TARGET = re.compile(r"([^{}#]+?)(?:#([^{}\s]+))?(?:\{(\d*)(?:,(\d*))?\})?$")
_HEADING = re.compile(r"^(#{1,6})[ \t]+(.*?)[ \t]*(?:\{#([\w-]+)\})?[ \t]*$", re.MULTILINE)
_NOT_IN_SLUG = re.compile(r"[\W_]+")
_LINES = re.compile(r"[\d,-]+")


def find_code_lines(page: MarkedText) -> Iterator[Mark]:
    """Yield `<<< ./file#region{1,3 js} [title]`, but no example in a fence."""
    for match in _CODE.finditer(page.text):
        parts = _CODE_TARGET.match(match[2])
        if parts is None or page.find_place(match.start(2)):
            continue
        target, region, braces, title = parts.groups()
        words = [word for word in (braces or "").split() if not _LINES.fullmatch(word)]
        language = words[0].partition(":")[0] if words else ""
        yield Mark(
            *match.span(),
            target,
            list_beside(page.path, target),
            select=partial(cut_region, name=region) if region else keep_text,
            wrap=partial(
                show_code,
                prefix=match[1],
                language=name_language(target, language),
                title=title or "",
            ),
            is_filled=False,
        )


def find_comments(page: MarkedText) -> Iterator[Mark]:
    """Yield `<!--@include: ./file.md#part{2,4}-->`, which works in fences as well."""
    for match in _COMMENT.finditer(page.text):
        place = page.find_place(match.start())
        parts = _COMMENT_TARGET.match(match[1])
        if parts is None or place == "span":
            continue
        yield Mark(
            *match.span(),
            parts[1],
            list_beside(page.path, parts[1]),
            select=_choose_part(parts, is_page=not place),
            missing="ignore" if place else "drop",
        )


def _choose_part(parts: re.Match[str], *, is_page: bool) -> Change:
    _, region, first, last = parts.groups()
    ranges = []
    if first is not None:
        start = int(first[:9] or 1)
        ranges = [(start, start if last is None else int(last[:9]) if last else None)]
    return partial(_cut_part, region=region or "", ranges=ranges, is_page=is_page)


def _cut_part(text: str, region: str, ranges: list[tuple[int, int | None]], is_page: bool) -> str:  # noqa: FBT001
    if region:
        text = _cut_region_or_heading(text, region)
    text = cut_lines(text, ranges)
    return (strip_front_matter(text) if is_page else text).rstrip("\n")


def _cut_region_or_heading(text: str, name: str) -> str:
    """Return a region, or else the section below a heading."""
    try:
        return cut_region(text, name)
    except MissingPartError:
        headings = [*_HEADING.finditer(text)]
    for number, heading in enumerate(headings):
        if name in {heading[3], _NOT_IN_SLUG.sub("-", heading[2].lower()).strip("-")}:
            after = (
                each.start() for each in headings[number + 1 :] if len(each[1]) <= len(heading[1])
            )
            return text[heading.end() : next(after, len(text))].strip("\n")
    raise MissingPartError(f"#{name}")
