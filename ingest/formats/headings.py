"""Headings of Markdown: the text that readers see, and the anchors they can be linked by."""

from __future__ import annotations

import re

from markdown_it.token import Token

from ingest.formats.anchors import AnchorMaker
from ingest.formats.dialects.attribute_lists import AS_HTML, UNNAMED, split_attribute_lists
from ingest.formats.dialects.prose import ProseRenderer
from ingest.formats.structure import ParsedMarkdown

_CLOSING_HASHES = re.compile(r"(?<! ) +#+$")
_NAMED = re.compile(
    r"<a\s(?=[^<>]*>)(?:[^<>]*?\s)??(?:id|name)\s*=\s*[\"']?([^\s\"'<>]+)", re.IGNORECASE
)
_NAMES_ONLY = re.compile(r"(?:\s*<a\s[^<>]*>\s*(?:</a>)?)+\s*", re.IGNORECASE)
_NOTE = re.compile(r"\[\^[^\]\s]+\](?!:)")
_CODE = re.compile(r"(`+)[^`]+\1")
_HREF = re.compile(r"\shref\s*=", re.IGNORECASE)
_BRACKETED = re.compile(r"(?<!\s)\s+\[#([^\s\[\]]+)\]\s*$")
_COMMENT = re.compile(
    r"(?<!\s)\s*(?:\{/\*\s*#([^\s{}]+)[^{}]*\*/\}|<!--\s*#([^\s<>]+)[^<>]*-->)\s*$"
)
_DROPPED = re.compile(r"</?(?:img|br|wbr|p|div)(?:\s[^<>]*)?/?>", re.IGNORECASE)
_ESCAPED_BRACE = re.compile(r"\\(?=\{#[^{}]*\}\s*$)")
_ID = re.compile(r"\{#([^\s{}]+)\}\s*$")


class HeadingRenderer:
    """Renders the headings of one page in their order.

    Args:
        prose: renders their texts.
        anchors: makes their anchors.
    """

    def __init__(self, prose: ProseRenderer, anchors: AnchorMaker) -> None:
        self._prose = prose
        self._anchors = anchors
        self._above = ""

    def collect(self, parsed: ParsedMarkdown) -> None:
        """Reserve the anchors that the headings of a page name."""
        headings = (
            parsed.tokens[number + 1].content
            for number, token in enumerate(parsed.tokens)
            if token.type == "heading_open"
        )
        self._anchors.reserve(filter(None, (split_anchor(heading)[1] for heading in headings)))

    def keep_above(self, text: str) -> None:
        """Keep the name in a block of names for the heading below."""
        if "<a" in text and _NAMES_ONLY.fullmatch(text) and not _HREF.search(text):
            name = _NAMED.search(text)
            self._above = name[1] if name else ""
        else:
            self._above = ""

    def count_notes(self, text: str) -> None:
        """Count the references to footnotes, which have automatic names in docutils."""
        if "[^" in text:
            self._anchors.skip(len(_NOTE.findall(_CODE.sub("", text))))

    def render(self, opening: Token, inline: Token) -> None:
        """Render a heading as readers see it, with its anchor in `meta`."""
        content = inline.content
        is_unnamed = content.endswith(UNNAMED) or (
            content.endswith(AS_HTML) and not self._anchors.has_html
        )
        heading, anchor = split_anchor(content.removesuffix(UNNAMED).removesuffix(AS_HTML).rstrip())
        inline.content, _ = self._prose.render_heading(heading)
        name = _NAMED.search(heading) if "<a" in heading else None
        named = (name[1] if name else "") or self._above
        own, self._above = "", ""
        if is_unnamed:
            return
        if anchor:
            self._anchors.take(anchor)
        if not anchor or self._anchors.names_all:
            bare = _DROPPED.sub("", heading) if "<" in heading else heading
            rendered = self._prose.render_heading(bare)
            shown = rendered[1 if self._anchors.has_emoji else 0]
            own = self._anchors.make(heading, shown, int(opening.tag[1]))
        inline.meta = {"anchor": anchor or named or own}

    def render_converted(self, parsed: ParsedMarkdown) -> None:
        """Put the anchors of headings that were HTML into `meta`."""
        for number, token in enumerate(parsed.tokens):
            if token.type == "heading_open" and self._anchors.has_html:
                inline = parsed.tokens[number + 1]
                if not _ID.search(inline.content):
                    level = int(token.tag[1])
                    anchor = self._anchors.make(inline.content, inline.content, level)
                    inline.meta = {"anchor": anchor}


def split_anchor(heading: str) -> tuple[str, str]:
    """Return a heading without the anchor behind it, and the anchor.

    The anchor is empty if the heading names none.
    """
    bare, anchor = split_attribute_lists(_ESCAPED_BRACE.sub("", heading))
    match = None if anchor else _BRACKETED.search(bare) or _COMMENT.search(bare)
    if match:
        bare, anchor = bare[: match.start()], next(filter(None, match.groups()))
    return (_CLOSING_HASHES.sub("", bare) if anchor else bare), anchor
