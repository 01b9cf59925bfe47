from __future__ import annotations

from xml.etree.ElementTree import fromstring

import pytest

from ingest.formats.word.formulas import render_formula

M = "http://schemas.openxmlformats.org/officeDocument/2006/math"


def r(text: str) -> str:
    return f"<m:r><m:t>{text}</m:t></m:r>"


def part(name: str, *content: str) -> str:
    return f"<m:{name}>{''.join(content)}</m:{name}>"


def value(name: str, text: str) -> str:
    return f'<m:{name} m:val="{text}"/>'


E = part("e", r("x"))
SUB, SUP = part("sub", r("i")), part("sup", r("2"))


@pytest.mark.parametrize(
    ("formula", "latex"),
    [
        (r("a≤β"), r"a\le \beta"),
        (part("f", part("num", r("1")), part("den", r("n"))), r"\frac{1}{n}"),
        (
            part(
                "f",
                part("fPr", value("type", "noBar")),
                part("num", r("n")),
                part("den", r("k")),
            ),
            r"\binom{n}{k}",
        ),
        (part("rad", part("deg"), E), r"\sqrt{x}"),
        (part("rad", part("deg", r("3")), E), r"\sqrt[3]{x}"),
        (part("sSup", E, SUP), "x^{2}"),
        (part("sSub", part("e", r("xy")), SUB), "{xy}_{i}"),
        (part("sSubSup", E, SUB, SUP), "x_{i}^{2}"),
        (part("sPre", SUB, SUP, E), "{}_{i}^{2}x"),
        (part("nary", part("naryPr", value("chr", "∑")), SUB, SUP, E), r"\sum_{i}^{2} x"),
        (part("nary", SUB, part("sup"), E), r"\int_{i} x"),
        (part("d", E, E), r"\left( x | x \right)"),
        (
            part("d", part("dPr", value("begChr", "{"), value("endChr", "")), E),
            r"\left\{ x \right.",
        ),
        (
            part("m", part("mr", E, E), part("mr", E, E)),
            r"\begin{matrix} x & x \\ x & x \end{matrix}",
        ),
        (part("eqArr", E, E), r"\begin{aligned} x \\ x \end{aligned}"),
        (part("func", part("fName", r("sin")), E), r"\sin x"),
        (
            part(
                "func", part("fName", part("limLow", part("e", r("lim")), part("lim", r("n"))), E)
            ),
            r"\lim_{n}",
        ),
        (part("acc", part("accPr", value("chr", "\u20d7")), E), r"\vec{x}"),
        (part("acc", E), r"\hat{x}"),
        (part("bar", part("barPr", value("pos", "top")), E), r"\overline{x}"),
        (part("groupChr", E), r"\underbrace{x}"),
        (part("borderBox", E), r"\boxed{x}"),
        (part("box", E), "x"),
    ],
)
def test_a_formula_is_latex(formula: str, latex: str):
    element = fromstring(f'<m:oMath xmlns:m="{M}">{formula}</m:oMath>')
    assert render_formula(element).startswith(latex)
