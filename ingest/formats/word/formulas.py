"""Formulas of Word as LaTeX."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from xml.etree.ElementTree import Element

_NEW_ROW = r" \\ "
_ACCENTS = {
    "\u0300": "grave",
    "\u0301": "acute",
    "\u0302": "hat",
    "\u0303": "tilde",
    "\u0304": "bar",
    "\u0305": "overline",
    "\u0306": "breve",
    "\u0307": "dot",
    "\u0308": "ddot",
    "\u030c": "check",
    "\u20d7": "vec",
}
# The signs look like letters, and some are letters of Greek.
_NAMES = """
∑ sum  ∏ prod  ∫ int  ∬ iint  ∮ oint  ⋃ bigcup  ⋂ bigcap  ∞ infty  ≤ le  ≥ ge  ≠ ne
≈ approx  ≡ equiv  ± pm  × times  ⋅ cdot  · cdot  ÷ div  → to  ← leftarrow  ⇒ Rightarrow
⇔ Leftrightarrow  ∈ in  ∉ notin  ⊂ subset  ⊆ subseteq  ∪ cup  ∩ cap  ∅ emptyset  ∀ forall
∃ exists  ¬ neg  ∧ land  ∨ lor  ∂ partial  ∇ nabla  … dots  ⋯ cdots  ∝ propto  ⟨ langle
⟩ rangle  ⌈ lceil  ⌉ rceil  ⌊ lfloor  ⌋ rfloor  α alpha  β beta  γ gamma  δ delta  ε epsilon
ζ zeta  η eta  θ theta  ι iota  κ kappa  λ lambda  μ mu  ν nu  ξ xi  π pi  ρ rho  σ sigma
τ tau  υ upsilon  φ phi  χ chi  ψ psi  ω omega  Γ Gamma  Δ Delta  Θ Theta  Λ Lambda  Ξ Xi
Π Pi  Σ Sigma  Φ Phi  Ψ Psi  Ω Omega
"""  # noqa: RUF001
_SIGNS = {
    **{sign: rf"\{name} " for sign, name in re.findall(r"(\S) (\w+)", _NAMES)},
    **{sign: rf"\{sign}" for sign in "{}%#&_$"},
    "\\": r"\backslash ",
    "\u2016": r"\|",
    "\u2212": "-",
}
"""LaTeX of signs."""

_FUNCTIONS = frozenset(
    re.findall(
        r"\w+",
        "arccos arcsin arctan cos cosh cot det exp gcd inf lim ln log max min sin sinh sup tan "
        "tanh",
    )
)


def render_formula(element: Element) -> str:
    """Render a formula, an element `m:oMath`, as LaTeX."""
    return " ".join(_render_children(element).split())


def _get_name(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _find(element: Element, name: str) -> Element | None:
    return next((child for child in element if _get_name(child) == name), None)


def _render(element: Element) -> str:
    name = _get_name(element)
    if name.endswith("Pr"):  # properties
        return ""
    renderer = _RENDERERS.get(name)
    if renderer:
        return renderer(element)
    return _escape(element.text or "") if name == "t" else _render_children(element)


def _render_children(element: Element) -> str:
    return "".join(map(_render, element))


def _escape(text: str) -> str:
    """Return text with LaTeX's names of its signs."""
    return "".join(_SIGNS.get(sign, sign) for sign in text)


def _render_part(element: Element, name: str) -> str:
    child = _find(element, name)
    return _render_children(child).strip() if child is not None else ""


def _get_property(element: Element, name: str, default: str) -> str:
    """Return a property of an element, such as its sign."""
    for properties in element:
        if _get_name(properties).endswith("Pr"):
            child = _find(properties, name)
            if child is not None:
                values = [v for key, v in child.attrib.items() if key.rpartition("}")[2] == "val"]
                return values[0] if values else ""
    return default


def _render_fraction(element: Element) -> str:
    top, bottom = _render_part(element, "num"), _render_part(element, "den")
    if _get_property(element, "type", "bar") == "noBar":
        return rf"\binom{{{top}}}{{{bottom}}}"
    return rf"\frac{{{top}}}{{{bottom}}}"


