"""MDX: Markdown with components; their tags go, what stands in them stays."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator

from ingest.documents import Document, Page
from ingest.formats.markdown import markdown_document

_CODE = re.compile(
    r"^[ \t>]*(?:[-*+] +|\d+[.)] +)?(?P<fence>`{3,}|~{3,})[^\n`]*\n"  # a fence
    r"(?:.*?\n)??[ \t>]*(?P=fence)[`~]*[ \t]*(?=\n|\Z)"
    r"|(?P<span>`+)(?!`)[^\n]*?(?<!`)(?P=span)(?!`)",  # code in a line
    re.DOTALL | re.MULTILINE,
)
_FRONT_MATTER = re.compile(r"---\n.*?\n---[ \t]*(?:\n|\Z)", re.DOTALL)
_ESM = re.compile(r"^(?:import|export)\s[^\n]*(?:\n|\Z)", re.MULTILINE)
_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|`[^`]*`')
_MAX_ESM = 100_000  # characters
_TAG = re.compile(r"</?(?=[A-Z>]|[a-z][\w-]*\.[A-Z])")
_MAX_TAG = 10_000  # characters
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
    body = _without_tags(_without_esm(text[start:]))
    return markdown_document(page, f"{text[:start]}{body}", indented_code=False)


def _without_esm(text: str) -> str:
    """Drop imports and exports: to the first empty line with all brackets closed."""
    kept, end = [], 0
    protected = _protected(text)
    for match in _ESM.finditer(text):
        if match.start() >= end and not protected.covers(match.start()):
            kept.append(text[end : match.start()])
            end = _esm_end(text, match.start())
    return "".join([*kept, text[end:]])


def _esm_end(text: str, start: int) -> int:
    window = text[start : start + _MAX_ESM]
    gaps = [match.start() for match in re.finditer(r"\n[ \t]*(?=\n|\Z)", window)] or [len(window)]
    depth, before = 0, 0
    for gap in gaps:
        code = _STRING.sub("", window[before:gap])
        depth += sum(map(code.count, "([{")) - sum(map(code.count, ")]}"))
        if depth <= 0:
            return start + gap
        before = gap
    return start + gaps[0]


def _without_tags(text: str) -> str:
    """Drop tags of components; what stands between two is no longer indented for their sake."""
    text = _outside_code(_COMMENT, "", text)
    text = _outside_code(_SPACE, r"\2", text)
    regions, region, end = [], "", 0
    for start, stop in _tags(text):
        region += text[end:start]
        end = stop
        if region.rpartition("\n")[2].strip():  # a component in a line of text
            continue
        regions += [textwrap.dedent(region), _label(text[start:stop])]
        region = ""
    regions.append(textwrap.dedent(region + text[end:]))
    return "".join(regions)


def _tags(text: str) -> Iterator[tuple[int, int]]:
    protected = _protected(text)
    end = 0
    for match in _TAG.finditer(text):
        if match.start() < end or protected.covers(match.start()):
            continue
        stop = _tag_end(text, match.end())
        if stop:
            yield match.start(), stop
            end = stop


def _tag_end(text: str, start: int) -> int:
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


def _label(tag: str) -> str:
    match = _LABEL.search(tag) or _TAB.search(tag)
    return f"\n\n**{' '.join(match[2].split())}**\n\n" if match else ""


class _Spans:
    """Stretches of a text that are code."""

    def __init__(self, spans: list[tuple[int, int]]) -> None:
        self._spans = spans
        self._next = 0

    def covers(self, position: int) -> bool:
        """Whether a position is code; positions are asked for in their order."""
        while self._next < len(self._spans) and self._spans[self._next][1] <= position:
            self._next += 1
        return self._next < len(self._spans) and self._spans[self._next][0] <= position


def _protected(text: str) -> _Spans:
    return _Spans([match.span() for match in _CODE.finditer(text)])


def _outside_code(pattern: re.Pattern[str], replacement: str, text: str) -> str:
    protected = _protected(text)
    return pattern.sub(
        lambda match: match[0] if protected.covers(match.start()) else match.expand(replacement),
        text,
    )
