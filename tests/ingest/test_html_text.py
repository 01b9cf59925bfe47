from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.html_text import html_to_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>a</p><p>b</p>", "a\nb"),
        ("a<br/>b", "a\nb"),
        ("<ul><li>a</li><li>b</li></ul>", "- a\n- b"),
        ("<tr><td>a</td><td>b</td></tr>", "a | b"),
        ("1 &lt; 2 &amp; <code>x</code>", "1 < 2 & `x`"),
        ("<h2>A<button><svg><path d=''/></svg></button></h2><script>x()</script>b", "A\nb"),
        ("<![if x]> kept", "kept"),
        ("no tags", "no tags"),
        ("<pre>a\n  b</pre>", "a\n  b"),
    ],
)
def test_text(html: str, text: str):
    assert html_to_text(html).strip() == text


@settings(deadline=None, max_examples=100)
@given(st.text(st.sampled_from("<>/!-[]&;abtd =\"'\n"), max_size=80))
def test_any_html_can_be_read(html: str):
    html_to_text(html)
