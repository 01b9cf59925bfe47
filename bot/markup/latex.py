r"""Formulas for Slack, which shows no LaTeX: `\alpha \le x^2` becomes `α ≤ x²`, as code."""

# ruff: noqa: RUF001, RUF002  (Greek letters and signs)

from __future__ import annotations

import re
from collections.abc import Iterator

from rag_core.generation.text.code_splitter import TextPart

# A formula: displayed between $$ or \[ \], inline between $ or \( \). A dollar before a digit or
# a space is money or a shell's prompt, one behind a sign such as + or ) ends a regular expression.
# A formula has at most 1,000 characters: otherwise each opener without an end would scan to the
# end of the text.
_FORMULA = re.compile(
    r"\$\$(?P<dollars>(?:(?!\$\$|\n[ \t>]*\n).){1,1000})\$\$(?!\w)"
    r"|(?<![\w\\])\\\[(?P<brackets>(?:(?!\\\]|\n[ \t>]*\n).){1,1000})\\\](?![*+?{\w])"
    r"|(?<![\w\\/'\"|.*^])\\\((?P<parens>(?:(?!\\\)|\n[ \t>]*\n).){1,1000})"
    r"\\\)(?![*+?{\w/|$\"]|\\[\d|.])"
    r"|(?<![\\$\w+?^\])}./;:=<>&%#@!-])\$(?P<dollar>(?![\s\d$])"
    r"(?:(?!\n[ \t>]*\n)[^$`]){0,1000}(?<![\s\\]))\$(?![\w$({])",
    re.DOTALL,
)
_OPEN = re.compile(r"\$|(?<!\\)\\(?:[(\[]|\Z)")
_LONGEST = 1_010
_PARAGRAPH = re.compile(r"\n[ \t>]*\n")
_QUOTED = re.compile(r"[ \t]*>[ \t>]*")
_FOLLOWED = re.compile(r"[ \t]*[^ \t]")
_LINE_REST = re.compile(r"[ \t]*(?:\n|\Z)")

