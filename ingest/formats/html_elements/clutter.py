"""Surroundings inside of a page's main part: buttons, bars, hidden text, signs beside headings."""

from __future__ import annotations

import re
from collections.abc import Iterable

from bs4.element import Tag
from soupsieve import SoupSieve
from soupsieve import compile as compile_selector

from ingest.formats.html_elements.buttons import HEADINGS, SENTENCES, keep_buttons

_UNSEEN_CLASSES = (
    ".sr-only, .visually-hidden, .visuallyhidden, .screen-reader-text, .screen-reader-only, "
    ".sd-hide-text, .a11y-hidden, .show-for-sr, .u-visually-hidden"
)
_UNSEEN = compile_selector(_UNSEEN_CLASSES)
"""Text for screen readers."""

_DROPPED_TAGS = (
    *("script", "style", "noscript", "template", "svg", "nav", "input", "select", "textarea"),
    *("iframe", "dialog", "object", "canvas", "audio", "video", "mat-icon"),
)
_DROPPED = compile_selector(
    "[role=navigation], [role=banner], [role=contentinfo], "
    "[role=search], [aria-hidden=true], [aria-label*=breadcrumb i], [itemtype*=BreadcrumbList], "
    # signs and buttons
    ".anchor-icon, .clipboard-copy, .copybtn, .copy-btn, .copy-button, .expressive-code .copy, "
    ".md-clipboard, .zeroclipboard-container, [class^=material-icons], "
    "[class*=' material-icons'], [class*=material-symbols], "
    # text that no eye sees
    f"{_UNSEEN_CLASSES}, "
    # links beside the text
    ".edit-this-page, .edit-link, .edit-page-link, .theme-edit-this-page, .theme-last-updated, "
    ".md-content__button, .md-source-file, .VPDocFooter, .td-page-meta, [rel~=edit], .skip-link, "
    ".skip-to-content, .skip-nav, .skipnav, .md-skip, .VPSkipLink, .md-feedback, "
    ".theme-doc-footer, .theme-doc-toc-mobile, .toctree-wrapper, .wy-breadcrumbs"
)
"""Surroundings by their role, or by the class that a site maker gives to nothing else."""

_BARS = compile_selector(
    ".contents.topic, .contents.local, .filter, .multipleCode, .page-toc, .pagination, "
    ".pagination-nav, .prev-next-area, .related, .sidebar, .sphinxsidebar, .tab-wrapper, "
    ".table-of-contents, .toc"
)
"""Bars of links and tabs, by the class names of site generators; dropped if all is links."""

_MARK_ATTRIBUTES = {"role", "aria-hidden", "aria-label", "itemtype", "rel"}
_MARK_CLASSES = {
    name
    for selector in (_UNSEEN, _DROPPED, _BARS)
    for name in re.findall(r"\.([\w-]+)", selector.pattern)
}

_PERMALINKS = {"", "#", "¶", "§", "🔗", "\u200b", "\uf0c1", "link", "permalink"}
_SIGNS = _PERMALINKS - {"", "link", "permalink"}
# Anchored and possessive: a search would else read a long text once for each of its letters.
_PRIVATE = re.compile(r"^\s*+[\ue000-\uf8ff][\s\ue000-\uf8ff]*+")
_EDIT = re.compile(
    r"\W*+(?:edit|improve|suggest|view|open|report|raise|create)\b[\w ]{0,30}"
    r"\b(?:page|edits?|source|issue|github|gitlab)\b[\w ]{0,20}\W*",
    re.IGNORECASE,
)
_FORGE = re.compile(r"/(?:edit|blob|_edit|-/edit|-/blob|issues/new|src)(?:[/?]|$)")
_HELPFUL = re.compile(
    r"^\W*+(?:was|were|is|did|do|does|have|how)\b[\w' ]{0,60}\b(?:helpful|useful|help you|helped"
    r"|looking for|solve your|answer your questions?|feedback|we doing|rate this|improve)\b"
    r"[\w' ]{0,30}\?\W*",
    re.IGNORECASE,
)
_MOST_FEEDBACK = 25  # words
_MOST_QUESTIONS = 20  # that may be about the page
_MOST_HIDDEN = 10  # elements in a sign
_MOST_BREADCRUMBS = 25  # words
_SIGN_PARTS = {
    "i",
    "span",
    "svg",
    "title",
    "path",
    "use",
    "g",
    "circle",
    "rect",
    "p",
    "div",
    "em",
    "b",
}
_MOST_SIGN_PARTS = 12  # elements of a sign in a cell


def is_permalink(link: Tag) -> bool:
    """Return whether a link beside a heading only leads to the heading."""
    href, text = str(link["href"]), link.get_text().strip().lower()
    if href.startswith("#"):
        return text in _PERMALINKS or _is_hidden(link)
    return "#" in href and text in _SIGNS


def drop_surroundings(main: Tag) -> None:
    """Drop all of a page's main part that is not its text."""
    _drop_feedback(main)
    keep_buttons(main)
    _name_signs(main)
    _drop_all(_select_dropped(main))
    _drop_all(tag for tag in main.select(".breadcrumb, .breadcrumbs") if _is_short_bar(tag))
    _drop_all(tag for tag in main.select(".feedback") if _is_short_form(tag))
    _drop_all(main.select("[class*=language-] > span.lang"))  # VitePress writes it in a corner
    for tag in _select_marked(main, _BARS):
        linked = sum(len(link.get_text()) for link in tag.find_all("a"))
        if linked >= 0.8 * len(tag.get_text().strip()):
            tag.extract()
    _drop_all(link for link in main.find_all("a", href=True) if _is_sign(link))
    _drop_all(link for link in main.find_all("a", href=True) if _is_edit_link(link))
    for string in main.find_all(string=_PRIVATE):
        if _PRIVATE.fullmatch(string):
            string.extract()  # an icon, as a character of a font


