"""Imported partials of MDX, as Docusaurus, Mintlify, Nextra and Starlight have them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath

from ingest.formats.mdx.brackets import find_statement_end
from ingest.formats.mdx.elements import Property, TagReader
from ingest.formats.mdx.statements import is_statement
from ingest.includes.marks import Change, Mark, MarkedText
from ingest.includes.partial_values import fill_properties
from ingest.includes.rendering import prefix_lines, strip_front_matter
from ingest.includes.targets import list_above, list_below, list_imported

_IMPORT = re.compile(
    r"^import[ \t]+(?:([A-Za-z_$][\w$]*)[ \t]*,?[ \t]*)?(?:\{([^{}]{0,2000})\}[ \t\n]*)?"
    r"from[ \t\n]+(?:\"([^\"\n]{1,500})\"|'([^'\n]{1,500})')[ \t]*;?[ \t]*$",
    re.MULTILINE,
)
_TAG = re.compile(r"<([A-Z][\w$]*)(?=[\s/>])")
_RAW_IMPORT = re.compile(r"^!!raw-loader!|\?raw$")
_NAME = re.compile(r"[A-Za-z_$][\w$]*")
_PARTIALS = {".mdx", ".md", ".markdown"}
_STATEMENT = re.compile(r"^(?:import|export)\b", re.MULTILINE)
_ARROW = re.compile(r"=>\s*\(?\s*(<.*>)\s*\)?\s*;?\s*\Z", re.DOTALL)
_FRAGMENT = re.compile(r"<>(.*)</>\Z", re.DOTALL)
_CHILDREN = re.compile(r"\{\s*(?:props\.)?children\s*\}")
_MAX_RAW = 15_000  # characters of a file that a page imports as text


@dataclass(frozen=True)
class _Import:
    """An import: the file, and the name there; empty for the page itself."""

    target: str
    exported: str = ""


def find_imports(page: MarkedText) -> Iterator[Mark]:
    """Yield the imports of partials, and the places where they are used."""
    path, imported = page.path, dict[str, _Import]()
    for match in _IMPORT.finditer(page.text):
        target = match[3] or match[4] or ""
        if page.find_place(match.start()):
            continue
        if _RAW_IMPORT.search(target) and match[1]:
            yield _read_raw_import(path, match, _RAW_IMPORT.sub("", target))
        elif PurePosixPath(target).suffix.lower() in _PARTIALS:
            named = _parse_names(match[2] or "")
            imported |= {local: _Import(target, name) for local, name in named.items()}
            if match[1]:
                imported[match[1]] = _Import(target)
            yield _build_mark(
                path,
                match.span(),
                target,
                wrap=partial(_show_statements, names=named, is_whole=bool(match[1])),
            )
    if imported or "<Snippet" in page.text:
        yield from _find_uses(page, imported)


def _parse_names(written: str) -> dict[str, str]:
    """Return exported names by the page's own: `{ a as b }`."""
    names = dict[str, str]()
    for part in written.split(","):
        words = part.split()
        if words and all(map(_NAME.fullmatch, words)):
            names[words[-1]] = words[0]
    return names


def _build_mark(path: str, place: tuple[int, int], target: str, wrap: Change) -> Mark:
    paths = list_imported(path, target)
    return Mark(*place, target, paths, select=strip_front_matter, wrap=wrap)


def _read_raw_import(path: str, match: re.Match[str], target: str) -> Mark:
    """Return the import of a file's text, as a constant."""
    return Mark(
        *match.span(),
        target,
        list_imported(path, target),
        wrap=partial(_show_constant, name=match[1]),
        is_filled=False,
        missing="ignore",
    )


def _show_constant(text: str, name: str) -> str:
    shown = json.dumps(text[:_MAX_RAW].rstrip("\n"), ensure_ascii=False)
    return f"export const {name} = {shown};\n"


def _find_uses(page: MarkedText, imported: Mapping[str, _Import]) -> Iterator[Mark]:
    path, text = page.path, page.text
    reader = TagReader(text)
    unclosed = set[str]()
    for match in _TAG.finditer(text):
        found = imported.get(match[1])
        is_snippet = match[1] == "Snippet" and found is None
        if (found is None and not is_snippet) or page.find_place(match.start()):
            continue
        tag = reader.read(match.start())
        if tag is None:
            continue
        end, properties, is_closed = tag
        paths: tuple[str, ...] = ()
        target = found.target if found else ""
        if is_snippet:
            target = str(properties.get("file", ""))
            paths = (
                *list_below(path, target, ("snippets/", "_snippets/")),
                *list_above(path, target),
            )
            if not PurePosixPath(target).suffix:
                continue
        use = _Use(path, text, target, paths, found.exported if found else "", properties)
        close = -1
        if not is_closed and match[1] not in unclosed:
            close = text.find(f"</{match[1]}>", end)
            if close < 0:
                unclosed.add(match[1])
        if close < 0:
            yield use.build_mark((match.start(), end), "")
        else:  # what stands between the tags goes where the partial has its children
            yield use.build_mark((match.start(), end), "before")
            yield use.build_mark((close, close + len(match[1]) + 3), "after")


