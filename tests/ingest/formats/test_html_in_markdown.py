from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.formats.html_in_markdown import convert_html_block, extract_html_text


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
    assert extract_html_text(html).strip() == text


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        ("<h2 id='x'>A <b>b</b></h2>text", "## A b {#x}\n\ntext"),
        ("<h2 id='x y'>A</h2>", "## A"),
        ("<pre><code class='language-js'>a\n <b>b</b></code></pre>", "```js\na\n b\n```"),
        ("<table><tr><th>a<th>b<tr><td>1</table>", "| a | b |\n| --- | --- |\n| 1 |  |"),
        ("<p>a\n   b</p><table><tr><td>c", "a b\n\n| c |\n| --- |"),
        ("<ul><li>a</li><li>b</li></ul>", "- a\n- b"),
    ],
)
def test_markdown(html: str, markdown: str):
    assert convert_html_block(html).strip() == markdown


@settings(deadline=None, max_examples=100)
@given(st.text(st.sampled_from("<>/!-[]&;abtdrhpe1 =\"'\n"), max_size=80))
def test_any_html_can_be_read(html: str):
    extract_html_text(html)
    convert_html_block(html)
