r"""Formulas for Slack, which shows no LaTeX: `\alpha \le x^2` becomes `α ≤ x²`, as code."""

# ruff: noqa: RUF001, RUF002  (Greek letters and signs)

from __future__ import annotations

import re

from rag_core.generation.code_splitter import CodeSplitter

# A formula: displayed between $$ or \[ \], inline between $ or \( \). A dollar before a digit or
# a space is money or a shell's prompt. A formula has at most 1,000 characters: otherwise each
# opener without an end would scan to the end of the text.
_FORMULA = re.compile(
    r"\$\$(?P<dollars>(?:(?!\$\$|\n[ \t]*\n).){1,1000})\$\$"
    r"|\\\[(?P<brackets>(?:(?!\\\]|\n[ \t]*\n).){1,1000})\\\]"
    r"|\\\((?P<parens>(?:(?!\\\)|\n[ \t]*\n).){1,1000})\\\)"
    r"|(?<![\\$\w])\$(?P<dollar>(?![\s\d$])(?:(?!\n[ \t]*\n)[^$`]){0,1000}(?<![\s\\]))"
    r"\$(?![\d\w$])",
    re.DOTALL,
)
_OPEN = re.compile(r"\$\$?(?![\s\d])|\\[(\[]|[\\$]\Z")
_PARAGRAPH = re.compile(r"\n[ \t]*\n")
_IS_MATHS = re.compile(r"[\\^_={}<>+*/|]|\A\s*[A-Za-z]'?\s*\Z")

_SIGNS = dict(
    re.findall(
        r"(\w+)=(\S+)",
        "alpha=α beta=β gamma=γ delta=δ epsilon=ε zeta=ζ eta=η theta=θ kappa=κ lambda=λ mu=μ nu=ν "
        "xi=ξ pi=π rho=ρ sigma=σ tau=τ phi=φ chi=χ psi=ψ omega=ω Gamma=Γ Delta=Δ Theta=Θ Lambda=Λ "
        "Pi=Π Sigma=Σ Phi=Φ Psi=Ψ Omega=Ω le=≤ leq=≤ ge=≥ geq=≥ ne=≠ neq=≠ approx=≈ equiv=≡ "
        "sim=∼ times=× cdot=· div=÷ pm=± infty=∞ sum=∑ prod=∏ int=∫ partial=∂ nabla=∇ in=∈ "
        "notin=∉ subset=⊂ subseteq=⊆ cup=∪ cap=∩ emptyset=∅ forall=∀ exists=∃ neg=¬ land=∧ lor=∨ "
        "to=→ rightarrow=→ leftarrow=← Rightarrow=⇒ mapsto=↦ ldots=… cdots=… dots=… ell=ℓ "
        "langle=⟨ rangle=⟩ lfloor=⌊ rfloor=⌋ lceil=⌈ rceil=⌉ mid=| Vert=‖ top=ᵀ",
    )
)
_COMMAND = re.compile(r"\\([A-Za-z]+)")
_STYLE = re.compile(
    r"\\(?:text|mathrm|mathbf|mathit|mathcal|mathbb|boldsymbol|operatorname)\s*\{([^{}]*)\}"
)
_SIZE = re.compile(r"\\(?:(?:left|right|displaystyle|big|Big)(?![A-Za-z])|[,;:!])")
_FRACTION = re.compile(r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}")
_ROOT = re.compile(r"\\sqrt\s*\{([^{}]*)\}")
_RAISED = str.maketrans("0123456789+-=()niT", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱᵀ")
_LOWERED = str.maketrans("0123456789+-=()aeijknmox", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑᵢⱼₖₙₘₒₓ")
_SCRIPT = re.compile(r"([\^_])(?:\{([^{}]*)\}|([A-Za-z0-9]))")


def render_formulas(text: str, *, last: bool = True) -> str:
    """Render the formulas of Markdown as Unicode in code; keep its code.

    With `last` false, the text is the beginning of a longer one, and the result is the beginning
    of the final result: an incomplete formula is left out.
    """
    if not re.search(r"[$\\]", text):
        return text
    parts: list[tuple[str, bool]] = []
    for part, is_code in CodeSplitter().feed(text, last=last):
        if parts and parts[-1][1] == is_code:
            parts[-1] = (parts[-1][0] + part, is_code)
        else:
            parts.append((part, is_code))
    rendered = [
        part if is_code else _FORMULA.sub(_replace_formula, part) for part, is_code in parts
    ]
    if not last and parts and not parts[-1][1]:
        rendered[-1] = _FORMULA.sub(_replace_formula, _cut_open_formula(parts[-1][0]))
    return "".join(rendered)


def _cut_open_formula(prose: str) -> str:
    """Cut prose before a formula that has not ended."""
    # No open formula reaches back past a complete one, or past the end of a paragraph.
    start = max((match.end() for match in _FORMULA.finditer(prose)), default=0)
    start = max(start, *(match.end() for match in _PARAGRAPH.finditer(prose)), 0)
    opener = _OPEN.search(prose, start)
    return prose[: opener.start()] if opener else prose


def _replace_formula(match: re.Match[str]) -> str:
    block = match["dollars"] or match["brackets"]
    if block is not None:
        return f"\n```\n{convert_to_unicode(block)}\n```\n"
    formula = match["parens"] or match["dollar"]
    if "`" in formula or (match["dollar"] and not _IS_MATHS.search(formula)):
        return match[0]
    return f"`{convert_to_unicode(formula)}`"


def convert_to_unicode(formula: str) -> str:
    """Convert a formula to Unicode; keep LaTeX that has no sign there."""
    converted = _SIZE.sub("", formula).replace(r"\|", "‖")
    for _ in range(3):  # commands nest in each other
        converted = _SCRIPT.sub(_replace_script, _STYLE.sub(r"\1", converted))
        converted = _FRACTION.sub(_replace_fraction, _ROOT.sub(r"√(\1)", converted))
    return _COMMAND.sub(lambda match: _SIGNS.get(match[1], match[0]), converted).strip()


def _replace_fraction(match: re.Match[str]) -> str:
    above, below = (part if len(part) == 1 else f"({part})" for part in match.groups())
    return f"{above}/{below}"


def _replace_script(match: re.Match[str]) -> str:
    table = _RAISED if match[1] == "^" else _LOWERED
    inside = match[2] if match[2] is not None else match[3]
    if inside and all(ord(character) in table for character in inside):
        return inside.translate(table)
    return match[0] if match[2] is None else f"{match[1]}({inside})"
