"""Blocks of AsciiDoc that hold no blocks: code, formulas, verses, raw HTML."""

from __future__ import annotations

import re
from html import escape

from ingest.formats.asciidoc.attributes import Attributes
from ingest.formats.asciidoc.inline import InlineRenderer
from ingest.formats.asciidoc.lines import BlockAttributes

MAX_LINE = 1_000
"""Characters of a line of code whose callouts are read."""

CODE = {"source", "listing", "literal"}
FORMULAS = {"stem", "latexmath", "asciimath"}

_CALLOUTS = re.compile(
    r"<!?(-{2})?(\d+|\.)(?:--)?>(?=(?: ?<!?(?:--)?(?:\d+|\.)(?:--)?>)*$)", re.MULTILINE
)
_MARKDOWN_FENCE = re.compile(r"^`{3,}([\w+#.-]*)")
_TAG = re.compile(r"<[^>]{1,2000}>")


class PlainRenderer:
    """Renders the text of such blocks.

    Args:
        attributes: the attributes of the page.
        inline: renders text.
    """

    def __init__(self, attributes: Attributes, inline: InlineRenderer) -> None:
        self._attributes = attributes
        self._inline = inline

    def render_title(self, above: BlockAttributes) -> str:
        """Return the title of a block; empty if it has none."""
        title = re.sub("</?strong>", "", self._inline.render(above.title))
        return f"<p><strong>{title}</strong></p>\n" if title else ""

    def render_style(
        self, style: str, lines: list[str], above: BlockAttributes, opening: str
    ) -> str | None:
        """Return lines that are not blocks.

        Args:
            style: the style of the block.
            lines: its lines.
            above: the attributes above it.
            opening: the line that opens it; empty for a paragraph.

        Returns:
            the HTML; None if it holds blocks or text.
        """
        if style in CODE:
            return self._render_code(lines, above, opening)
        if style in FORMULAS:
            return f"<p>$${escape(' '.join(lines))}$$</p>"
        if style == "verse":
            return self._render_verse(lines, above)
        if style in {"pass", "comment"}:
            return "\n".join(lines) if style == "pass" else ""
        return None

    def render_source(self, above: BlockAttributes) -> str:
        """Return who said a quotation; empty if no one is named."""
        names = [self._inline.render(name) for name in above.positional[1:3] if name]
        return f"<p>\u2014 {', '.join(names)}</p>" if names else ""

    def _render_verse(self, lines: list[str], above: BlockAttributes) -> str:
        text = "<br>".join(self._inline.render(line) for line in lines)
        return f"<blockquote><p>{text}</p>{self.render_source(above)}</blockquote>"

    def _render_code(self, lines: list[str], above: BlockAttributes, opening: str) -> str:
        language = above.positional[1] if len(above.positional) > 1 else ""
        if fence := _MARKDOWN_FENCE.match(opening):
            language = fence[1]
        elif above.style == "source" and not language:
            language = above.named.get("language") or self._attributes.get("source-language") or ""
        elif above.style not in {"source", ""}:
            language = ""
        code = "\n".join(lines)
        substitutions = set(re.split(r"[,+\s]+", above.named.get("subs", "")))
        if substitutions & {"attributes", "normal"}:
            code = self._attributes.expand(code)
        if substitutions & {"quotes", "macros", "normal"}:
            html = _TAG.sub("", self._inline.render(code))
        else:
            html = escape(_number_callouts(code), quote=False)
        mark = f' class="language-{escape(language)}"' if language else ""
        return f"<pre><code{mark}>{html}</code></pre>"


def _number_callouts(code: str) -> str:
    """Return code whose callouts read as `(1)`."""
    numbers = iter(range(1, len(code) + 1))

    def number(match: re.Match[str]) -> str:
        return f"({next(numbers) if match[2] == '.' else match[2]})"

    # Longer lines have none: each sign would be a search to the line's end.
    lines = (
        _CALLOUTS.sub(number, line) if line.endswith(">") and len(line) < MAX_LINE else line
        for line in code.split("\n")
    )
    return "\n".join(lines)
