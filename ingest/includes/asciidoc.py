"""The directive `include::` of AsciiDoc, which its preprocessor reads, in code as well."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import islice
from pathlib import PurePosixPath

from ingest.includes.marks import Mark
from ingest.includes.selection import cut_lines, cut_tags, dedent_lines, parse_ranges
from ingest.includes.targets import list_above, list_beside

_INCLUDE = re.compile(
    # A cell of AsciiDoc may begin with one, behind `a|`.
    r"(?:^|(?<=a\|)|(?<=a\| ))include::([^\[\n]{1,500})\[([^\n]{0,500}?)\](?=[ \t]*$|[ \t]*\|)",
    re.MULTILINE,
)
_ENTRY = re.compile(r"^:([\w-]+):[ \t]+(\S[^\n]*?)[ \t]*$", re.MULTILINE)
_REFERENCE = re.compile(r"\{([\w-]+)\}")
_OPTION = re.compile(r"([\w-]+)[ \t]*=[ \t]*(?:\"([^\"]*)\"|'([^']*)'|([^,]*))")
_HEADING = re.compile(r"(=+|#+)([ \t]+\S)")
_VERBATIM = re.compile(r"(-{4,}|\.{4,}|\+{4,}|/{4,}|`{3,}.*)[ \t]*$")
_FAMILY = re.compile(r"(?:[\w.@-]*:)*(partial|example|page|attachment)\$")
_FAMILIES = {"partial": "partials", "example": "examples", "page": "pages"}
_SUFFIXES = {".adoc", ".asciidoc", ".asc"}
_MAX_ENTRIES = 200


def find_asciidoc_includes(path: str, text: str) -> Iterator[Mark]:
    """Yield the directives; one behind a backslash stays as it is."""
    found = islice(_ENTRY.finditer(text), _MAX_ENTRIES)
    entries = {match[1]: match[2] for match in found}
    for match in _INCLUDE.finditer(text):
        target = _fill_attributes(match[1], entries)
        options = {
            name: next(filter(None, values), "") for name, *values in _OPTION.findall(match[2])
        }
        yield Mark(
            *match.span(),
            target,
            _list_paths(path, target),
            select=partial(_cut_part, options=options),
            wrap=partial(_move, offset=_read_offset(options.get("leveloffset", ""))),
            is_filled=PurePosixPath(target).suffix in _SUFFIXES,
            missing="ignore"
            if "optional" in options.get("opts", options.get("options", ""))
            else "drop",
        )


def _fill_attributes(target: str, entries: Mapping[str, str]) -> str:
    for _ in range(3):  # a value may name another attribute
        filled = _REFERENCE.sub(lambda match: entries.get(match[1], match[0]), target)
        if filled == target or len(filled) > 1_000:
            break
        target = filled
    return target


def _list_paths(path: str, target: str) -> tuple[str, ...]:
    family = _FAMILY.match(target)
    if family:  # Antora's: the module is the folder above that of the pages
        folder = _FAMILIES.get(family[1], "attachments")
        module = target[: family.start(1)].strip(":").rpartition(":")[2]
        name = f"{folder}/{target[family.end() :]}"
        return list_above(path, f"{module}/{name}" if module else name)
    return (*list_beside(path, target), *list_above(path, target))


def _cut_part(text: str, options: Mapping[str, str]) -> str:
    """Return the lines that the options name.

    Raises:
        MissingPartError: the file has no such tag.
    """
    tags = options.get("tags") or options.get("tag") or ""
    if options.get("lines"):
        text = cut_lines(text, parse_ranges(options["lines"], ",;"))
    else:
        text = cut_tags(text, [name.strip() for name in re.split("[,;]", tags) if name.strip()])
    indent = options.get("indent", "")
    if indent.isdecimal():
        prefix = " " * int(indent[:2])
        text = "\n".join(f"{prefix}{line}".rstrip() for line in dedent_lines(text).split("\n"))
    return text.rstrip("\n")


def _read_offset(written: str) -> int:
    match = re.fullmatch(r"[+-]?\d", written)
    return int(written) if match else 0


def _move(text: str, offset: int) -> str:
    """Return AsciiDoc with its headings some levels deeper, outside of code."""
    if not offset:
        return text
    lines, verbatim = text.split("\n"), ""
    for number, line in enumerate(lines):
        fence = _VERBATIM.match(line)
        if verbatim:
            verbatim = "" if line.rstrip() == verbatim else verbatim
        elif fence:
            verbatim = "```" if line.startswith("```") else line.rstrip()
        elif heading := _HEADING.match(line):
            level = max(1, min(6, len(heading[1]) + offset))
            lines[number] = heading[1][0] * level + line[heading.end(1) :]
    return "\n".join(lines)
