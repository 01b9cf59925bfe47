from __future__ import annotations

import pytest

from ingest.formats.asciidoc.attributes import Attributes
from ingest.formats.asciidoc.inline import MAX_MARKED, InlineRenderer
from ingest.formats.asciidoc.references import References


def render(content: str) -> str:
    attributes = Attributes()
    references = References(attributes)
    return references.resolve(InlineRenderer(attributes, references).render(content))


CASES = {
    "*a* _b_ `c` #d#": "<strong>a</strong> <em>b</em> <code>c</code> d",
    "H~2~O x^2^": "H<sub>2</sub>O x<sup>2</sup>",
    "**a**b __c__d ``e``f": "<strong>a</strong>b <em>c</em>d <code>e</code>f",
    "2 * 3 * 4, a_b_c, \\*no*": "2 * 3 * 4, a_b_c, *no*",
    "[.role]#x# [line-through]*y*": "x <strong>y</strong>",
    "a < b & c": "a &lt; b &amp; c",
    "\"`a`\" '`b`' Bob's": "\u201ca\u201d \u2018b\u2019 Bob\u2019s",
    "a... (C) (TM) -> =>": "a\u2026\u200b \u00a9 \u2122 \u2192 \u21d2",
    "a -- b": "a\u2009\u2014\u2009b",
    "+*a*+ `+{b}+` +++<u>c</u>+++ ++<d>++": "*a* <code>{b}</code> <u>c</u> &lt;d&gt;",
    "pass:[<i>x</i>] pass:q[*y*]": "<i>x</i> <strong>y</strong>",
    "stem:[x_1 < 2] latexmath:[y]": "$x_1 &lt; 2$ $y$",
    "kbd:[Ctrl+C] btn:[OK] menu:File[Open > New]": "Ctrl+C OK File \u203a Open \u203a New",
    "image:a/b-c.png[] image:x.png[An x,20] icon:heart[]": "b c An x ",
    "https://a.co[A, b] https://a.co. (https://b.co)": (
        '<a href="https://a.co">A, b</a> <a href="https://a.co">https://a.co</a>. '
        '(<a href="https://b.co">https://b.co</a>)'
    ),
    'https://a.co[A^,role=x] link:f.zip["F, g"]': (
        '<a href="https://a.co">A</a> <a href="f.zip">F, g</a>'
    ),
    "<https://a.co> \\https://b.co": '<a href="https://a.co">https://a.co</a> https://b.co',
    "mailto:a@b.co[Us,Hi]": '<a href="mailto:a@b.co">Us</a>',
    "<<a,the A>> xref:b[B] <<c>>": "the A B [c]",
    "xref:p.adoc#s[P] xref:p.adoc[] xref:m:p.adoc[M]": (
        '<a href="p.adoc#s">P</a> <a href="p.adoc">p.adoc</a> <a href="m:p.adoc">M</a>'
    ),
    "a.footnote:[Note [1\\].] b.footnote:n[N] c.footnote:n[]": "a. (Note [1].) b. (N) c. (N)",
    "[[x]]a anchor:y[] ((t)) (((h, i))) indexterm:[z]": "a  t  ",
    "a +\nb": "a<br>b",
    "5{nbsp}EUR {two-colons} {none} \\{nbsp}": "5\u00a0EUR :: {none} {nbsp}",
    "{counter:n} {counter:n} {counter2:n}{counter:n}{set:a:v}{a}": "1 2 4v",
    "\ue0000\ue001": "0",
}


@pytest.mark.parametrize(("content", "expected"), CASES.items())
def test_text(content: str, expected: str):
    assert render(content) == expected


def test_marks_of_an_endless_paragraph_stay():
    assert render("*a* " * MAX_MARKED).startswith("*a* *a*")
