"""One thing is not several."""

import pytest

from rag_core.english import format_count


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 pages"),
        (1, "1 page"),
        (2, "2 pages"),
        (5, "5 pages"),
        (21, "21 pages"),
        (1205, "1,205 pages"),
    ],
)
def test_a_count_agrees_with_its_noun(number: int, text: str):
    assert format_count(number, "page") == text


def test_a_noun_may_have_a_plural_of_its_own():
    assert format_count(1, "address", "addresses") == "1 address"
    assert format_count(3, "address", "addresses") == "3 addresses"
