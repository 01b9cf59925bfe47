from __future__ import annotations

import pytest

from ingest.formats.html import convert_html_page

MATH = (
    "<math{}><semantics><mrow><mi>x</mi></mrow><annotation encoding='application/x-tex'>x^2"
    "</annotation></semantics></math>"
)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        (
            f"<b class=katex><i>{MATH.format('')}</i><i aria-hidden=true>x2</i></b>",
            "$x^2$",
        ),
        (f"<span class=katex-display><span class=katex>{MATH.format('')}</span></span>", "$$x^2$$"),
        (MATH.format(" display='block'"), "$$x^2$$"),
        ("<math alttext='x^2'><mi>x</mi></math>", "$x^2$"),
        ("<math><mi>x</mi><mo>+</mo><mi>y</mi></math>", "x+y"),
    ],
)
def test_a_formula_is_said_once(html: str, text: str):
    assert convert_html_page(f"<p>Take {html}.</p>")[1] == f"Take {text}."
