"""Directives `include` and `literalinclude` of reStructuredText and MyST."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from ingest.formats.dialects.directives import DIRECTIVE, parse_directive
from ingest.includes.marks import Change, Mark, MarkedText
from ingest.includes.rendering import (
    move_headings,
    name_language,
    show_code,
    show_lines,
    strip_front_matter,
)
from ingest.includes.selection import (
    cut_between,
    cut_lines,
    cut_lines_between,
    cut_object,
    dedent_lines,
    parse_ranges,
    slice_lines,
)
from ingest.includes.targets import list_above, list_beside

_NAMES = {"include", "literalinclude"}
_DIRECTIVE = re.compile(r"([ \t]*)\.\.[ ]+(include|literalinclude)::[ \t]+(\S.*?)[ \t]*$")
_OPTION = re.compile(r"[ \t]+:([\w-]+):[ \t]*(.*?)[ \t]*$")
_EXPLICIT = re.compile(r"[ \t]*\.\.(?:[ \t]+(?:([\w:+.-]+)::)?|$)")
_NO_COMMENT = re.compile(r"[ \t]*\.\.[ \t]+(?:[\w:+.-]+::|[_|\[])")
_LITERAL = frozenset(
    re.findall(
        r"[\w-]+",
        "code code-block sourcecode highlight parsed-literal raw math doctest testcode testoutput "
        "prompt graphviz mermaid productionlist csv-table",
    )
)
_FENCE = re.compile(r"([ \t>]*)(`{3,}|~{3,}|:{3,})[ \t]*([^`\n]*)$")
_LEADING_DASH = re.compile(r"(^|,)\s*-(?=\d)")
_MAX_NESTED = 10
_MYST_CODE = _LITERAL | {"code-cell", "literalinclude", "raw", "latex", "thebe-button"}


@dataclass(frozen=True)
class _Include:
    """A directive as it is written, in either markup."""

    name: str
    target: str
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_code(self) -> bool:
        return self.name == "literalinclude" or bool({"literal", "code"} & self.options.keys())

    @property
    def language(self) -> str:
        given = next((self.options[key] for key in ("language", "lang") if key in self.options), "")
        return name_language(self.target, given or self.options.get("code", ""))

    @property
    def caption(self) -> str:
        if "caption" in self.options:
            return self.options["caption"] or self.target
        return ""


def find_rst_includes(path: str, text: str, offset: int = 0) -> Iterator[Mark]:
    """Yield the directives of reStructuredText that stand in no literal block.

    Args:
        path: the file with the text.
        text: reStructuredText.
        offset: the place of the text in a page of MyST.

    Yields:
        the marks, with their places in the page.
    """
    lines = text.split("\n")
    literal: int | None = None  # the indentation above a literal block
    start, number = offset, 0
    while number < len(lines):
        line = lines[number]
        stop = number + 1
        indent = len(line) - len(line.lstrip())
        if line.strip() and (literal is None or indent <= literal):
            match = _DIRECTIVE.match(line) if "include::" in line else None
            literal = indent if match is None and _is_above_literal(line) else None
            if match and not match[3].startswith("<"):  # docutils' own files
                options, stop = _read_options(lines, stop, indent)
                end = start + sum(map(len, lines[number:stop])) + stop - number - 1
                rest = "\n" if stop < len(lines) and lines[stop].strip() else ""
                yield _build_rst_mark(
                    path, (start, end), match[1], _Include(match[2], match[3], options), rest
                )
        start += sum(map(len, lines[number:stop])) + stop - number
        number = stop


def _is_above_literal(line: str) -> bool:
    """Return whether the lines indented below are code or a comment."""
    explicit = _EXPLICIT.match(line)
    if explicit:
        return explicit[1] in _LITERAL if explicit[1] else not _NO_COMMENT.match(line)
    return line.rstrip().endswith("::")


def _read_options(lines: list[str], start: int, indent: int) -> tuple[dict[str, str], int]:
    options = dict[str, str]()
    while start < len(lines):
        line = lines[start]
        match = _OPTION.match(line)
        if match is None or len(line) - len(line.lstrip()) <= indent:
            break
        options[match[1]] = match[2]
        start += 1
    return options, start


def _build_rst_mark(
    path: str, place: tuple[int, int], prefix: str, include: _Include, rest: str
) -> Mark:
    # `rest` is what docutils puts between the text and the next line.
    wrap: Change = partial(_show_rst_lines, prefix=prefix, rest=rest)
    if include.is_code:
        wrap = partial(_show_rst_code, prefix=prefix, include=include)
    return _build_mark(path, place, include, wrap)


def _show_rst_lines(text: str, prefix: str, rest: str) -> str:
    shown = show_lines(text, prefix)
    return shown + rest if shown else ""


def _show_rst_code(text: str, prefix: str, include: _Include) -> str:
    body = text.strip("\n")
    caption = f"   :caption: {include.caption}\n" if include.caption else ""
    head = f".. code-block:: {include.language or 'text'}\n{caption}\n"
    indented = "\n".join(f"   {line}" if line.strip() else "" for line in body.split("\n"))
    return show_lines(f"{head}{indented}", prefix) + "\n" if body.strip() else ""


def find_myst_includes(page: MarkedText) -> Iterator[Mark]:
    """Yield the directives of MyST, and those of reStructuredText within `eval-rst`."""
    # A directive of MyST is a fence itself.
    path, lines = page.path, page.text.split("\n")
    starts, start = list[int](), 0
    for line in lines:
        starts.append(start)
        start += len(line) + 1
    yield from _find_in_fences(path, lines, starts, (0, len(lines)), 0)


def _find_in_fences(
    path: str, lines: list[str], starts: list[int], scope: tuple[int, int], depth: int
) -> Iterator[Mark]:
    number, stop = scope
    while number < stop:
        fence = _FENCE.match(lines[number])
        if fence is None or (fence[2][0] == ":" and not _is_verbatim(fence[3])):
            number += 1
            continue
        close = _find_close(lines, number + 1, stop, fence[2])
        inner = (number + 1, close)
        directive = DIRECTIVE.match(fence[3])
        name = directive[1].lower() if directive else ""
        if name in _NAMES:
            end = min(close, stop - 1)
            place = (starts[number], starts[end] + len(lines[end]))
            yield _read_myst(path, place, fence, "\n".join(lines[slice(*inner)]))
        elif name == "eval-rst":
            content = "\n".join(lines[slice(*inner)])
            yield from find_rst_includes(path, content, starts[number] + len(lines[number]) + 1)
        elif name and name not in _MYST_CODE and depth < _MAX_NESTED:
            yield from _find_in_fences(path, lines, starts, inner, depth + 1)
        number = close + 1


def _is_verbatim(info: str) -> bool:
    """Return whether a fence of colons is code or includes a file."""
    directive = DIRECTIVE.match(info)
    return directive is not None and directive[1].lower() in (_NAMES | _MYST_CODE)


def _find_close(lines: list[str], start: int, stop: int, mark: str) -> int:
    for number in range(start, stop):
        line = lines[number].strip(" \t>")
        if line.startswith(mark) and not line.strip(mark[0]):
            return number
    return stop


def _read_myst(path: str, place: tuple[int, int], fence: re.Match[str], content: str) -> Mark:
    prefix = fence[1]
    parsed = parse_directive(fence[3], "\n".join(map(str.strip, content.split("\n"))))
    include = _Include(parsed.name, parsed.argument, parsed.options)
    wrap: Change = partial(show_lines, prefix=prefix)
    if include.is_code:
        wrap = partial(show_code, prefix=prefix, language=include.language, title=include.caption)
    return _build_mark(path, place, include, wrap)


def _build_mark(path: str, place: tuple[int, int], include: _Include, wrap: Change) -> Mark:
    target = include.target.strip("\"'")
    # Sphinx goes out from the page, docutils from the file: a folder above may be the page's.
    paths = list_beside(path, target)
    nested = list_above(path, target) if not target.startswith("/") else ()
    return Mark(
        *place,
        target,
        tuple(dict.fromkeys((*paths, *nested))),
        select=partial(_cut_part, include=include),
        wrap=wrap,
        is_filled=not include.is_code,
        missing="keep",  # the reader names the file
    )


def _cut_part(text: str, include: _Include) -> str:
    """Return the part of a file that the options name.

    Raises:
        MissingPartError: the file does not have it.
    """
    options = include.options
    if include.name == "include":
        if "start-line" in options or "end-line" in options:
            text = slice_lines(text, options.get("start-line", ""), options.get("end-line", ""))
        text = cut_between(text, options.get("start-after", ""), options.get("end-before", ""))
        if include.target.endswith(".md"):
            text = strip_front_matter(text)
    else:
        text = _cut_code(text, options)
    if options.get("lines"):
        text = cut_lines(text, parse_ranges(_LEADING_DASH.sub(r"\g<1>1-", options["lines"])))
    offset = options.get("heading-offset", "")
    text = move_headings(text, int(offset)) if offset.isdecimal() and len(offset) < 3 else text
    return _dedent(text, options)


def _cut_code(text: str, options: Mapping[str, str]) -> str:
    if options.get("pyobject"):
        text = cut_object(text, options["pyobject"])
    start = (options.get("start-at", ""), True) if options.get("start-at") else None
    end = (options.get("end-at", ""), True) if options.get("end-at") else None
    return cut_lines_between(
        text,
        start or (options.get("start-after", ""), False),
        end or (options.get("end-before", ""), False),
    )


def _dedent(text: str, options: Mapping[str, str]) -> str:
    if "dedent" not in options:
        return text
    columns = options["dedent"]
    return dedent_lines(text, int(columns[:3]) if columns.isdecimal() else None)
