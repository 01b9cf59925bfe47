from __future__ import annotations

import pytest

from ingest.formats.html import convert_html_page


def convert(html: str) -> str:
    return convert_html_page(html)[1]


def test_values_that_span_rows_do_not_shift_the_others():
    assert convert(
        "<table><tr><th>Plan</th><th>Region</th><th>Mails</th></tr>"
        "<tr><td rowspan=2>Free</td><td>EU</td><td>100</td></tr><tr><td>US</td><td>200</td></tr>"
        "<tr><td>Pro</td><td></td><td>900</td></tr></table>"
    ).split("\n")[2:] == ["| Free | EU | 100 |", "| Free | US | 200 |", "| Pro | | 900 |"]


def test_a_span_of_zero_rows_ends_with_its_part_of_the_table():
    assert (
        convert(
            "<table><tfoot><tr><td>sum<td>3</tfoot><thead><tr><th>a<th>b</thead>"
            "<tbody><tr><td rowspan=0>x<td>1<tr><td>2</tbody><tbody><tr><td>y<td>0</tbody></table>"
        )
        == "| a | b |\n| --- | --- |\n| x | 1 |\n| x | 2 |\n| y | 0 |\n| sum | 3 |"
    )


def test_a_head_of_two_rows():
    html = (
        "<table><caption>Limits a day</caption><thead>"
        "<tr><th rowspan=2>Plan<th colspan=2>Mails</tr><tr><th>EU<th>US</tr></thead>"
        "<tbody><tr><th>Free</th><td colspan=2>5</td></tr></tbody></table>"
    )
    assert convert(html) == (
        "Limits a day\n\n| Plan | Mails / EU | Mails / US |\n| --- | --- | --- |\n| Free | 5 | 5 |"
    )


def test_names_of_rows_are_no_head():
    assert convert(
        "<table><tr><th>Host</th><td>a</td></tr><tr><th>Port</th><td>1</td></tr></table>"
    ) == ("| | |\n| --- | --- |\n| Host | a |\n| Port | 1 |")


def test_headings_lists_and_code_in_cells_stay_in_a_table():
    assert convert(
        "<table><tr><th>Step</th><th>How</th></tr>"
        "<tr><td><h3 id=x>One</h3></td><td><ul><li>a</li><li>b<ul><li>c</li></ul></li></ul></td>"
        "<tr><td><p>Two</p><p>then</p></td><td><pre>x = 1\n  `y`\n</pre>or<br>so</td></tr></table>"
    ) == (
        "| Step | How |\n| --- | --- |\n| **One** | a; b; c |\n"
        "| Two then | `x = 1` `` `y` `` or so |"
    ).replace("`` `y`", "``   `y`")


def test_a_table_in_a_cell():
    assert (
        convert(
            "<table><tr><th>Role</th><th>Rights</th></tr><tr><td>admin</td><td><table>"
            "<tr><td>read</td><td>yes</td></tr><tr><td>write</td><td>yes</td></tr></table></table>"
        )
        == "| Role | Rights |\n| --- | --- |\n| admin | read, yes; write, yes |"
    )


@pytest.mark.parametrize(
    "html",
    [
        "<table role=presentation><tr><td>a</td><td>b</td></tr></table>",
        "<table><tr><td><h2>a</h2></td></tr><tr><td><p>b</p></td></tr></table>",
        "<table><tr><td><ul><li>a</li></ul></td><td>b</td></tr></table>",
        "<table><tr><td>a</td><td><table><tr><td>b</td></tr></table></td></tr><tr><td>c</table>",
    ],
)
def test_a_table_for_the_layout_is_flattened(html: str):
    text = convert(html)
    assert "---" not in text.replace("| b |\n| --- |", "")
    assert {"a", "b"} <= set(text.split())


@pytest.mark.parametrize("span", ["-1", "x", "", "0", "1e9", "99999999"])
def test_a_span_that_is_no_number_is_one(span: str):
    html = f"<table><tr><td colspan='{span}'>a<td>b<tr><td>c<td>d</table>"
    assert convert(html) == "| a | b |\n| --- | --- |\n| c | d |"


def test_spans_of_jsx_are_read():
    html = "<table><tr><td>k<td>v<td>w<tr><td rowSpan={2}>a<td colSpan={2}>b<tr><td>c<td>d</table>"
    assert convert(html).split("\n")[2:] == ["| a | b | b |", "| a | c | d |"]


def test_cells_without_a_table_keep_their_text():
    assert convert("<tr><td>a</td><td>b</td></tr>").split() == ["a", "b"]
