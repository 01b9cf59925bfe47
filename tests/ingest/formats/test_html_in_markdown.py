from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.formats.html_in_markdown import convert_html_block, convert_tables, extract_html_text
from tests.ingest.formats.reading import blocks, read


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
        ("<table><tr><th>a<th>b<tr><td>1</table>", "| a | b |\n| --- | --- |\n| 1 | |"),
        ("<p>a\n   b</p><table><tr><td>c", "a b\n\n| c |\n| --- |"),
        ("<ul><li>a</li><li>b</li></ul>", "- a\n- b"),
        ("<h2>A</h2><a href='b.md'>b</a> <a href='#c'>c</a>", "## A\n\n[b](b.md) c"),
    ],
)
def test_markdown(html: str, markdown: str):
    assert convert_html_block(html).strip() == markdown


@settings(deadline=None, max_examples=100)
@given(st.text(st.sampled_from("<>/!-[]&;abtdrhpe1 =\"'\n"), max_size=80))
def test_any_html_can_be_read(html: str):
    extract_html_text(html)
    convert_html_block(html)


TABLE = "<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>"
LINES = ["| a | b |", "| --- | --- |", "| 1 | 2 |"]


@pytest.mark.parametrize("before", ["", "> ", "- ", "1. ", "  ", "> - "])
def test_a_table_keeps_its_place_in_lists_and_quotations(before: str):
    inner = re.sub(r"[-1.]", " ", before)
    lines = [line for line in convert_tables(f"{before}{TABLE}").split("\n") if line.strip(" >")]
    assert lines == [before + LINES[0], inner + LINES[1], inner + LINES[2]]


def test_markdown_in_cells_is_read():
    html = (
        "Text.\n<table>\n<tr><th>Key</th>\n\n<th>**Use**</th></tr>\n<tr>\n<td rowspan=2>`List<T>`"
        "</td>\n<td>\n\n- a\n- [b](c.md)\n\n</td></tr>\n"
        "<tr><td>\n\n```js\nx<y\n\nz\n```\n\n</td></tr>\n</table>\nAfter."
    )
    document = read(html)
    assert [block.text for block in blocks(document)] == [
        "Text.",
        (
            "| Key | **Use** |\n| --- | --- |\n| `List<T>` | a; [b](https://example.com/docs/c) |\n"
            "| `List<T>` | `x<y` `z` |"
        ),
        "After.",
    ]


@pytest.mark.parametrize(
    "text",
    [
        f"```html\n{TABLE}\n```",
        f"`{TABLE}`",
        f"    {TABLE}",
        "an open <table> of text",
        "</table> <table",
        f"<!-- <table> -->{TABLE.replace('</table>', '')}",
    ],
)
def test_what_is_no_table_of_html_stays(text: str):
    assert convert_tables(text) == text


def test_tables_in_divisions_and_text():
    for around in ("<div>\n{}\n</div>", "Before {} after.", "<details><p>{}</p></details>"):
        found = read(around.format(TABLE))
        assert "\n".join(LINES) in [block.text for block in blocks(found) if block.kind == "table"]


@settings(deadline=None, max_examples=100)
@given(st.lists(st.sampled_from([TABLE, "<table>", "</table>", "a", "`", "\n", "> ", "- ", "```"])))
def test_any_markdown_with_tables_can_be_read(pieces: list[str]):
    read("".join(pieces))
