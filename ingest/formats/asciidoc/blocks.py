"""Blocks of AsciiDoc as HTML: sections, code, lists, tables, notes."""

from __future__ import annotations

import re
from html import escape

from ingest.documents import PageError
from ingest.formats.asciidoc.attributes import Attributes
from ingest.formats.asciidoc.inline import InlineRenderer, render_alt
from ingest.formats.asciidoc.lines import (
    ADMONITION,
    DROPPED,
    HEADING,
    MEDIA,
    TITLE,
    UNDERLINE,
    BlockAttributes,
    Cursor,
    Item,
    is_comment,
    is_delimiter,
    is_metadata,
    read_item,
)
from ingest.formats.asciidoc.metadata import read_entry, read_metadata
from ingest.formats.asciidoc.plain_blocks import CODE, FORMULAS, PlainRenderer
from ingest.formats.asciidoc.references import References
from ingest.formats.asciidoc.tables import render_table

MAX_NESTED = 40
"""Most blocks and lists inside each other."""

_NOTES = {"NOTE", "TIP", "IMPORTANT", "WARNING", "CAUTION"}
_STYLES = CODE | FORMULAS | _NOTES | {"verse", "quote", "pass", "comment"}
_SIGNS = {"-": "listing", ".": "literal", "`": "listing", "+": "pass", "_": "quote", '"': "quote"}
"""The styles of blocks by their delimiters, unless an attribute says another one."""

_INLINE_ANCHOR = re.compile(r"[ \t]\[\[([\w:][\w\-:.]*)(?:, *[^\]]+)?\]\]$")
_CHECK = re.compile(r"^\[([ xX*])\][ \t]+")


