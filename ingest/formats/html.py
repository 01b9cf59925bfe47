"""HTML pages: the content becomes a document, without navigation and other surroundings."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Any

from bs4 import BeautifulSoup
from bs4.element import NavigableString, Tag

from ingest.documents import Document, Page, PageError, translate_parser_errors
from ingest.formats.html_elements.clutter import drop_surroundings, is_permalink
from ingest.formats.html_elements.code import drop_line_numbers, end_lines
from ingest.formats.html_elements.footnotes import mark_check_boxes, move_footnotes
from ingest.formats.html_elements.formulas import keep_formulas
from ingest.formats.html_elements.links import move_links_inside
from ingest.formats.html_elements.tables import CELLS, GROUPS, drop_layout_tables
from ingest.formats.html_elements.tabs import label_tab_panels
from ingest.formats.html_markup import shorten_markup
from ingest.formats.html_to_markdown import HEADINGS, HtmlConverter
from ingest.formats.structure import build_converted_document

MAX_CHARS = 20_000_000
"""Longest HTML page; a longer one would take minutes."""

MAX_DEPTH = 400
"""Most elements inside each other: the recursion of the conversion ends about there."""

MAX_ELEMENTS = 100_000
"""Most elements of a page; more would take minutes."""

_SITE_NAME = re.compile(r"\s+[|–—·»]\s+")  # noqa: RUF001  (dashes are what sites write)
_AS_DIV = "main, header, footer, aside, figure, details, address, fieldset, center, body, form"
_TERMS = ("dt", "dd")
_CLOSES = {
    "li": ("li",),
    "p": ("p",),
    "tr": ("p", *CELLS, "tr"),
    **dict.fromkeys(GROUPS, ("p", *CELLS, "tr", *GROUPS)),
    **dict.fromkeys(CELLS, ("p", *CELLS)),
    **dict.fromkeys(_TERMS, _TERMS),
}
"""Elements that end when another one begins, for pages that leave out end tags."""

_CODE = ["pre", "code", "kbd", "samp", "tt"]
_LIKE_BLOCK = re.compile(r"^\s*(?=#{1,6}(?:\s|$)|`{3}|~{3})")
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#!|&])")


def read_html(page: Page) -> Document:
    """Read an HTML page.

    Its title is the first heading, else `<title>`, else the file's name.
    """
    return build_html_document(page, page.text)


def build_html_document(page: Page, html: str, *, title: str = "") -> Document:
    """Build the document of a page of HTML.

    Args:
        page: the page.
        html: its HTML, which may differ from the page's own text.
        title: title of the page; if it is empty, the one that `read_html` would find.

    Returns:
        the document with its sections.
    """
    page_title, text = convert_html_page(html, base=page.url)
    return build_converted_document(page, text, title=title or page_title)


def convert_html_page(html: str, *, base: str = "", anchors: bool = True) -> tuple[str, str]:
    """Convert the content of an HTML page to Markdown.

    Args:
        html: the page.
        base: URL that links are relative to.
        anchors: whether headings get anchors.

    Returns:
        the title, empty if a heading has it, and the content as Markdown.

    Raises:
        PageError: the page is too large, or nested too deeply.
    """
    if len(html) > MAX_CHARS:
        raise PageError(f"is larger than {MAX_CHARS // 1_000_000} million characters")
    with translate_parser_errors("HTML"):
        # bs4 warns of a line without a newline as a file's name.
        soup = _Soup(shorten_markup(html) + "\n", "html.parser")
        title = _find_title(soup)
        main = _find_main(soup)
        move_footnotes(main)
        if anchors:
            _assign_heading_ids(main)
        else:
            for tag in main.find_all(id=True):
                del tag["id"]
        _drop_clutter(main)
        _adapt_for_markdown(main)
        text = HtmlConverter(base).convert_soup(main)
        return ("" if main.find("h1") else title), text


def convert_html_fragment(html: str) -> str:
    """Convert a piece of HTML that stands in another format to Markdown.

    Raises:
        PageError: it is nested too deeply, or has too many elements.
    """
    with translate_parser_errors("HTML"):
        soup = _Soup(shorten_markup(html) + "\n", "html.parser")
        _drop_clutter(soup)
        _adapt_for_markdown(soup)
        return HtmlConverter().convert_soup(soup)


class _Soup(BeautifulSoup):
    """Closes elements that a page leaves open before another one like them begins."""

    _begun = 0

    def handle_starttag(self, name: str, *rest: Any, **options: Any) -> Tag | None:
        """Begin an element where it belongs.

        Args:
            name: name of the element.
            rest: further arguments of the library.
            options: further options of the library.

        Returns:
            the element, or None if the library skips it.

        Raises:
            PageError: the element is nested too deeply, or is one too many.
        """
        self._begun += 1
        if self._begun > MAX_ELEMENTS:
            raise PageError(f"has more than {MAX_ELEMENTS:,} elements")
        self.endData()
        closing = _CLOSES.get(name, ())
        while self.currentTag is not None and self.currentTag.name in closing:
            self.popTag()
        if len(self.tagStack) > MAX_DEPTH:
            raise PageError("is nested too deeply")
        return super().handle_starttag(name, *rest, **options)


def _find_title(soup: BeautifulSoup) -> str:
    title = soup.find("title")
    text = " ".join(title.get_text().split()) if title else ""
    return _SITE_NAME.split(text)[0]


def _find_main(soup: BeautifulSoup) -> Tag:
    """Return the main part of the page, else its body."""
    main = soup.select_one("main, [role=main]")
    articles = (main or soup).find_all("article")
    if len(articles) == 1 and not (main and main.find("h1") and not articles[0].find("h1")):
        return articles[0]
    if main:
        return main
    body = soup.body or soup
    for surrounding in body.select(
        "header, footer, aside:not([class*=admonition], [class*=footnote]), head, title"
    ):
        if not surrounding.find_parent("article"):
            surrounding.extract()
    return body


def _assign_heading_ids(main: Tag) -> None:
    """Give each heading the id that a link to it needs.

    It is that of its permalink, its own, or one beside it.
    """
    previous: Tag | None = None
    for heading in main.find_all(HEADINGS):
        links = [a for a in heading.find_all("a", href=True) if is_permalink(a)]
        inner = heading.find(id=True) or heading.find("a", attrs={"name": True})
        section = heading.parent
        if links:
            heading["id"] = str(links[0]["href"]).partition("#")[2]
        elif heading.get("id"):
            pass
        elif inner:
            heading["id"] = str(inner.get("id") or inner.get("name"))
        elif section and not (previous and any(parent is section for parent in previous.parents)):
            heading["id"] = str(section.get("id") or "")  # it is the section's first heading
        previous = heading
        for link in links:
            link.extract()


def _drop_clutter(main: Tag) -> None:
    label_tab_panels(main)
    keep_formulas(main)
    mark_check_boxes(main)
    drop_line_numbers(main)
    drop_surroundings(main)
    move_links_inside(main)


def _adapt_for_markdown(main: Tag) -> None:
    """Change elements that Markdown lacks, and text that it would misread."""
    drop_layout_tables(main)
    end_lines(main)
    _rename_tags(main.select(_AS_DIV), "div")
    _rename_tags(main.find_all(["summary", "legend"]), "p")
    _rename_tags(main.select("tt, span.literal"), "code")
    for string in main.find_all(string=_LIKE_BLOCK):
        if _is_prose(string) and not _is_inside(string, HEADINGS):
            string.replace_with(NavigableString("\\" + string.lstrip()))
    for heading in main.find_all(HEADINGS):
        for string in filter(_is_prose, heading.find_all(string=True)):
            string.replace_with(NavigableString(_SPECIAL.sub(r"\\\1", string)))


def _rename_tags(tags: Iterable[Tag], name: str) -> None:
    for tag in tags:
        tag.name = name


def _is_prose(string: NavigableString) -> bool:
    """Return whether a string is text, and neither a comment nor code."""
    return type(string) is NavigableString and not _is_inside(string, _CODE)


def _is_inside(string: NavigableString, names: Collection[str]) -> bool:
    """Return whether an element of these names is around; faster than `find_parent`."""
    return any(parent.name in names for parent in string.parents)
