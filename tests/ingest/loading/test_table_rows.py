from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.loading.table_rows import split_row


def count(text: str) -> int:
    return len(re.findall(r"\w+|[^\w\s]", text))


def split(text: str, room: int) -> Iterator[str]:
    words = text.split()
    yield from (" ".join(words[n : n + max(room, 1)]) for n in range(0, len(words), max(room, 1)))


def divide(row: str, fill: int) -> list[str]:
    return list(split_row(row, fill, count=count, split=split))


@pytest.mark.parametrize(
    ("row", "parts"),
    [
        ("| a | b c | d e f |", ["| a | b c |  |", "| a |  | d e f |"]),
        ("| a | b c d e f g |", ["| a | b c d e |", "| a | f g |"]),
        ("a | b c d e f", ["| a | b c d e |", "| a | f |"]),
        ("| a b c d | e f |", ["| a b c d |  |", "|  | e f |"]),
        ("| |  | b c d e |", ["|  |  | b c d e |"]),
        (r"| a \| b c d e f g |", [r"| a \| b c d e |", "| f g |"]),
    ],
)
def test_a_row_is_divided_by_cells(row: str, parts: list[str]):
    assert divide(row, 8) == parts


def test_a_row_of_too_many_columns_is_not():
    assert divide("| a" * 9 + " |", 8) == []


@given(
    cells=st.lists(st.lists(st.sampled_from("abcdef"), max_size=9), min_size=1, max_size=5),
    fill=st.integers(1, 40),
)
def test_every_word_stays_in_its_column(cells: list[list[str]], fill: int):
    rows = divide(f"| {' | '.join(map(' '.join, cells))} |", fill)
    divided = [[cell.split() for cell in row[1:-1].split("|")] for row in rows]
    assert all(len(row) == len(cells) for row in divided)
    for column, words in enumerate(cells[1:], 1):
        assert not rows or [word for row in divided for word in row[column]] == words