class BlockRenderer:
    """Renders the blocks of a page.

    Args:
        attributes: the attributes of the page, which its lines change.
    """

    def __init__(self, attributes: Attributes) -> None:
        self._attributes = attributes
        self._references = References(attributes)
        self._inline = InlineRenderer(attributes, self._references)
        self._plain = PlainRenderer(attributes, self._inline)
        self._depth = 0

    def render_page(self, lines: list[str]) -> str:
        """Return a page as HTML."""
        cursor = Cursor(lines)
        header = self._render_header(cursor)
        return self._references.resolve(header + self.render(cursor))

    def render(self, cursor: Cursor) -> str:
        """Return all blocks from a place on as HTML.

        Raises:
            PageError: the blocks are nested too deeply.
        """
        self._check_depth()
        parts = []
        while cursor.skip_blank() or cursor.line is not None:
            if cursor.line is not None:
                parts.append(self._render_block(cursor, ()))
        self._depth -= 1
        return "\n".join(filter(None, parts))

    def _check_depth(self) -> None:
        self._depth += 1
        if self._depth > MAX_NESTED:
            raise PageError("is nested too deeply")

    def _render_header(self, cursor: Cursor) -> str:
        """Return the page's title, without its authors and revision."""
        above = BlockAttributes()
        while (line := cursor.line) is not None:
            if line == "" or is_comment(line) or read_entry(cursor, self._attributes):
                if line == "" or is_comment(line):
                    cursor.take()
            elif line.startswith("////"):
                cursor.take_delimited()
            elif is_metadata(line):
                start = cursor.place
                read_metadata(cursor, above, self._attributes)
                if cursor.line is None or not HEADING.match(cursor.line):
                    cursor.place = start
                    return ""
            else:
                break
        match = HEADING.match(cursor.line or "")
        if not match or len(match[1]) != 1:
            return ""
        cursor.take()
        self._attributes.put("doctitle", match[2])
        while cursor.line:
            if not read_entry(cursor, self._attributes):
                cursor.take()
        title = self._inline.render(match[2])
        self._references.add(above.name, title)
        return f"<h1{_render_id(above.name)}>{title}</h1>\n"

    def _render_block(self, cursor: Cursor, markers: tuple[str, ...]) -> str:
        """Return the next block; empty if it shows nothing."""
        above = BlockAttributes()
        while cursor.line is not None:
            line = cursor.line
            if line == "" or is_comment(line):
                cursor.take()
            elif line.startswith("////") and set(line) == {"/"}:
                cursor.take_delimited()
            elif not read_entry(cursor, self._attributes) and not read_metadata(
                cursor, above, self._attributes
            ):
                break
        if cursor.line is None:
            return ""
        html = self._render_kind(cursor, above, markers)
        if above.name:
            self._references.add(above.name, self._inline.render(above.reference or above.title))
        return html

    def _render_kind(self, cursor: Cursor, above: BlockAttributes, markers: tuple[str, ...]) -> str:
        line = cursor.line or ""
        if is_delimiter(line):
            return self._render_delimited(cursor, above)
        if not markers and (heading := self._render_heading(cursor, above)):
            return heading
        if DROPPED.match(line):
            cursor.take()
            return ""
        if media := MEDIA.match(self._attributes.expand(line) if "::" in line else ""):
            cursor.take()
            alt = escape(render_alt(media[2], media[3])) if media[1] == "image" else ""
            return self._plain.render_title(above) + (f"<p>{alt}</p>" if alt else "")
        item = read_item(line)
        if item and above.style not in CODE | {"normal"}:
            return self._plain.render_title(above) + self._render_list(cursor, item, markers)
        return self._render_paragraph(cursor, above, is_in_list=bool(markers))

    def _render_heading(self, cursor: Cursor, above: BlockAttributes) -> str:
        line = cursor.line or ""
        match = HEADING.match(line)
        if match:
            level, text = len(match[1]), match[2]
            cursor.take()
        else:
            following = cursor.lines[cursor.place + 1 : cursor.place + 2]
            if not following or not UNDERLINE.match(following[0]) or not re.search(r"\w", line):
                return ""
            if abs(len(following[0]) - len(line)) > 1 or is_metadata(line):
                return ""
            level, text = "=-~^+".index(following[0][0]) + 1, line
            cursor.place += 2
        if inner := _INLINE_ANCHOR.search(text):
            above.name, text = above.name or inner[1], text[: inner.start()]
        title = self._inline.render(text)
        name = above.name or self._references.build_id(title)
        self._references.add(
            name, self._inline.render(above.reference) if above.reference else title
        )
        above.name = ""
        offset = self._attributes.get("leveloffset") or "0"
        level += int(offset[:3]) if re.fullmatch(r"[+-]?\d+", offset[:3]) else 0
        level = min(max(level, 1), 6)
        return f"<h{level}{_render_id(name)}>{title}</h{level}>"

    def _render_delimited(self, cursor: Cursor, above: BlockAttributes) -> str:
        opening, lines = cursor.take_delimited()
        sign, style = opening[0], above.style
        if opening[1:] == "===" and sign in "|,:!":
            table = render_table(opening, lines, above, self._render_cell)
            return self._plain.render_title(above) + table
        if sign in _SIGNS and opening != "--" and style not in _STYLES:
            style = _SIGNS[sign]
        if style in _NOTES:
            return self._render_note(style, self.render(Cursor(lines)), above)
        html = self._plain.render_style(style, lines, above, opening)
        if html is None:
            content = self.render(Cursor(lines))
            html = f"<div>{content}</div>"
            if style == "quote":
                html = f"<blockquote>{content}{self._plain.render_source(above)}</blockquote>"
        return self._plain.render_title(above) + html

    def _render_note(self, style: str, content: str, above: BlockAttributes) -> str:
        caption = self._attributes.get(f"{style.lower()}-caption") or style.capitalize()
        title = f": {self._inline.render(above.title)}" if above.title else ""
        return f"<div><p><strong>{escape(caption)}{title}</strong></p>\n{content}</div>"

    def _render_paragraph(
        self, cursor: Cursor, above: BlockAttributes, *, is_in_list: bool = False
    ) -> str:
        is_literal = (cursor.line or "").startswith((" ", "\t")) and above.style != "normal"
        lines = [cursor.take()]
        while cursor.line and not self._is_paragraph_end(cursor.line, above):
            if is_in_list and read_item(cursor.line):
                break
            line = cursor.take()
            if not is_comment(line):
                lines.append(line)
        style, title = above.style, self._plain.render_title(above)
        if is_literal:
            style, lines = style if style in CODE else "literal", _dedent(lines)
        html = self._plain.render_style(style, lines, above, "")
        return title + html if html is not None else self._render_text(lines, above)

    def _render_text(self, lines: list[str], above: BlockAttributes) -> str:
        style, note = above.style, ADMONITION.match(lines[0])
        if note:
            lines[0], style = lines[0][note.end() :], note[1]
        content = self._inline.render("\n".join(line.strip() for line in lines))
        paragraph = f"<p>{content}</p>" if content.strip() else ""
        if style in _NOTES:
            return self._render_note(style, paragraph, above)
        if style == "quote":
            paragraph = f"<blockquote>{paragraph}{self._plain.render_source(above)}</blockquote>"
        return self._plain.render_title(above) + paragraph

    def _is_paragraph_end(self, line: str, above: BlockAttributes) -> bool:
        if above.style in CODE:
            return False
        return is_delimiter(line) or is_metadata(line) or line == "+"

    def _render_cell(self, text: str, style: str) -> str:
        if style == "a":
            return self.render(Cursor(text.split("\n")))
        if style == "l":
            return f"<pre>{escape(text)}</pre>"
        paragraphs = [self._inline.render(part) for part in re.split(r"\n\s*\n", text)]
        tag = {"m": "code", "e": "em", "s": "strong"}.get(style)
        if tag:
            paragraphs = [f"<{tag}>{part}</{tag}>" if part else "" for part in paragraphs]
        return "<br>".join(paragraphs)

    def _render_list(self, cursor: Cursor, item: Item, markers: tuple[str, ...]) -> str:
        """Return a list with those inside it."""
        self._check_depth()
        tag = "ol" if item.tag == "callouts" else item.tag
        own, parts = f"{item.tag} {item.marker}", []
        inner = (*markers, own)
        while (line := cursor.line) is not None:
            following = read_item(line)
            if following is None or f"{following.tag} {following.marker}" != own:
                break
            cursor.take()
            parts.append(self._render_item(cursor, following, inner))
            self._skip_to_item(cursor, inner)
        self._depth -= 1
        return f"<{tag}>{''.join(parts)}</{tag}>"

    def _render_item(self, cursor: Cursor, item: Item, markers: tuple[str, ...]) -> str:
        lines = [item.text] if item.text else []
        if item.tag == "dl" and not lines and cursor.line == "":
            place = cursor.place
            cursor.skip_blank()
            if cursor.line is None or self._is_block_start(cursor.line):
                cursor.place = place
        while cursor.line and not self._is_block_start(cursor.line):
            line = cursor.take()
            if not is_comment(line):
                lines.append(line.strip())
        text = "\n".join(lines)
        if item.tag == "ul" and (check := _CHECK.match(text)):
            sign = "[ ]" if check[1] == " " else "[x]"
            text = f"{sign} {text[check.end() :]}"
        content = self._inline.render(text) + self._render_attached(cursor, markers)
        if item.tag != "dl":
            return f"<li>{content}</li>"
        term = f"<dt>{self._inline.render(item.term)}</dt>"
        return f"{term}<dd>{content}</dd>" if content else term

    def _is_block_start(self, line: str) -> bool:
        return (
            line == "+"
            or is_delimiter(line)
            or is_metadata(line)
            or bool(TITLE.match(line))
            or read_item(line) is not None
        )

    def _render_attached(self, cursor: Cursor, markers: tuple[str, ...]) -> str:
        """Return the blocks and lists that belong to an item."""
        parts = []
        while cursor.line is not None:
            start = cursor.place
            blank = cursor.skip_blank()
            line = cursor.line
            item = read_item(line) if line is not None else None
            if line == "+" and blank < len(markers) and not (blank and len(markers) > 1):
                cursor.take()
                cursor.skip_blank()
                parts.append(self._render_block(cursor, markers))
            elif item and f"{item.tag} {item.marker}" not in markers:
                parts.append(self._render_list(cursor, item, markers))
            elif blank and line and line[0] in " \t" and not item:
                parts.append(self._render_paragraph(cursor, BlockAttributes(), is_in_list=True))
            elif not blank and line and is_delimiter(line) and not line.startswith("////"):
                break
            elif self._skip_metadata(cursor, markers):
                continue
            else:
                cursor.place = start
                break
        return "\n".join(parts)

    def _skip_metadata(self, cursor: Cursor, markers: tuple[str, ...]) -> bool:
        """Skip the lines above a list; return whether there are some."""
        place = cursor.place
        while cursor.line and (is_metadata(cursor.line) or TITLE.match(cursor.line)):
            if read_item(cursor.line):
                break
            cursor.take()
        item = read_item(cursor.line or "")
        if cursor.place > place and item and f"{item.tag} {item.marker}" not in markers:
            return True
        cursor.place = place
        return False

    def _skip_to_item(self, cursor: Cursor, markers: tuple[str, ...]) -> None:
        """Skip blank lines and comments before a further item; else stay."""
        place = cursor.place
        while cursor.line == "" or (cursor.line and is_comment(cursor.line)):
            line = cursor.take()
            if line and place < cursor.place - 1:  # a comment behind a blank line ends the list
                break
        item = read_item(cursor.line or "")
        if item is None or f"{item.tag} {item.marker}" not in markers:
            cursor.place = place


def _dedent(lines: list[str]) -> list[str]:
    indents = [len(line) - len(line.lstrip()) for line in lines if line.strip()]
    return [line[min(indents, default=0) :] for line in lines]


def _render_id(name: str) -> str:
    return f' id="{escape(name)}"' if name else ""
