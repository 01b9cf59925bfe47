"""Tables: a message each, or as code."""

import pytest

from bot.markup.tables import flatten_tables, split_at_tables
from tests import live_links

TABLE = "| Name | Port |\n|---|---|\n| proxy | 19530 |"


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_each_part_has_one_table_at_most_and_nothing_is_lost(count: int):
    text = "\n\n".join(f"Text {n}.\n\n{TABLE}" for n in range(count)) + "\n\nThe end."
    parts = split_at_tables(text)
    assert len(parts) == max(1, count)
    assert "\n".join(parts).split() == text.split()
    assert all(part.count("|---|") <= 1 for part in parts)


def test_a_table_in_code_is_none():
    text = f"```\n{TABLE}\n```\n\n```\n{TABLE}\n```"
    assert split_at_tables(text) == [text]
    assert flatten_tables(text) == text


def test_a_flat_table_has_columns_and_the_rest_stays():
    flat = flatten_tables(f"**Ports**\n\n{TABLE}\n\nThe *end*.")
    assert flat == ("**Ports**\n\n```\nName   Port\n-----  -----\nproxy  19530\n```\n\nThe *end*.")


@pytest.mark.parametrize("ticks", [3, 4, 7])
def test_nothing_in_a_flat_table_ends_its_code(ticks: int):
    row = f"| {'`' * ticks} |\n| `https://evil.test` |"
    flat = flatten_tables(f"| a |\n|---|\n{row}\n\nThe end.")
    assert live_links.find_bare_addresses(flat) == []
    assert flat.endswith(f"\n{'`' * (ticks + 1)}\n\nThe end.")
