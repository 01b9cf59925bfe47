"""HTML pages: the content without what stands around it becomes a document."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Any

from bs4 import BeautifulSoup
from bs4.element import NavigableString, Tag

from ingest.documents import Document, Page, PageError, translate_parser_errors
from ingest.formats.html_blocks import escape_unclosed_markup
from ingest.formats.structure import build_converted_document
from ingest.formats.to_markdown import HEADINGS, HtmlConverter

MAX_CHARS = 20_000_000
"""Of an HTML page: what is larger is no page, and would take minutes."""

MAX_DEPTH = 400
"""Elements inside each other; Markdown is written from the inside out, and ends about there."""

MAX_ELEMENTS = 100_000
"""Of a page; more would take minutes."""

_DROPPED = (
    "script, style, noscript, template, svg, button, nav, input, select, textarea, iframe, dialog, "
    "object, canvas, audio, video, [role=navigation], [role=banner], [role=contentinfo], "
    "[role=search], [aria-hidden=true], .anchor-icon, .copybtn, .edit-this-page, .feedback, "
    ".lineno, .linenos, .line-numbers, .theme-doc-footer, .theme-doc-toc-mobile, .wy-breadcrumbs"
)
_BARS = (
    ".breadcrumb, .breadcrumbs, .filter, .multipleCode, .page-toc, .pagination, .pagination-nav, "
    ".prev-next-area, .related, .sidebar, .sphinxsidebar, .tab-wrapper, .table-of-contents, .toc"
)
"""Bars of links and tabs, as makers of documentation call them; dropped if only links are in."""

_PERMALINKS = {"", "#", "¶", "§", "🔗", "\u200b", "\uf0c1", "link", "permalink"}
_SITE_NAME = re.compile(r"\s+[|–—·»]\s+")  # noqa: RUF001  (dashes are what sites write)
_AS_DIV = "main, header, footer, aside, figure, details, address, fieldset, center, body, form"
_CELLS = ("td", "th")
_TERMS = ("dt", "dd")
_CLOSES = {
    "li": ("li",),
    "p": ("p",),
    "tr": ("tr", *_CELLS),
    **dict.fromkeys(_CELLS, _CELLS),
    **dict.fromkeys(_TERMS, _TERMS),
}
"""Tags that end those they stand in, where a page leaves out the end tag."""

_CODE = ["pre", "code", "kbd", "samp", "tt"]
_XML = re.compile(r"^\s*<\?xml[^>]*>")
_LIKE_BLOCK = re.compile(r"^\s*(?=#{1,6}(?:\s|$)|`{3}|~{3})")
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#!|&])")


def read_html(page: Page) -> Document:
    """Read an HTML page: title from its first heading, else `<title>`, else the file's name."""
    return build_html_document(page, page.text)


def build_html_document(page: Page, html: str, *, title: str = "") -> Document:
    """The document of a page whose content is `html`."""
    found, text = convert_html_page(html, base=page.url)
    return build_converted_document(page, text, title=title or found)


def convert_html_page(html: str, *, base: str = "", anchors: bool = True) -> tuple[str, str]:
    """The title, unless a heading says it, and the content.

    Links are resolved against `base`; without `anchors`, headings name none.

    Raises:
        PageError: the page is too large, or is nested too deeply.
    """
    if len(html) > MAX_CHARS:
        raise PageError(f"is larger than {MAX_CHARS // 1_000_000} million characters")
    with translate_parser_errors("HTML"):
        # bs4 warns of an XML declaration, and of a text in one line that could be a file's name.
        soup = _Soup(escape_unclosed_markup(_XML.sub("", html)) + "\n", "html.parser")
        title = _find_title(soup)
        main = _find_main(soup)
        if anchors:
            _assign_heading_ids(main)
        else:
            for tag in main.find_all(id=True):
                del tag["id"]
        _drop_clutter(main)
        _adapt_for_markdown(main)
        text = HtmlConverter(base).convert_soup(main)
        return ("" if main.find("h1") else title), text


