"""Markdown of site makers becomes plain Markdown: each block once, and never within code."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.token import Token

from ingest.documents import Page
from ingest.formats.dialects.containers import has_tabs, match_container, match_tab_line
from ingest.formats.dialects.directives import convert_directive, is_directive, parse_directive
from ingest.formats.dialects.front_matter import FrontMatter
from ingest.formats.dialects.lines import BlockLines, Expansion
from ingest.formats.dialects.marks import (
    is_myst,
    match_attributes,
    match_colon_fence,
    match_label,
    match_myst_line,
    match_note,
    match_tags,
)
from ingest.formats.dialects.mkdocs import (
    match_definition,
    match_indented,
    match_object,
    match_slashes,
)
from ingest.formats.dialects.shortcodes import TemplateText

_MAX_NESTED = 8
"""Blocks of a dialect within each other; each level parses its text again."""

_MARK = re.compile(
    r"^[ \t>]*(?:(?:[-*+]|\d+[.)])[ \t]+)*(?:!!!|\?\?\?|===|:|/{3}|\{|\(|==|@tab|\[|\*\[|%|"
    r"\^{3}|\+{3}|`{3,}\s*\{|~{3,}\s*\{)|\{\{|\{%",
    re.MULTILINE,
)
_MATCHERS: dict[str, tuple[Callable[[BlockLines], Expansion | None], ...]] = {
    "!": (match_indented,),
    "?": (match_indented,),
    "=": (match_indented, match_tab_line),
    "@": (match_tab_line,),
    ":": (match_colon_fence, match_object, match_container, match_definition),
    "/": (match_slashes,),
    "(": (match_label,),
    "{": (match_tags, match_attributes),
    "[": (match_note,),
    "*": (match_note,),
    "%": (match_myst_line,),
    "^": (match_myst_line,),
    "+": (match_myst_line,),
}
_LIQUID = re.compile(r"\{%|\{\{\s*(?:site|page|include|layout)\.|\{\{[<%]")
_VUE = re.compile(r"^<script\b|\bv-pre\b|^::: *code-group", re.MULTILINE)
_TEMPLATE_MAKERS = {"jekyll", "hugo", "gitbook", "vitepress", "vuepress", "myst", "sphinx"}
_UNITS = {"paragraph_open", "heading_open", "table_open"}
_CLOSING_HASHES = re.compile(r"[ \t]+#+[ \t]*$")
_LIST_MARK = re.compile(r"[-*+]|\d+[.)]")


@dataclass
class ExpandedPage:
    """The Markdown of a page without its dialect, and what was taken out of it.

    Attributes:
        text: plain Markdown.
        is_myst: whether the page is written for MyST, whose links may name labels.
        labels: the anchors and headings that labels of MyST stand above.
        footnotes: the texts of footnotes by their labels.
        abbreviations: the long forms of abbreviations.
    """

    text: str = ""
    is_myst: bool = False
    labels: dict[str, tuple[str, str]] = field(default_factory=dict)
    footnotes: dict[str, str] = field(default_factory=dict)
    abbreviations: dict[str, str] = field(default_factory=dict)


def expand_dialects(
    page: Page, text: str, front: FrontMatter, *, indented_code: bool = True
) -> ExpandedPage:
    """Return a page in plain Markdown.

    Args:
        page: the page.
        text: its Markdown without front matter.
        front: its front matter.
        indented_code: whether an indented paragraph is code.

    Returns:
        the plain Markdown.
    """
    expanded = ExpandedPage(text)
    if _MARK.search(text):
        expanded.is_myst = is_myst(text)
        parser = _build_parser(indented_code=indented_code)
        # In MDX, braces are JavaScript, which its reader handles.
        template = TemplateText(
            text,
            variables=indented_code and _has_variables(page, text, front),
            substitutions=front.substitutions,
        )
        expanded.text = _Expander(page, expanded, template, parser).expand(text, 0)
    return expanded


def _has_variables(page: Page, text: str, front: FrontMatter) -> bool:
    """Return whether the site seems to fill in `{{ name }}`."""
    is_known = str(getattr(page, "maker", "")) in _TEMPLATE_MAKERS
    return (
        is_known
        or "layout" in front.values
        or any((_LIQUID.search(text), _VUE.search(text), is_myst(text)))
    )


@cache
def _build_parser(*, indented_code: bool) -> MarkdownIt:
    parser = MarkdownIt("commonmark").enable("table").disable(["inline", "text_join"])
    parser.block.ruler.before(
        "table", "dialect", _parse_block, {"alt": ["paragraph", "reference", "blockquote", "list"]}
    )
    return parser if indented_code else parser.disable("code")


def _parse_block(state: StateBlock, start: int, end: int, silent: bool) -> bool:  # noqa: FBT001
    """Parse a block of a dialect, as a rule of markdown-it."""
    begin = state.bMarks[start] + state.tShift[start]
    matchers = _MATCHERS.get(state.src[begin : begin + 1])
    if matchers is None or state.is_code_block(start) or begin >= state.eMarks[start]:
        return False
    block = BlockLines(state, start, end)
    expansion = next(filter(None, (match(block) for match in matchers)), None)
    if expansion is None:
        return False
    if not silent:
        token = state.push("dialect", "", 0)
        token.map = [start, expansion.stop]
        token.meta = {"expansion": expansion, "begin": begin}
        state.line = expansion.stop
    return True


class _Expander:
    """Replaces the blocks of a text, line by line."""

    def __init__(
        self, page: Page, expanded: ExpandedPage, template: TemplateText, parser: MarkdownIt
    ) -> None:
        self._page = page
        self._expanded = expanded
        self._template = template
        self._parser = parser

    def expand(self, text: str, depth: int) -> str:
        """Return a text in plain Markdown.

        Blocks that are nested too deeply stay.
        """
        if depth > _MAX_NESTED or not _MARK.search(text):
            return text
        traits = {"myst": self._expanded.is_myst, "tabs": has_tabs(text)}
        tokens = self._parser.parse(text.removesuffix("\n") + "\n", traits)
        lines = text.split("\n")
        edits = _Edits(lines, self._expanded.labels)
        for token in tokens:
            if token.map is None or token.nesting < 0:
                continue
            if token.type == "dialect":
                prefix = text[text.rfind("\n", 0, token.meta["begin"]) + 1 : token.meta["begin"]]
                self._expand_block(token, prefix, edits, depth)
            elif token.type == "fence" and is_directive(token.info):
                prefix = lines[token.map[0]].partition(token.markup)[0]
                shown = self._convert(token.info, token.content, depth)
                edits.replace(token.map[0], token.map[1], shown, prefix)
            elif token.type in _UNITS or token.type == "html_block":
                if token.type == "heading_open":
                    edits.mark_heading(*token.map)
                self._render_unit(token, edits)
            if token.type not in {"dialect", "heading_open"} and token.nesting == 0:
                edits.forget_anchor()
        return edits.join()

    def _expand_block(self, token: Token, prefix: str, edits: _Edits, depth: int) -> None:
        start, stop = token.map or (0, 0)
        expansion: Expansion = token.meta["expansion"]
        text: str | None = expansion.text
        for kind, (name, value) in expansion.notes.items():
            if kind == "directive":
                text = self._convert(name, value, depth)
            elif kind == "footnote":
                self._expanded.footnotes.setdefault(name, self.expand(value, depth + 1))
            elif kind == "abbreviation":
                self._expanded.abbreviations.setdefault(name, value)
            elif kind == "contents":
                edits.drop_list_above(start)
            elif name:
                edits.set_anchor(name, start, label=value, is_beside=kind == "beside")
        if expansion.is_template:
            text = self._template.render_line(expansion.text)
        elif expansion.is_markdown:
            text = self.expand(expansion.text, depth + 1)
        if text is not None:
            edits.replace(start, stop, text.strip("\n"), prefix)

    def _convert(self, info: str, content: str, depth: int) -> str:
        directive = parse_directive(info, content)
        return convert_directive(directive, lambda text: self.expand(text, depth + 1), self._page)

    def _render_unit(self, token: Token, edits: _Edits) -> None:
        start, stop = token.map or (0, 0)
        source = "\n".join(edits.lines[start:stop])
        if "{{" not in source and "{%" not in source:
            return
        if token.type == "html_block" and ("<pre" in source or source.lstrip().startswith("<!--")):
            return
        rendered = self._template.render_prose(source)
        if rendered != source:
            edits.change_lines(start, stop, rendered.split("\n"))


class _Edits:
    """Changes of a text's lines, put in at the end.

    Args:
        lines: the lines as they were.
        labels: gets the labels that stand above headings.
    """

    def __init__(self, lines: list[str], labels: dict[str, tuple[str, str]]) -> None:
        self.lines = lines
        self._labels = labels
        self._pending = list[tuple[str, str]]()
        self._changes: dict[int, tuple[int, list[str]]] = {}
        self._anchor = ""
        self._heading = (-1, -1)

    def replace(self, start: int, stop: int, text: str, prefix: str) -> None:
        """Put a block in the place of lines.

        Args:
            start: the first line.
            stop: the line after the last one.
            text: the block; empty to drop the lines.
            prefix: the marks of lists and quotations before the first line.
        """
        inner = "".join(letter if letter in ">\t" else " " for letter in prefix)
        marked = bool(_LIST_MARK.search(prefix))
        shown = text.split("\n") if text else [""]
        first = prefix if marked else inner
        lines = [f"{first if n == 0 else inner}{line}".rstrip() for n, line in enumerate(shown)]
        above = self.lines[start - 1] if start else ""
        below = self.lines[stop] if stop < len(self.lines) else ""
        before = [inner.rstrip()] if above.strip(" >") and not marked and text else []
        after = [inner.rstrip()] if below.strip(" >") else []
        self.change_lines(start, stop, [*before, *lines, *after])

    def change_lines(self, start: int, stop: int, lines: list[str]) -> None:
        """Put lines in the place of others."""
        self._changes[start] = (stop, lines)

    def mark_heading(self, start: int, stop: int) -> None:
        """Give a heading the anchor that stands above it."""
        self._heading = (start, stop)
        title = _CLOSING_HASHES.sub("", self.lines[start]).strip("# \t")
        self._labels |= {label: (anchor, title) for label, anchor in self._pending}
        self._pending = []
        if self._anchor and "{#" not in self.lines[start]:
            self._add_anchor(start, self._anchor)
        self._anchor = ""

    def set_anchor(self, anchor: str, line: int, *, label: str, is_beside: bool) -> None:
        """Keep an anchor for the heading above or below a line.

        Args:
            anchor: the anchor.
            line: the line that gives it.
            label: the name that links of the page have for it; may be empty.
            is_beside: whether the heading may stand above.
        """
        if label:
            self._pending.append((label, anchor))
        start, stop = self._heading
        if is_beside and stop == line:
            self._add_anchor(start, anchor)
        else:
            self._anchor = self._anchor or anchor

    def forget_anchor(self) -> None:
        """Forget the anchor, because text stands between it and the next heading."""
        self._anchor, self._pending = "", []

    def drop_list_above(self, line: int) -> None:
        """Drop the list that marks the place of a table of contents."""
        above = line - 1
        if above >= 0 and _LIST_MARK.match(self.lines[above].strip()):
            self.change_lines(above, line, [""])

    def _add_anchor(self, line: int, anchor: str) -> None:
        heading = _CLOSING_HASHES.sub("", self.lines[line].rstrip())
        stop, lines = self._changes.get(line, (line + 1, [heading]))
        self.lines[line] = f"{heading} {{#{anchor}}}"
        if line in self._changes:
            self._changes[line] = (stop, [f"{lines[0]} {{#{anchor}}}", *lines[1:]])

    def join(self) -> str:
        """Return the changed text."""
        joined, number = list[str](), 0
        while number < len(self.lines):
            stop, lines = self._changes.get(number, (number + 1, [self.lines[number]]))
            joined += lines
            number = stop
        return "\n".join(joined)
