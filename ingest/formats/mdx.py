"""MDX: Markdown with components, whose tags are dropped and whose content stays."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator

from ingest.documents import Document, Page
from ingest.formats.code_spans import CodeSpans
from ingest.formats.markdown import build_markdown_document

_FRONT_MATTER = re.compile(r"---\n.*?\n---[ \t]*(?:\n|\Z)", re.DOTALL)
_ESM = re.compile(r"^(?:import|export)\s[^\n]*(?:\n|\Z)", re.MULTILINE)
_GAP = re.compile(r"\n[ \t]*(?=\n|\Z)")
_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|`[^`]*`')
_MAX_ESM = 100_000  # characters
_TAG = re.compile(r"</?(?=[A-Z>]|[a-z][\w-]*\.[A-Z])")
_MAX_TAG = 10_000  # characters
_MAX_WASTED = 2_000_000
"""Characters read in vain for an end; after that, no more ends are searched for in a page."""

_COMMENT = re.compile(r"\{/\*.*?\*/\}", re.DOTALL)
_SPACE = re.compile(r"""\{\s*(["'`])(\s*)\1\s*\}""")
_LABEL = re.compile(r"""\s(?:label|title)=(?:\{\s*)?(["'`])(.+?)\1""", re.DOTALL)
_TAB = re.compile(r"""<(?:Tab|TabItem)\b[^>]*?\svalue=(["'])(.+?)\1""", re.DOTALL)


def read_mdx(page: Page) -> Document:
    """Read MDX as Markdown.

    Imports, exports, comments and tags of components are dropped. The label of a component, such
    as a tab, is written above its content.
    """
    text = page.text
    front = _FRONT_MATTER.match(text)
    start = front.end() if front else 0
    body = _strip_tags(_strip_esm(text[start:]))
    return build_markdown_document(page, f"{text[:start]}{body}", indented_code=False)


def _strip_esm(text: str) -> str:
    """Drop imports and exports.

    Each ends at the first empty line where all its brackets are closed.
    """
    parts, end, wasted = [], 0, 0
    spans = CodeSpans(text)
    for match in _ESM.finditer(text):
        if match.start() >= end and not spans.is_code(match.start()):
            parts.append(text[end : match.start()])
            end, wasted_here = _find_esm_end(
                text, match.start(), _MAX_ESM if wasted < _MAX_WASTED else 0
            )
            wasted += wasted_here
    return "".join([*parts, text[end:]])


def _find_esm_end(text: str, start: int, max_chars: int) -> tuple[int, int]:
    """Return a statement's end, and the characters read in vain."""
    first, depth, previous = 0, 0, start
    for match in _GAP.finditer(text, start, start + _MAX_ESM):
        gap = match.start()
        code = _STRING.sub("", text[previous:gap])
        depth += sum(map(code.count, "([{")) - sum(map(code.count, ")]}"))
        if depth <= 0:
            return gap, 0
        first, previous = first or gap, gap
        if gap - start > max_chars:
            break
    return first or min(len(text), start + _MAX_ESM), previous - start


def _strip_tags(text: str) -> str:
    """Drop tags of components, and the indents of the text between them."""
    last = text.rfind("*/}") + 3  # after it, no comment is closed
    text = _replace_outside_code(_COMMENT, "", text[:last]) + text[last:] if last > 2 else text
    text = _replace_outside_code(_SPACE, r"\2", text)
    regions, region, line, end = list[str](), list[str](), "", 0
    for start, stop in _find_tags(text):
        part = text[end:start]
        region.append(part)
        line = part.rpartition("\n")[2] if "\n" in part else line.strip() + part
        end = stop
        if line.strip():  # a component inside a line of text
            continue
        regions += [textwrap.dedent("".join(region)), _render_label(text[start:stop])]
        region, line = [], ""
    regions.append(textwrap.dedent("".join([*region, text[end:]])))
    return "".join(regions)


def _find_tags(text: str) -> Iterator[tuple[int, int]]:
    spans = CodeSpans(text)
    end, wasted = 0, 0
    for match in _TAG.finditer(text):
        if match.start() < end or spans.is_code(match.start()):
            continue
        if wasted > _MAX_WASTED:
            return
        stop = _find_tag_end(text, match.end())
        wasted += 0 if stop else min(_MAX_TAG, len(text) - match.end())
        if stop:
            yield match.start(), stop
            end = stop


def _find_tag_end(text: str, start: int) -> int:
    """Return the position after a tag; 0 if it has no end.

    A `>` in its strings or braces does not end it.
    """
    quote, depth = "", 0
    for position in range(start, min(len(text), start + _MAX_TAG)):
        letter = text[position]
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'`":
            quote = letter
        elif letter in "{}":
            depth += 1 if letter == "{" else -1
        elif letter == ">" and depth <= 0:
            return position + 1
    return 0


def _render_label(tag: str) -> str:
    match = _LABEL.search(tag) or _TAB.search(tag)
    return f"\n\n**{' '.join(match[2].split())}**\n\n" if match else ""


def _replace_outside_code(pattern: re.Pattern[str], replacement: str, text: str) -> str:
    spans = CodeSpans(text)
    return pattern.sub(
        lambda match: match[0] if spans.is_code(match.start()) else match.expand(replacement),
        text,
    )
