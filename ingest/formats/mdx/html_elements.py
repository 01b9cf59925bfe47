"""Elements of HTML in MDX: their content is Markdown, but for tables."""

from __future__ import annotations

import html
import re

from ingest.formats.dialects.attribute_lists import AS_HTML
from ingest.formats.mdx.code_elements import render_code
from ingest.formats.mdx.elements import Element
from ingest.formats.mdx.properties import Properties
from ingest.formats.mdx.words import Render, Scope, read_text, render_link

_HIDDEN = frozenset(
    re.findall(
        r"\w+",
        """
        script style svg iframe video audio canvas head meta link input select textarea object
        noscript template progress meter math
        """,
    )
)
IN_LINE = frozenset(
    re.findall(
        r"\w+",
        """
        a abbr b bdi bdo big br button cite code data dfn em font i img ins kbd label mark picture
        q s samp small span strike strong sub sup time tt u var wbr
        """,
    )
)
"""Elements that are a part of a line, also where they stand alone in one."""

_RAW = frozenset(("table", "ul", "ol", "li", "p", "div", "dl", "dt", "dd", "tr", "td", "th"))
"""Elements that stay tags within a line, such as a list in a cell."""

_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_ATTRIBUTES = frozenset(("href", "src", "alt", "id", "colspan", "rowspan", "start"))
_BLANK_LINES = re.compile(r"\n[ \t]*(?=\n)")
_ANCHOR = re.compile(r"[^\s{}]+")


class HtmlRenderer:
    """Renders elements of HTML.

    Args:
        render_block: renders content as blocks.
        render_line: renders content as a part of a line.
    """

    def __init__(self, render_block: Render, render_line: Render) -> None:
        self._render_block = render_block
        self._render_line = render_line

    def render_block(self, element: Element, scope: Scope) -> str:
        """Return an element as blocks of Markdown; a table stays HTML."""
        name = element.name
        if name == "table":
            return _BLANK_LINES.sub("", self._render_tags(element, scope).strip())
        if name == "pre":
            said = Properties(element, scope, self._render_line)
            return render_code(element, scope, said, self._render_block)
        if name in _HEADINGS:
            return self._render_heading(element, scope)
        if name in {"ul", "ol"}:
            return self._render_list(element, scope)
        if name in _HIDDEN or (name in IN_LINE and not element.has_lines):
            return self.render_in_line(element, scope)
        return self._render_block(element.children, scope)

    def render_in_line(self, element: Element, scope: Scope) -> str:
        """Return an element as a part of a line."""
        name = element.name
        if name in _HIDDEN or name == "img":
            is_image = name == "img"
            return Properties(element, scope, self._render_line).read("alt") if is_image else ""
        if name in _RAW or name == "br":
            return self._render_tags(element, scope)
        text = self._render_line(element.children, scope)
        if name == "a":
            target = Properties(element, scope, self._render_line).target
            anchor = _find_anchor(element)
            if anchor and not target and not text:  # it names a place
                return f'<a id="{anchor}"></a>'
            return render_link(text, target)
        if name == "code" and text.strip() and "`" not in text:
            return f"`{' '.join(html.unescape(text).split())}`"
        return text

    def _render_heading(self, element: Element, scope: Scope) -> str:
        text = " ".join(self._render_line(element.children, scope).split())
        marked = f" {{#{_find_anchor(element)}}}".replace("{#}", AS_HTML)
        return f"{'#' * _HEADINGS[element.name]} {text}{marked}" if text else ""

    def _render_list(self, element: Element, scope: Scope) -> str:
        items = list[str]()
        for child in element.children:
            text = self._render_block([child], scope).strip()
            if text:
                mark = f"{len(items) + 1}. " if element.name == "ol" else "- "
                items.append(mark + text.replace("\n", "\n" + " " * len(mark)))
        return "\n".join(items)

    def _render_tags(self, element: Element, scope: Scope) -> str:
        """Return an element as HTML, with its components in words."""
        if element.name in _HIDDEN:
            return ""
        if element.name == "br":
            return "<br/>"
        texts = {
            name.lower(): read_text(value, scope)
            for name, value in element.properties.items()
            if name.lower() in _ATTRIBUTES
        }
        attributes = "".join(
            f' {name}="{html.escape(text)}"' for name, text in texts.items() if text
        )
        parts = list[str]()
        for child in element.children:
            if isinstance(child, Element) and child.name and not child.is_component:
                is_span = child.name == "code"
                parts.append(
                    self._render_line([child], scope)
                    if is_span
                    else self._render_tags(child, scope)
                )
            else:
                parts.append(self._render_line([child], scope))
        return f"<{element.name}{attributes}>{''.join(parts)}</{element.name}>"


def _find_anchor(element: Element) -> str:
    """Return the id of an element, or an empty text."""
    anchors = (element.properties.get(name) for name in ("id", "name"))
    return next((a for a in anchors if isinstance(a, str) and _ANCHOR.fullmatch(a)), "")