# What only a formula has: an operation with both its operands.
_OPERATION = re.compile(
    r"[\w)\]}'|]\s*(?:[=<>+*/^_≤≥]|<=|>=|!=|==| - )\s*[\w({\[\\|-]|\A\s*\|\w+\|\s*\Z"
)
# What a formula in escaped square brackets has, unless it is in lines of its own: otherwise
# Markdown's escaped brackets hold options and values.
_SCRIPTED = re.compile(r"(?:(?<![A-Za-z0-9])[A-Za-z]|[)}\]])[\^_](?:\{|[A-Za-z0-9](?![A-Za-z0-9]))")
# A letter, letters, a function, a difference: a formula too, but not in escaped brackets.
_TERM = re.compile(
    r"\A\s*(?:\\?[A-Za-z]'?|[A-Za-z]\d|\d*[A-Za-z]|[A-Za-z]\s*-\s*\d+|[A-Za-z](?:,\s*[A-Za-z])+"
    r"|[A-Za-z]\([^()]*\))\s*\Z"
)
_UNKNOWN_COMMAND = re.compile(r"(?<![:\\\w])\\[A-Za-z]{3,}|\\\{")
_NUMBER = re.compile(r"\A\s*\d[\d.,]*\s*%?\Z")
# What a regular expression, a path or a program has.
_NO_MATHS = re.compile(
    r"\\[dwsbDWSB](?![A-Za-z])|\.[*+]|\[\^|\(\?|[a-z]-z|[A-Z]-Z|0-9|://|&&|--|\$\{|[;\"`]|\b\w+=['\"]"
    r"|\A\s*[{/]|/\s*\Z|\w/\w+/|\w\w \w\w+ \w\w"
    r"|\A[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\Z"
)

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
_COMMANDS = frozenset(_SIGNS) | frozenset(
    re.findall(
        r"\w+",
        "text mathrm mathbf mathit mathcal mathbb boldsymbol operatorname left right displaystyle "
        "frac dfrac tfrac sqrt log ln exp sin cos tan min max arg argmax argmin lim mod det dim "
        "hat bar vec tilde overline underline begin end quad qquad binom prime circ star ast oplus "
        "otimes perp parallel propto triangle angle lVert rVert lvert rvert",
    )
)
_STYLE = re.compile(
    r"\\(?:text|mathrm|mathbf|mathit|mathcal|mathbb|boldsymbol|operatorname)\s*\{([^{}]*)\}"
)
_SIZE = re.compile(r"\\(?:(?:left|right|displaystyle|big|Big)(?![A-Za-z])|[,;:!])")
_FRACTION = re.compile(r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}")
_ROOT = re.compile(r"\\sqrt\s*\{([^{}]*)\}")
_RAISED = str.maketrans("0123456789+-=()niT", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱᵀ")
_LOWERED = str.maketrans("0123456789+-=()aeijknmox", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑᵢⱼₖₙₘₒₓ")
_SCRIPT = re.compile(r"([\^_])(?:\{([^{}]*)\}|([A-Za-z0-9]))")


def split_formulas(prose: str, *, last: bool = True) -> Iterator[TextPart]:
    """Yield prose and, as code, its formulas in Unicode.

    With `last` false, the prose is the beginning of a longer one: what more text can change is left
    out, so that the result is the beginning of the final result.
    """
    at = done = 0
    while opener := _OPEN.search(prose, at):
        match = _FORMULA.match(prose, opener.start())
        is_decided = last or (_is_followed(match) if match else not _can_go_on(prose, opener))
        if not is_decided:
            yield prose[done : opener.start()], False
            return
        at = match.end() if match else opener.end()
        if match and (formula := _render_formula(match)):
            yield prose[done : match.start()], False
            yield formula, True
            done = at
    yield prose[done:], False


def _can_go_on(prose: str, opener: re.Match[str]) -> bool:
    """Return True if a formula that begins here may end later."""
    is_near = len(prose) - opener.start() <= _LONGEST
    return is_near and not _PARAGRAPH.search(prose, opener.start())


def _is_followed(match: re.Match[str]) -> bool:
    """Return True if the text behind a formula tells what it is."""
    return _FOLLOWED.match(match.string, match.end()) is not None


def _render_formula(match: re.Match[str]) -> str:
    """Return a formula as code; '' if it is none."""
    formula = next(group for group in match.groups() if group is not None)
    line = match.string[match.string.rfind("\n", 0, match.start()) + 1 : match.start()]
    quote = _QUOTED.match(line)
    if quote:  # each line of a quotation has its mark
        formula = re.sub(r"\n[ \t>]*", "\n", formula)
    if not _is_formula(formula, match.lastgroup or ""):
        return ""
    is_display = match.lastgroup in {"dollars", "brackets"}
    if is_display and not line.strip(" \t>") and _LINE_REST.match(match.string, match.end()):
        # A fence keeps its place in a list or a quotation.
        body = convert_to_unicode(formula).replace("\n", f"\n{line}")
        return f"\n{line}```\n{line}{body}\n{line}```" + ("" if quote else "\n")
    inline = " ".join(convert_to_unicode(formula).split())
    # A bar in a row of a table would end the cell.
    return f"`{inline.replace('|', '∣') if '|' in line else inline}`"


def _is_formula(formula: str, kind: str) -> bool:
    """Return True if a text between signs of a formula is one."""
    if any(command in _COMMANDS for command in _COMMAND.findall(formula)):
        return "`" not in formula
    if _NO_MATHS.search(formula):
        return False
    if kind == "brackets" and not (_SCRIPTED.search(formula) or formula.startswith("\n")):
        return False
    is_number = kind == "parens" and _NUMBER.match(formula)
    is_command = kind.startswith("dollar") and _UNKNOWN_COMMAND.search(formula)
    is_term = kind != "brackets" and _TERM.match(formula)
    return bool(is_number or is_command or is_term or _OPERATION.search(formula))


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
