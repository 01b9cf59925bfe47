"""Footnotes of HTML pages, which stand behind the text that cites them."""

from __future__ import annotations

import re

from bs4.element import NavigableString, Tag

_REFERENCES = (
    "sup a[href^='#'], a.footnote-ref[href^='#'], a.footnote-reference[href^='#'], "
    "a[role=doc-noteref][href^='#'], a[data-footnote-ref][href^='#']"
)
_BACK_LINKS = (
    "a.footnote-backref, a.reversefootnote, a[role=doc-backlink], a[data-footnote-backref], "
    "a[href^='#fnref'], a[href^='#footnote-ref'], a[href^='#endnote-ref'], .backrefs"
)
_LISTS = ".footnotes, [role=doc-endnotes], .footnote-list, section[data-footnotes]"
_INLINE = {"a", "abbr", "b", "code", "em", "i", "small", "span", "strong", "sub", "sup", "u"}
_BLOCKS = {"article", "body", "div", "main", "section", "[document]", "blockquote", "dd"}
_LABEL = re.compile(r"[\s\[\]().↩↑^]+")


def move_footnotes(main: Tag) -> None:
    """Put each footnote behind the block that first cites it."""
    notes = {str(tag["id"]): tag for tag in main.find_all(id=True)}
    last: dict[int, Tag] = {}  # the last note behind each block
    for reference in main.select(_REFERENCES):
        note = notes.pop(str(reference["href"])[1:], None)
        block = _find_block(reference)
        if note is None or block is None or not _is_note(note, reference):
            continue
        label = _LABEL.sub("", reference.get_text())
        reference.replace_with(NavigableString(f"[{label}]"))
        for link in note.select(_BACK_LINKS):
            link.extract()
        paragraph = _build_paragraph(note, label)
        last.get(id(block), block).insert_after(paragraph)
        last[id(block)] = paragraph
        note.extract()
    for each in main.select(_LISTS):
        if not each.get_text().strip():
            each.extract()


def _is_note(note: Tag, reference: Tag) -> bool:
    """Return whether an element is a footnote of its reference."""
    if any(parent is note for parent in reference.parents) or not note.get_text().strip():
        return False
    is_known = note.name in {"li", "aside", "dd", "p"} or bool(
        set(note.get_attribute_list("class")) & {"footnote", "footnote-item"}
    )
    return is_known and (note.name == "aside" or bool(note.select_one(_BACK_LINKS)))


def _find_block(reference: Tag) -> Tag | None:
    """Return the outermost block around a reference that is not a division."""
    block: Tag | None = None
    for parent in reference.parents:
        if parent.name in _BLOCKS:
            break
        block = parent if parent.name not in _INLINE else block
    return block


def _build_paragraph(note: Tag, label: str) -> Tag:
    for mark in note.select(":scope > .label, :scope > .fn-bracket"):
        mark.extract()
    division = Tag(name="div")
    first = next((child for child in note.find_all("p", recursive=False)), None)
    (first or note).insert(0, NavigableString(f"[{label}] "))
    for child in list(note.contents):
        division.append(child.extract())
    return division


def mark_check_boxes(main: Tag) -> None:
    """Write the boxes of a list of tasks as people write them."""
    for box in main.select("li input[type=checkbox]"):
        if box.has_attr("disabled") or "task-list-item-checkbox" in box.get_attribute_list("class"):
            text = box.next_sibling
            space = "" if isinstance(text, NavigableString) and text[:1].isspace() else " "
            mark = "x" if box.has_attr("checked") else " "
            box.replace_with(NavigableString(f"[{mark}]{space}"))
