"""MDX: Markdown with components; their tags go, what stands in them stays."""

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
_MAX_VAIN = 2_000_000
"""Characters of a page that are read for ends that never come; then no more are looked for."""

_COMMENT = re.compile(r"\{/\*.*?\*/\}", re.DOTALL)
_SPACE = re.compile(r"""\{\s*(["'`])(\s*)\1\s*\}""")
_LABEL = re.compile(r"""\s(?:label|title)=(?:\{\s*)?(["'`])(.+?)\1""", re.DOTALL)
_TAB = re.compile(r"""<(?:Tab|TabItem)\b[^>]*?\svalue=(["'])(.+?)\1""", re.DOTALL)


def read_mdx(page: Page) -> Document:
    """Read MDX as Markdown without its imports, exports, comments and component tags.

    What a component is labelled with, such as a tab, is written above what stands in it.
    """
    text = page.text
    front = _FRONT_MATTER.match(text)
    start = front.end() if front else 0
    body = _strip_tags(_strip_esm(text[start:]))
    return build_markdown_document(page, f"{text[:start]}{body}", indented_code=False)


def _strip_esm(text: str) -> str:
    """Drop imports and exports: to the first empty line with all brackets closed."""
    kept, end, vain = [], 0, 0
    protected = CodeSpans(text)
    for match in _ESM.finditer(text):
        if match.start() >= end and not protected.is_code(match.start()):
            kept.append(text[end : match.start()])
            end, read = _find_esm_end(text, match.start(), _MAX_ESM if vain < _MAX_VAIN else 0)
            vain += read
    return "".join([*kept, text[end:]])


def _find_esm_end(text: str, start: int, most: int) -> tuple[int, int]:
    """Where a statement ends, and how many characters were read in vain."""
    first, depth, before = 0, 0, start
    for match in _GAP.finditer(text, start, start + _MAX_ESM):
        gap = match.start()
        code = _STRING.sub("", text[before:gap])
        depth += sum(map(code.count, "([{")) - sum(map(code.count, ")]}"))
        if depth <= 0:
            return gap, 0
        first, before = first or gap, gap
        if gap - start > most:
            break
    return first or min(len(text), start + _MAX_ESM), before - start


def _strip_tags(text: str) -> str:
    """Drop tags of components; what stands between two is no longer indented for their sake."""
    last = text.rfind("*/}") + 3  # behind it, a comment that begins never ends
    text = _replace_outside_code(_COMMENT, "", text[:last]) + text[last:] if last > 2 else text
    text = _replace_outside_code(_SPACE, r"\2", text)
    regions, region, line, end = list[str](), list[str](), "", 0
    for start, stop in _find_tags(text):
        part = text[end:start]
        region.append(part)
        line = part.rpartition("\n")[2] if "\n" in part else line.strip() + part
        end = stop
        if line.strip():  # a component in a line of text
            continue
        regions += [textwrap.dedent("".join(region)), _render_label(text[start:stop])]
        region, line = [], ""
    regions.append(textwrap.dedent("".join([*region, text[end:]])))
    return "".join(regions)


def _find_tags(text: str) -> Iterator[tuple[int, int]]:
    protected = CodeSpans(text)
    end, vain = 0, 0
    for match in _TAG.finditer(text):
        if match.start() < end or protected.is_code(match.start()):
            continue
        if vain > _MAX_VAIN:
            return
        stop = _find_tag_end(text, match.end())
        vain += 0 if stop else min(_MAX_TAG, len(text) - match.end())
        if stop:
            yield match.start(), stop
            end = stop


def _find_tag_end(text: str, start: int) -> int:
    """Behind the `>` of a tag, past those in its strings and braces; 0 if there is none."""
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
    protected = CodeSpans(text)
    return pattern.sub(
        lambda match: match[0] if protected.is_code(match.start()) else match.expand(replacement),
        text,
    )