def _render_root(element: Element) -> str:
    degree = _render_part(element, "deg")
    return rf"\sqrt{f'[{degree}]' if degree else ''}{{{_render_part(element, 'e')}}}"


def _render_scripts(element: Element) -> str:
    base = _render_part(element, "e")
    base = base if len(base) == 1 or base.startswith("\\") else f"{{{base}}}"
    marks = "".join(
        f"{mark}{{{part}}}"
        for mark, name in (("_", "sub"), ("^", "sup"))
        if (part := _render_part(element, name))
    )
    return f"{{}}{marks}{base}" if _get_name(element) == "sPre" else f"{base}{marks}"


def _render_nary(element: Element) -> str:
    sign = _escape(_get_property(element, "chr", "∫")).strip()
    lower, upper = _render_part(element, "sub"), _render_part(element, "sup")
    limits = (f"_{{{lower}}}" if lower else "") + (f"^{{{upper}}}" if upper else "")
    return f"{sign}{limits} {_render_part(element, 'e')}"


def _render_delimiters(element: Element) -> str:
    opening = _escape(_get_property(element, "begChr", "(")).strip() or "."
    closing = _escape(_get_property(element, "endChr", ")")).strip() or "."
    separator = _escape(_get_property(element, "sepChr", "|")).strip()
    parts = [_render_children(child).strip() for child in element if _get_name(child) == "e"]
    return rf"\left{opening} {f' {separator} '.join(parts)} \right{closing}"


def _render_matrix(element: Element) -> str:
    rows = (
        " & ".join(_render_children(cell).strip() for cell in row if _get_name(cell) == "e")
        for row in element
        if _get_name(row) == "mr"
    )
    return rf"\begin{{matrix}} {_NEW_ROW.join(rows)} \end{{matrix}}"


def _render_equations(element: Element) -> str:
    rows = (_render_children(child).strip() for child in element if _get_name(child) == "e")
    return rf"\begin{{aligned}} {_NEW_ROW.join(rows)} \end{{aligned}}"


def _render_function(element: Element) -> str:
    name = _render_part(element, "fName")
    name = rf"\{name}" if name in _FUNCTIONS else name
    return f"{name} {_render_part(element, 'e')}"


def _render_limit(element: Element) -> str:
    base = _render_part(element, "e")
    base = rf"\{base}" if base in _FUNCTIONS else base
    mark = "_" if _get_name(element) == "limLow" else "^"
    return f"{base}{mark}{{{_render_part(element, 'lim')}}}"


def _render_accent(element: Element) -> str:
    name = _ACCENTS.get(_get_property(element, "chr", "\u0302"), "hat")
    return rf"\{name}{{{_render_part(element, 'e')}}}"


def _render_bar(element: Element) -> str:
    name = "overline" if _get_property(element, "pos", "bot") == "top" else "underline"
    return rf"\{name}{{{_render_part(element, 'e')}}}"


def _render_group(element: Element) -> str:
    name = "overbrace" if _get_property(element, "pos", "bot") == "top" else "underbrace"
    return rf"\{name}{{{_render_part(element, 'e')}}}"


def _render_box(element: Element) -> str:
    return rf"\boxed{{{_render_part(element, 'e')}}}"


_RENDERERS: Mapping[str, Callable[[Element], str]] = {
    "acc": _render_accent,
    "bar": _render_bar,
    "borderBox": _render_box,
    "d": _render_delimiters,
    "eqArr": _render_equations,
    "f": _render_fraction,
    "func": _render_function,
    "groupChr": _render_group,
    "limLow": _render_limit,
    "limUpp": _render_limit,
    "m": _render_matrix,
    "nary": _render_nary,
    "rad": _render_root,
    "sPre": _render_scripts,
    "sSub": _render_scripts,
    "sSubSup": _render_scripts,
    "sSup": _render_scripts,
}
