"""Tables are drawn where they fit, and are lists where they do not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.discord.content.box_tables import WIDEST
from bot.discord.content.dialect import render_markdown


def test_a_narrow_table_is_drawn():
    shown = render_markdown("| Name | Port |\n|---|---|\n| proxy | 19530 |\n| 日本 | |")
    assert shown == (
        "```\n"
        "┌───────┬───────┐\n"
        "│ Name  │ Port  │\n"
        "├───────┼───────┤\n"
        "│ proxy │ 19530 │\n"
        "│ 日本  │       │\n"
        "└───────┴───────┘\n"
        "```"
    )


def test_a_wide_table_is_a_list_with_the_header_before_each_cell():
    long = "x" * WIDEST
    shown = render_markdown(f"| **Name** | Use |\n|---|---|\n| a_b | {long} |\n| c | d |")
    assert shown == f"- **Name**: a_b\n  - Use: {long}\n- **Name**: c\n  - Use: d"


def test_a_table_with_a_link_is_a_list_because_code_has_none():
    shown = render_markdown("| Page |\n|---|\n| [a](https://a.b) |")
    assert shown == "- Page: [a](<https://a.b>)"


@pytest.mark.parametrize("header", ["| a | b |\n|---|---|", f"| a | {'b' * WIDEST} |\n|---|---|"])
def test_a_table_without_rows_shows_its_header(header: str):
    shown = render_markdown(header)
    assert "a" in shown
    assert "b" in shown


@given(
    st.integers(1, 5).flatmap(
        lambda columns: st.lists(
            st.lists(st.text("ab日é ", max_size=20), min_size=columns, max_size=columns),
            min_size=1,
            max_size=6,
        )
    )
)
def test_no_cell_is_lost(rows: list[list[str]]):
    rule = "|" + "---|" * len(rows[0])
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    shown = render_markdown("\n".join([lines[0], rule, *lines[1:]]))
    for cell in (cell for row in rows for cell in row):
        assert " ".join(cell.split()) in shown