@dataclass(frozen=True)
class _Use:
    """A tag of a partial.

    Attributes:
        path: the page.
        text: its text.
        target: the partial as the import names it.
        paths: where it may lie; empty to go by the target.
        exported: the name of a component that the partial exports; empty for its text.
        properties: the properties of the tag.
    """

    path: str
    text: str
    target: str
    paths: tuple[str, ...]
    exported: str
    properties: Mapping[str, Property]

    def build_mark(self, place: tuple[int, int], half: str) -> Mark:
        """Return the mark of a tag; half: a side of its content."""
        start = self.text.rfind("\n", 0, place[0]) + 1
        prefix = self.text[start : place[0]]
        stop = self.text.find("\n", place[1])
        rest = self.text[place[1] : stop if stop >= 0 else len(self.text)]
        is_alone = not prefix.strip(" \t>-*+0123456789.)") and not rest.strip()
        wrap = partial(
            _show_partial,
            exported=self.exported,
            properties=self.properties,
            half=half,
            prefix=prefix if is_alone else None,
        )
        return Mark(
            *place,
            self.target,
            self.paths or list_imported(self.path, self.target),
            select=strip_front_matter,
            wrap=wrap,
            is_beside=True,
        )


def _show_partial(
    text: str, exported: str, properties: Mapping[str, Property], half: str, prefix: str | None
) -> str:
    body = _find_component(text, exported) if exported else _drop_statements(text)
    if half:
        before, _, after = _split_children(body)
        body = before if half == "before" else after
    body = fill_properties(_CHILDREN.sub("", body), properties).strip("\n")
    if prefix is None or not body.strip():
        return body
    is_plain = not prefix.strip()
    inner = "".join(letter if letter in "\t>" else " " for letter in prefix)
    shown = prefix_lines(body, inner)
    return f"\n{prefix}{shown}\n" if is_plain else shown


def _split_children(body: str) -> tuple[str, str, str]:
    match = _CHILDREN.search(body)
    if match is None:
        return body, "", ""
    return body[: match.start()], match[0], body[match.end() :]


def _drop_statements(text: str) -> str:
    pieces, end = list[str](), 0
    for start, stop in _find_statements(text):
        pieces.append(text[end:start])
        end = stop
    return "".join([*pieces, text[end:]])


def _find_statements(text: str) -> Iterator[tuple[int, int]]:
    page, end = MarkedText("", text), 0
    for match in _STATEMENT.finditer(text):
        start = match.start()
        if start >= end and is_statement(text, start) and not page.find_place(start):
            end, is_whole = find_statement_end(text, start)
            yield start, end
            if not is_whole:
                return


def _show_statements(text: str, names: Mapping[str, str], is_whole: bool) -> str:  # noqa: FBT001
    """Return the imports and exports of a partial for the page."""
    statements = [text[start:stop].strip() for start, stop in _find_statements(text)]
    shown = statements if is_whole else list[str]()
    exports = [line for statement in statements for line in _split_exports(statement)]
    for local, exported in names.items():
        pattern = re.compile(rf"export\s+(const|let|var)\s+{re.escape(exported)}\b")
        shown += [
            pattern.sub(rf"export \1 {local}", line)
            for line in exports
            if pattern.match(line)
            and not _ARROW.search(line)
            and not (is_whole and local == exported)
        ]
    return "\n\n".join(shown) + "\n" if shown else ""


def _split_exports(statement: str) -> list[str]:
    """Return the exports that no empty line divides."""
    return re.split(r"\n(?=(?:import|export)\b)", statement)


def _find_component(text: str, name: str) -> str:
    """Return the elements of a simple component; else nothing."""
    pattern = re.compile(rf"export\s+const\s+{re.escape(name)}\b")
    for start, stop in _find_statements(text):
        for statement in _split_exports(text[start:stop]):
            if pattern.match(statement):
                arrow = _ARROW.search(statement)
                body = arrow[1] if arrow and "return" not in statement else ""
                fragment = _FRAGMENT.match(body)
                return fragment[1] if fragment else body
    return ""
