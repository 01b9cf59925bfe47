"""Buttons of HTML pages: which of them readers read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable

from bs4.element import NavigableString, PageElement, Tag

HEADINGS = [f"h{level}" for level in range(1, 7)]
SENTENCES = ["p", "li", "td", "th", "dd", "dt", "figcaption", "caption", "summary"]
"""Elements that hold sentences."""

_COPY = re.compile(r"\b(copy|copied|clipboard)", re.IGNORECASE)
_OPENS = re.compile(r"accordion|collaps|disclosure|expand|faq|question", re.IGNORECASE)
_INLINE = ["a", "b", "code", "em", "i", "kbd", "mark", "span", "strong"]


def keep_buttons(main: Tag) -> None:
    """Keep the texts of buttons that readers read; drop other buttons.

    Such a button is in a sentence about them, in a heading, a term that is explained, or the title
    of what they open.
    """
    ids = {str(tag["id"]) for tag in main.find_all(id=True) if tag["id"]}
    buttons = main.find_all("button")
    sentences = _list_sentences(buttons)
    for button in buttons:
        text = button.get_text().strip()
        is_named = _is_string(button.previous_sibling) and _is_string(button.next_sibling)
        if not text or (_COPY.search(_describe(button)) and not is_named):
            button.extract()
        elif button.find_parent(HEADINGS) or id(button) in sentences or _is_term(button):
            button.name = "span"
        elif _is_opener(button, ids):
            button.name = "p"
        else:
            button.extract()


def _describe(button: Tag) -> str:
    names = (*button.get_attribute_list("class"), button.get("title"), button.get("aria-label"))
    return " ".join(str(name) for name in (*names, button.get_text()) if name)


def _list_sentences(buttons: list[Tag]) -> set[int]:
    """Return the ids of the buttons that stand in a sentence."""
    around = {id(button): button.find_parent(SENTENCES) for button in buttons}
    lengths: Counter[int] = Counter()
    for button in buttons:
        lengths[id(around[id(button)])] += len(button.get_text().strip())
    whole = {id(each): len(each.get_text().strip()) for each in _list_distinct(around.values())}
    return {
        id(button)
        for button in buttons
        if _has_text_beside(
            button, whole=whole.get(id(around[id(button)]), 0), own=lengths[id(around[id(button)])]
        )
    }


def _has_text_beside(button: Tag, *, whole: int, own: int) -> bool:
    """Return whether a button has text beside it.

    Outside of a sentence, it needs text on both sides.
    """
    before, after = button.previous_sibling, button.next_sibling
    is_sentence = whole > own
    if is_sentence and (_is_string(before) or _is_string(after)):
        return True
    if is_sentence:
        return _is_inline(_skip_blank(before, -1)) and _is_inline(_skip_blank(after, 1))
    return _is_string(before) and _is_string(after)


def _list_distinct(tags: Iterable[Tag | None]) -> list[Tag]:
    return list({id(tag): tag for tag in tags if tag is not None}.values())


def _is_string(element: PageElement | None) -> bool:
    return type(element) is NavigableString and bool(element.strip())


def _skip_blank(element: PageElement | None, step: int) -> PageElement | None:
    if type(element) is NavigableString and not element.strip():
        return element.next_sibling if step > 0 else element.previous_sibling
    return element


def _is_inline(element: PageElement | None) -> bool:
    return isinstance(element, Tag) and element.name in _INLINE and bool(element.get_text().strip())


def _is_term(button: Tag) -> bool:
    """Return whether a term list or table row explains a button."""
    holder = button.find_parent(["dt", "td", "th"])
    if holder is None or holder.find_all("button", limit=2) != [button]:
        return False
    if holder.name != "dt" and holder.find_previous_sibling(["td", "th"]):
        return False
    following = holder.find_next_sibling(["dd", "td", "th"])
    return following is not None and bool(following.get_text().strip())


def _is_opener(button: Tag, ids: Collection[str]) -> bool:
    """Return whether a button is the title of what it opens."""
    targets = (button.get(name) for name in ("data-bs-target", "data-target"))
    if any(str(target or "").removeprefix("#") in ids for target in targets):
        return True
    can_open = button.has_attr("aria-expanded")
    if can_open and str(button.get("aria-controls") or "") in ids:
        return True
    classes = " ".join(map(str, button.get_attribute_list("class")))
    opened = button.find_next_sibling()
    return (
        (can_open or bool(_OPENS.search(classes)))
        and opened is not None
        and opened.name in {"div", "section", "p", "dd"}
        and _has_own_text(opened)
    )


def _has_own_text(tag: Tag) -> bool:
    """Return whether a text is more than links and buttons."""
    others = sum(len(each.get_text()) for each in tag.find_all(["a", "button"]))
    return len(tag.get_text().strip()) > 2 * others
