"""Markdown from HTML, as a person would write it: no escapes where none are needed."""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from urllib.parse import urljoin

from bs4 import Tag
from markdownify import MarkdownConverter

from ingest.formats.html_elements.tables import flatten_html_table, render_html_table
from ingest.formats.structure import fence_code
from ingest.formats.tables import flatten_cell

HEADINGS = [f"h{level}" for level in range(1, 7)]

_LANGUAGE = re.compile(r"^(?:language|lang|highlight-source|highlight|brush)-([\w+#.-]+)$")
_NO_LANGUAGE = {"default", "none", "text", "plaintext"}
_BAD_ANCHOR = re.compile(r"[\s{}]|^$")


class HtmlConverter(MarkdownConverter):
    """Converts HTML to Markdown.

    Headings have their anchors as `{#anchor}`, fences have their language, and links are absolute.

    Args:
        base: URL that links are relative to; empty to keep them as they are.
    """

    def __init__(self, base: str = "") -> None:
        super().__init__(
            heading_style="atx",
            bullets="-",
            wrap=True,
            wrap_width=None,
            table_infer_header=True,
            escape_asterisks=False,
            escape_underscores=False,
        )
        self._base = base if base.startswith(("http://", "https://")) else ""
        # Items so far, by numbered list: the library would count them anew for each item.
        self._items: Counter[int] = Counter()
        self._cells: dict[int, str] = {}  # the text of each cell, until its table is rendered

    def convert_hN(self, n: int, el: Tag, text: str, parent_tags: set[str]) -> str:  # noqa: N802
        """Convert a heading.

        Args:
            n: level of the heading, 1 to 6.
            el: the element.
            text: its content, converted.
            parent_tags: names of the elements around it, and marks of the library.

        Returns:
            the heading in one line, with its anchor.
        """
        if "_inline" in parent_tags:  # in a cell
            return f" **{' '.join(text.split())}** " if text.strip() else ""
        anchor = str(el.get("id") or "")
        suffix = "" if _BAD_ANCHOR.search(anchor) else f" {{#{anchor}}}"
        text = " ".join(text.split())
        return f"\n\n{'#' * n} {text}{suffix}\n\n" if text else ""

    def convert_pre(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        """Convert preformatted text.

        Args:
            el: the element.
            text: its content, converted.
            parent_tags: names of the elements around it, and marks of the library.

        Returns:
            a fence that no backticks in the code can close; in a cell, a code span for each line.
        """
        if "_inline" in parent_tags:
            return "".join(f" {_mark_code(line)} " for line in text.split("\n") if line.strip())
        return f"\n\n{fence_code(text, _find_language(el))}\n\n"

    def convert_a(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        """Convert a link.

        Args:
            el: the element.
            text: its content, converted.
            parent_tags: names of the elements around it, and marks of the library.

        Returns:
            the link; its text alone if it leads nowhere from a chat message.
        """
        href = str(el.get("href") or "").strip()
        if "_noformat" in parent_tags or not text.strip() or not href:
            return text
        target = urljoin(self._base, href) if self._base else href
        if href.startswith(("#", "javascript:", "data:")) or re.search(r"[\s<>]", target):
            return text
        before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
        return f"{before}[{text.strip()}]({target}){after}"

    def convert_img(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        """Convert a picture.

        Args:
            el: the element.
            text: its content, converted.
            parent_tags: names of the elements around it, and marks of the library.

        Returns:
            the text that describes the picture.
        """
        del text, parent_tags
        return " ".join(str(el.get("alt") or "").split())

    def convert_td(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        """Convert a cell of a table.

        Args:
            el: the element.
            text: its content, converted.
            parent_tags: names of the elements around it, and marks of the library.

        Returns:
            nothing, since its table will show it; its text if there is no table.
        """
        if "table" not in parent_tags:
            return f" {text.strip()} "
        self._cells[id(el)] = flatten_cell(text)
        return ""

    convert_th = convert_td

    def convert_tr(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        """Convert a row of a table.

        Args:
            el: the element.
            text: its content, converted.
            parent_tags: names of the elements around it, and marks of the library.

        Returns:
            what stands outside of its cells.
        """
        del el, parent_tags
        return f" {text.strip()} " if text.strip() else ""

    def convert_table(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        """Convert a table.

        Args:
            el: the element.
            text: what stands outside of its cells, such as its caption.
            parent_tags: names of the elements around it, and marks of the library.

        Returns:
            the caption and the table; in one line inside of a cell.
        """
        if "_inline" in parent_tags:
            return f" {text.strip()} {flatten_html_table(el, self._get_cell)} "
        return f"\n\n{text.strip()}\n\n{render_html_table(el, self._get_cell)}\n\n"

    def _get_cell(self, cell: Tag) -> str:
        return self._cells.get(id(cell), "")

    def convert_li(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        """Convert an item of a list.

        Args:
            el: the element.
            text: its content, converted.
            parent_tags: names of the elements around it, and marks of the library.

        Returns:
            the item with its bullet or number.
        """
        if el.parent is None or el.parent.name != "ol":
            # markdownify has the method, but its stubs do not.
            return str(super().convert_li(el, text, parent_tags))  # type: ignore[misc]
        start, key = str(el.parent.get("start") or ""), id(el.parent)
        first = int(start) if re.fullmatch(r"[0-9]{1,9}", start) else 1
        bullet = f"{first + self._items[key]}. "
        self._items[key] += 1
        indented = textwrap.indent(text.strip(), " " * len(bullet), lambda line: line != "\n")
        return f"{bullet}{indented[len(bullet) :]}\n" if indented else "\n"

    def convert_dt(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        """Convert a term of a definition list.

        Args:
            el: the element.
            text: its content, converted.
            parent_tags: names of the elements around it, and marks of the library.

        Returns:
            the term; a heading if it is the signature of a function or class.
        """
        text = " ".join(text.split())
        if "sig" in el.get_attribute_list("class") and el.get("id"):
            is_class = el.parent and "class" in el.parent.get_attribute_list("class")
            return self.convert_hN(5 if is_class else 6, el, f"`{text}`", parent_tags)
        return f"\n\n{text}\n\n"

    def convert_dd(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        """Convert the definition of a term.

        Args:
            el: the element.
            text: its content, converted.
            parent_tags: names of the elements around it, and marks of the library.

        Returns:
            the definition as text of its own.
        """
        del el
        return f" {text.strip()} " if "_inline" in parent_tags else f"\n\n{text.strip()}\n\n"


def _mark_code(line: str) -> str:
    """Return a line of code as a span that it can't close."""
    longest = max((len(run) for run in re.findall(r"`+", line)), default=0)
    ticks, space = "`" * (longest + 1), " " if longest else ""
    return f"{ticks}{space}{line.rstrip()}{space}{ticks}"


def _find_language(pre: Tag) -> str:
    """Return the language of code; empty if it is not marked.

    The mark is on the block, on the element in it or on those around it.
    """
    tags = [pre.find("code"), pre, *list(pre.parents)[:3]]
    for tag in tags:
        for name in tag.get_attribute_list("class") if tag else ():
            match = _LANGUAGE.match(str(name))
            if match:
                return "" if match[1] in _NO_LANGUAGE else match[1]
    return ""