def _select_dropped(main: Tag) -> list[Tag]:
    return [*main.find_all(_DROPPED_TAGS), *_select_marked(main, _DROPPED)]


def _select_marked(main: Tag, selector: SoupSieve) -> list[Tag]:
    """Select elements by their attributes, faster than `select`."""
    return list(selector.filter(main.find_all(_has_mark)))


def _has_mark(tag: Tag) -> bool:
    """Return whether an element has what a selector here asks for."""
    if not tag.attrs:
        return False
    classes = tag.get("class") or ()
    names = classes.split() if isinstance(classes, str) else classes
    return (
        not _MARK_ATTRIBUTES.isdisjoint(tag.attrs)
        or not _MARK_CLASSES.isdisjoint(names)
        or any("material-" in name for name in names)
    )


def _name_signs(main: Tag) -> None:
    """Write what a sign means into a cell that has nothing else.

    A text that is hidden from screen readers because the element around it is called so is kept.
    """
    for cell in main.find_all(["td", "th"]):
        if len(cell.find_all(name=True, limit=_MOST_SIGN_PARTS + 1)) <= _MOST_SIGN_PARTS:
            _name_sign(cell)
    for tag in main.select("[aria-label] > [aria-hidden=true]"):
        label = str(tag.parent["aria-label"]) if tag.parent else ""
        if tag.get_text().strip() and label.split() == tag.get_text().split():
            del tag["aria-hidden"]
    for unseen in _select_marked(main, _UNSEEN):
        # What screen readers say in other words, such as a price, stands beside it.
        for shown in (unseen.find_previous_sibling(), unseen.find_next_sibling()):
            is_hidden = shown is not None and shown.get("aria-hidden") == "true"
            if shown and is_hidden and shown.name != "i" and re.search(r"\w", shown.get_text()):
                del shown["aria-hidden"]


def _name_sign(cell: Tag) -> None:
    parts = cell.find_all(name=True)
    if not parts or any(part.name not in _SIGN_PARTS for part in parts):
        return
    hidden = _select_dropped(cell)
    shown = (each for each in cell.find_all(string=True) if each.strip())
    if any(
        not any(parent is each for parent in string.parents for each in hidden) for string in shown
    ):
        return
    names = (
        *(tag.get_text() for tag in _select_marked(cell, _UNSEEN)),
        *(tag.get_text() for tag in cell.select("svg > title")),
        *(str(tag.get(name) or "") for tag in parts for name in ("aria-label", "title", "alt")),
        cell.get_text(),
    )
    name = next((" ".join(name.split()) for name in names if name.strip()), "")
    if name and not _PRIVATE.fullmatch(name):
        cell.string = name


def _is_short_bar(tag: Tag) -> bool:
    return tag.find("a") is not None and len(tag.get_text().split()) <= _MOST_BREADCRUMBS


def _is_short_form(tag: Tag) -> bool:
    has_control = tag.select_one("a, button, input, form, textarea") is not None
    return has_control and len(tag.get_text().split()) <= _MOST_FEEDBACK


def _drop_all(tags: Iterable[Tag]) -> None:
    for tag in list(tags):
        tag.extract()


def _is_hidden(link: Tag) -> bool:
    """Return whether all text of a link is for screen readers."""
    strings = [string for string in link.find_all(string=True) if string.strip()]
    hidden = link.select(".sr-only, .visually-hidden, [aria-hidden=true]")
    return (
        bool(strings)
        and len(hidden) <= _MOST_HIDDEN
        and all(
            any(parent is each for parent in string.parents for each in hidden)
            for string in strings
        )
    )


def _is_sign(link: Tag) -> bool:
    """Return whether a link is a sign beside a text."""
    return str(link["href"]).startswith("#") and link.get_text().strip() in _SIGNS


def _is_edit_link(link: Tag) -> bool:
    """Return whether a link leads to the page's source.

    It says so, and its address is one of a forge. A link in a sentence is text.
    """
    if not (_EDIT.fullmatch(link.get_text()) and _FORGE.search(str(link["href"]))):
        return False
    around = link.find_parent(SENTENCES + HEADINGS)
    if (
        around
        and around.name == "li"
        and any(
            item.find("a") is None
            for item in (around.find_previous_sibling("li"), around.find_next_sibling("li"))
            if item
        )
    ):
        return False  # a step of instructions
    return around is None or around.get_text().strip() == link.get_text().strip()


def _drop_feedback(main: Tag) -> None:
    """Drop questions whether a page was helpful, with their buttons."""
    for string in main.find_all(string=_HELPFUL, limit=_MOST_QUESTIONS):
        if not _HELPFUL.fullmatch(string) or string.find_parent(["button", "label"]):
            continue
        for parent in list(string.parents)[:4]:
            if parent is main or len(parent.get_text().split()) > _MOST_FEEDBACK:
                break
            if parent.select_one("button, input, form, textarea, [role=button], a[href='#']"):
                parent.extract()
                break