class _Soup(BeautifulSoup):
    """Closes what a page leaves open before another one like it begins."""

    _begun = 0

    def handle_starttag(self, name: str, *rest: Any, **options: Any) -> Tag | None:
        """Begin an element where it belongs.

        Raises:
            PageError: it is nested too deeply, or one too many.
        """
        self._begun += 1
        if self._begun > MAX_ELEMENTS:
            raise PageError(f"has more than {MAX_ELEMENTS:,} elements")
        self.endData()
        closed = _CLOSES.get(name, ())
        while self.currentTag is not None and self.currentTag.name in closed:
            self.popTag()
        if len(self.tagStack) > MAX_DEPTH:
            raise PageError("is nested too deeply")
        return super().handle_starttag(name, *rest, **options)


def _find_title(soup: BeautifulSoup) -> str:
    title = soup.find("title")
    text = " ".join(title.get_text().split()) if title else ""
    return _SITE_NAME.split(text)[0]


def _find_main(soup: BeautifulSoup) -> Tag:
    """Where the content is: what the page says is its main part, else its body."""
    main = soup.select_one("main, [role=main]")
    articles = (main or soup).find_all("article")
    if len(articles) == 1 and not (main and main.find("h1") and not articles[0].find("h1")):
        return articles[0]
    if main:
        return main
    body = soup.body or soup
    for around in body.select("header, footer, aside:not([class*=admonition]), head, title"):
        if not around.find_parent("article"):
            around.extract()
    return body


def _assign_heading_ids(main: Tag) -> None:
    """Give each heading the id that a link needs: its permalink's, its own, or one beside it."""
    before: Tag | None = None
    for heading in main.find_all(HEADINGS):
        links = [a for a in heading.find_all("a", href=True) if _is_permalink(a)]
        inside = heading.find(id=True) or heading.find("a", attrs={"name": True})
        section = heading.parent
        if links:
            heading["id"] = str(links[0]["href"])[1:]
        elif heading.get("id"):
            pass
        elif inside:
            heading["id"] = str(inside.get("id") or inside.get("name"))
        elif section and not (before and any(one is section for one in before.parents)):
            heading["id"] = str(section.get("id") or "")  # it is the section's first heading
        before = heading
        for link in links:
            link.extract()


def _is_permalink(link: Tag) -> bool:
    return str(link["href"]).startswith("#") and link.get_text().strip().lower() in _PERMALINKS


def _drop_clutter(main: Tag) -> None:
    _label_tab_panels(main)
    for tag in main.select(_DROPPED):
        tag.extract()
    for tag in main.select(_BARS):
        linked = sum(len(link.get_text()) for link in tag.find_all("a"))
        if linked >= 0.8 * len(tag.get_text().strip()):
            tag.extract()


def _label_tab_panels(main: Tag) -> None:
    """Write the name of a tab above what it shows, in place of the bar of all names."""
    for bar in main.select("[role=tablist]"):
        names = [tab.get_text().strip() for tab in bar.select("[role=tab]")]
        panels = bar.parent.select("[role=tabpanel]") if bar.parent else []
        for name, panel in zip(names, panels, strict=False):
            label = Tag(name="p")
            label.append(f"{name}:")
            panel.insert(0, label)
        bar.extract()


def _adapt_for_markdown(main: Tag) -> None:
    """Change what has no equal in Markdown, or would be taken for something else there."""
    for table in main.find_all("table"):
        if table.find(["pre", "table", *HEADINGS]):  # cells for the sake of the layout
            _rename_tags([table, *table.find_all(["thead", "tbody", "tr", "td", "th"])], "div")
    for line in main.select("pre div"):
        line.name = "span"
        line.append("\n")
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
    """Whether this is text, no comment, and not code."""
    return type(string) is NavigableString and not _is_inside(string, _CODE)


def _is_inside(string: NavigableString, names: Collection[str]) -> bool:
    """What `find_parent` tells, in a fraction of its time."""
    return any(parent.name in names for parent in string.parents)
