"""Formulas of HTML pages, which say themselves several times: the LaTeX of one is kept."""

from __future__ import annotations

from bs4.element import NavigableString, Tag

_FORMULAS = "mjx-container, math, .katex-display, .katex, .mwe-math-element"
_SOURCE = "annotation[encoding='application/x-tex']"


def keep_formulas(main: Tag) -> None:
    """Replace each formula by its LaTeX, if the page has it.

    Without it, the text of MathML stays; what is only drawn goes.
    """
    for formula in main.select(_FORMULAS):
        if formula.parent is None or formula.find_parent(["math"]):
            continue
        if not any(parent is main for parent in formula.parents):
            continue  # in a formula that was replaced
        source = formula.select_one(_SOURCE)
        latex = source.get_text() if source else str(formula.get("alttext") or "")
        if latex.strip():
            is_block = "katex-display" in formula.get_attribute_list("class") or (
                "block" in {formula.get("display"), formula.get("data-display")}
                or formula.get("display") == "true"
            )
            mark = "$$" if is_block else "$"
            formula.replace_with(NavigableString(f"{mark}{' '.join(latex.split())}{mark}"))
