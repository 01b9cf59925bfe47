"""Tags of templates that include: Hugo, Jekyll and other Liquid, Jinja, GitBook, docent's own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import PurePosixPath

from ingest.formats.dialects.tags import Tag, find_tags
from ingest.includes.marks import KeptMarkError, Mark, MarkedText, keep_text
from ingest.includes.rendering import (
    fill_values,
    move_headings,
    name_language,
    prefix_lines,
    show_code,
    strip_front_matter,
)
from ingest.includes.selection import cut_between, dedent_lines
from ingest.includes.targets import list_above, list_below, list_beside

_FRAGMENT = re.compile(r"\{\{\s*([\w./-]+\.mdx?)\s*\}\}")
_CLOSING = re.compile(r"\{\{[<%]\s*/\s*([\w-]+)")
_VALUE = re.compile(r"\{\{-?\s*include\.([\w-]+)\s*(?:\|[^{}]*)?-?\}\}")
_CONTROL = re.compile(r"\{%-?\s*(?!include|render|comment|endcomment|raw|endraw)\w")
_NO_LITERAL = re.compile(r"[{}]|^[a-z_]\w*(?:\.\w+)+$")
_FILE_NAME = re.compile(r"\.\w{1,8}$")
_SHORTCODES = {"include", "readfile", "snippet"}
_LIQUID = {"include", "render", "include-markdown", "include_cached"}
_BESIDE = {"include_relative", "include-relative"}
_REUSABLES = {"data", "indented_data_reference"}
_CODE_SAMPLES = {"code_sample", "code-sample", "codenew", "code"}
_NAMES = _SHORTCODES | _LIQUID | _BESIDE | _REUSABLES | _CODE_SAMPLES
_LIQUID_FOLDERS = ("_includes/", "", "includes/", "_snippets/", "snippets/", "include/")
_EXAMPLES = ("", "examples/", "content/en/examples/", "static/")
_TEXT = {".md", ".markdown", ".mdx", ".txt", ".rst", ".adoc"}


def find_template_includes(page: MarkedText) -> Iterator[Mark]:
    """Yield the tags that include a file; in code, if it exists."""
    closings = {match[1].lower(): match.start() for match in _CLOSING.finditer(page.text)}
    is_raw = False
    for tag in find_tags(page.text):
        is_raw = not tag.closes if tag.name == "raw" else is_raw
        if is_raw or tag.literal or tag.closes or tag.name not in _NAMES:
            continue
        place = page.find_place(tag.start)
        if place == "span" or tag.start < closings.get(tag.name, -1):
            continue
        read = _read_shortcode if tag.is_hugo else _read_liquid
        mark = read(page, tag, is_code=place == "fence")
        if mark:
            yield mark


def _read_shortcode(page: MarkedText, tag: Tag, *, is_code: bool) -> Mark | None:
    target = tag.properties.get("file") or next(iter(tag.words), "")
    span = (tag.start, tag.end)
    prefix = _find_prefix(page.text, tag)
    if tag.name in _SHORTCODES and target:
        is_shown_as_code = tag.properties.get("code", "") in {"true", "1"}
        language = name_language(target, tag.properties.get("lang", ""))
        paths = list_below(page.path, target) if target.startswith("/") else ()
        return Mark(
            *span,
            target,
            _add_endings(
                paths or (*list_beside(page.path, target), *list_below(page.path, target))
            ),
            select=keep_text if is_shown_as_code or is_code else strip_front_matter,
            wrap=partial(show_code, prefix="", language=language)
            if is_shown_as_code
            else partial(_show_inline, prefix=prefix),
            is_filled=not is_shown_as_code,
            missing="ignore" if is_code or tag.name == "snippet" else "drop",
        )
    if tag.name in _CODE_SAMPLES and "file" in tag.properties and not is_code:
        language = name_language(target, tag.properties.get("language", ""))
        return Mark(
            *span,
            target,
            (*list_beside(page.path, target), *list_above(page.path, target, _EXAMPLES)),
            wrap=partial(show_code, prefix="", language=language, title=target),
            is_filled=False,
            missing="ignore" if tag.name == "code" else "drop",
        )
    return None


def _find_prefix(text: str, tag: Tag) -> str:
    prefix = text[text.rfind("\n", 0, tag.start) + 1 : tag.start]
    return prefix if not prefix.strip() else ""


def _show_inline(text: str, prefix: str) -> str:
    return prefix_lines(text.strip("\n"), prefix)


def _add_endings(paths: tuple[str, ...]) -> tuple[str, ...]:
    """Return paths, each without an ending also as a page of Hugo."""
    endings = (".md", "/index.md")
    return tuple(
        f"{path}{ending}"
        for path in paths
        for ending in ("", *(endings if not PurePosixPath(path).suffix else ()))
    )


def _read_liquid(page: MarkedText, tag: Tag, *, is_code: bool) -> Mark | None:
    target = next(iter(tag.words), "")
    paths = _list_liquid_paths(page.path, tag, target)
    if not paths or (is_code and ".gitbook/" in target):
        return None
    is_plugin = tag.name.startswith("include-") or {"start", "end"} & tag.properties.keys()
    return Mark(
        tag.start,
        tag.end,
        target,
        paths,
        select=partial(_cut_plugin_part, options=tag.properties) if is_plugin else _strip_start,
        wrap=partial(
            _show_liquid,
            values=tag.properties,
            prefix=_find_prefix(page.text, tag),
            is_page=PurePosixPath(paths[0]).suffix.lower() in _TEXT,
        ),
        missing="ignore" if is_code else "keep",
        is_beside=tag.name == "include-markdown",
    )


def _list_liquid_paths(path: str, tag: Tag, target: str) -> tuple[str, ...]:
    if tag.name in _REUSABLES:
        kind, _, name = target.partition(".")
        relative = f"data/reusables/{name.replace('.', '/')}.md"
        return list_below(path, relative) if kind == "reusables" and name else ()
    if not _FILE_NAME.search(target) or "*" in target:
        return ()
    if tag.name in _BESIDE:
        return list_beside(path, target)
    if tag.name not in _LIQUID:
        return ()
    if target in tag.quoted or tag.name == "include-markdown":
        beside = list_beside(path, target)
        return tuple(dict.fromkeys((*beside, *list_below(path, target, _LIQUID_FOLDERS))))
    return list_below(path, target, ("_includes/", "_includes/docs/"))


def _strip_start(text: str) -> str:
    return strip_front_matter(text).rstrip("\n")


def _cut_plugin_part(text: str, options: Mapping[str, str]) -> str:
    """Return what mkdocs-include-markdown takes of a file."""
    part = cut_between(text, options.get("start", ""), options.get("end", ""))
    part = dedent_lines(part) if options.get("dedent") == "true" else part
    offset = options.get("heading-offset", "0")
    return move_headings(_strip_start(part), int(offset) if offset.isdecimal() else 0)


def _show_liquid(text: str, values: Mapping[str, str], prefix: str, is_page: bool) -> str:  # noqa: FBT001
    """Return an included template with its values.

    Raises:
        KeptMarkError: only a program could say what it shows.
    """
    literals = {name: value for name, value in values.items() if not _NO_LITERAL.search(value)}
    text = _VALUE.sub("", fill_values(text, _VALUE, literals))
    if not is_page and _CONTROL.search(text):
        raise KeptMarkError
    return prefix_lines(text, prefix)


def find_fragments(page: MarkedText) -> Iterator[Mark]:
    """Yield docent's own `{{fragments/note.md}}`, which works in code as well."""
    for match in _FRAGMENT.finditer(page.text):
        yield Mark(
            *match.span(),
            match[1],
            list_above(page.path, match[1]),
            select=strip_front_matter,
            missing="ignore" if page.find_place(match.start()) else "drop",
        )
