"""Tabs of HTML pages: each panel begins with the name of its tab."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from itertools import islice

from bs4.element import Tag

_SETS = (
    ("[role=tablist]", "[role=tab]", "[role=tabpanel]"),
    (".tabbed-labels", "label", ".tabbed-block"),  # MkDocs Material
    (".vp-code-group > .tabs", "label", ".blocks > *"),  # VitePress
    (".nav-tabs:not([role=tablist])", "a, button", ".tab-pane"),  # Bootstrap
    (".tablist:not([role=tablist])", "li", ".tabpanel"),  # Antora
    (":not([role=tablist]):has(> [role=tab]:not(:only-child))", "[role=tab]", "[role=tabpanel]"),
    (".tabs:has(> button)", ":scope > button", ".tab-content, .tab-panel"),
)
"""Of each kind of tabs: the bar of names, a name in it, and the panels beside it."""

_SIMPLE = (
    (".tabbed-set", "label", ".tabbed-content"),  # MkDocs Material, before 2021
    (".sd-tab-set", ".sd-tab-label", ".sd-tab-content"),  # sphinx-design
    (".tab-set", ".tab-label", ".tab-content"),  # sphinx-inline-tabs
)
"""Tabs whose names stand between their panels."""

_MOST_BARS = 50  # in one element
_MOST_AROUND = 3  # elements around a bar that may hold its panels


def label_tab_panels(main: Tag) -> None:
    """Write the name of a tab above its panel.

    The bar of all names is dropped.
    """
    for bar_selector, name_selector, panel_selector in _SETS:
        bars = main.select(bar_selector)
        around = _list_ids_around(main.select(panel_selector)) if bars else set()
        holders = [_find_holder(bar, around) for bar in bars]
        shared = Counter(map(id, holders))
        for bar, holder in zip(bars, holders, strict=True):
            if holder is not None and shared[id(holder)] <= _MOST_BARS:
                panels = [
                    panel
                    for panel in holder.select(panel_selector)
                    if not _is_nested(panel, holder, shared)
                ]
                _label_panels(bar, bar.select(name_selector), panels)
    for selector, name_selector, panel_selector in _SIMPLE:
        for tabs in main.select(selector):
            for tab, panel in list(_match_tabs(tabs, name_selector, panel_selector)):
                _write_label(panel, _get_name(tab.extract()))


def _match_tabs(tabs: Tag, name_selector: str, panel_selector: str) -> Iterator[tuple[Tag, Tag]]:
    name: Tag | None = None
    for child in tabs.select(f":scope > {name_selector}, :scope > {panel_selector}"):
        if name is not None and child.css.match(panel_selector):
            yield name, child
            name = None
        elif child.css.match(name_selector):
            name = child


def _label_panels(bar: Tag, tabs: list[Tag], panels: list[Tag]) -> None:
    if len(panels) == 1:  # the others are loaded when they are opened
        tabs = [tab for tab in tabs if tab.get("aria-selected") == "true"] or tabs
    if len(tabs) > len(panels):
        return  # the names would be lost
    for tab, panel in zip(tabs, panels, strict=False):
        _write_label(panel, _get_name(tab))
    bar.extract()


def _list_ids_around(panels: list[Tag]) -> set[int]:
    """Return the ids of all elements that have panels in them."""
    return {id(parent) for panel in panels for parent in panel.parents}


def _find_holder(bar: Tag, around: AbstractSet[int]) -> Tag | None:
    """Return the element around a bar and its panels; None without one."""
    parents = islice(bar.parents, _MOST_AROUND)
    return next((parent for parent in parents if id(parent) in around), None)


def _is_nested(panel: Tag, holder: Tag | None, holders: Mapping[int, int]) -> bool:
    """Return whether a panel belongs to tabs inside of another panel."""
    for parent in panel.parents:
        if parent is holder:
            return False
        if id(parent) in holders:
            return True
    return False


def _get_name(tab: Tag) -> str:
    return " ".join(tab.get_text().split())


def _write_label(panel: Tag, name: str) -> None:
    label = Tag(name="p")
    label.append(f"{name}:")
    if panel.name == "pre" or panel.find("pre", recursive=False):
        panel.insert_before(label)  # the panel is the code
    else:
        panel.insert(0, label)
